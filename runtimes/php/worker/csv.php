<?php
// A body of rows as CSV, for answers whose content type asks for it; the same text in every language.

declare(strict_types=1);

namespace FastFn\Worker;

final class Csv
{
    /** Lists are rows, maps are rows under a header row of the first one's keys; LF between rows. */
    public static function text(array|object $value): string
    {
        $items = \is_array($value) && Result::isList($value) ? $value : [$value];
        $first = $items[0] ?? null;
        if (!self::isMap($first)) {
            return \implode("\n", \array_map(
                static fn (mixed $item): string => self::line(\is_array($item) ? $item : [$item]),
                $items,
            ));
        }
        $names = \array_keys((array) $first);
        if ($names === []) {
            return '';
        }
        $lines = [self::line($names)];
        foreach ($items as $item) {
            $row = self::isMap($item) ? (array) $item : [];
            $lines[] = self::line(\array_map(static fn (int|string $name): mixed => $row[$name] ?? null, $names));
        }
        return \implode("\n", $lines);
    }

    private static function isMap(mixed $value): bool
    {
        return $value instanceof \stdClass || (\is_array($value) && !Result::isList($value));
    }

    private static function line(array $cells): string
    {
        return \implode(',', \array_map([self::class, 'cell'], $cells));
    }

    private static function cell(mixed $value): string
    {
        if ($value === null) {
            return '';
        }
        $text = \is_array($value) || \is_object($value) ? Text::json($value) : Headers::textOf($value);
        return \strpbrk($text, ",\"\r\n") === false ? $text : '"' . \str_replace('"', '""', $text) . '"';
    }
}
