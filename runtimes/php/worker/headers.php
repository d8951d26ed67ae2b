<?php
// Headers as lines that can be sent: text, checked, bounded. The gateway checks again; here a bad header is the handler's
// failure, with a message that names it.

declare(strict_types=1);

namespace FastFn\Worker;

/** The handler returned something that is no answer. */
class ResultError extends \Exception
{
}

final class Headers
{
    /** Functions mostly answer with the same headers again: what was given last, and what became of it. */
    private static ?array $lastGiven = null;
    private static array $lastLines = [];
    private static ?array $lastEncoded = null;
    private static string $lastBlock = '';

    /**
     * @param array<int|string, mixed> $headers name → text, or a list of texts for a repeated header; null is left out.
     * @return array<string, string|list<string>>
     */
    public static function lines(array $headers): array
    {
        if ($headers === [] || $headers === self::$lastGiven) {
            return $headers === [] ? [] : self::$lastLines;
        }
        $lines = [];
        foreach ($headers as $name => $value) {
            if (\is_array($value)) {
                $given = \array_filter($value, static fn (mixed $one): bool => $one !== null);
                $lines[$name] = \array_map([self::class, 'textOf'], \array_values($given));
            } elseif ($value !== null) {
                $lines[$name] = self::textOf($value);
            }
        }
        $checked = self::checked($lines);
        // Texts alone: an object is still the same object when its text has become another.
        if (\count(\array_filter($headers, 'is_string')) === \count($headers)) {
            [self::$lastGiven, self::$lastLines] = [$lines, $checked];
        }
        return $checked;
    }

    /** The JSON of checked headers. */
    public static function block(array $lines): string
    {
        if ($lines !== self::$lastEncoded) {
            // An array of no keys, or of numbers, would become a JSON list.
            self::$lastBlock = Text::json((object) $lines);
            self::$lastEncoded = $lines;
        }
        return self::$lastBlock;
    }

    /** The second over the first, whatever the case of their names. */
    public static function merged(array $first, array $second): array
    {
        if ($first === []) {
            return $second;
        }
        $names = \array_change_key_case($second);
        foreach ($first as $name => $value) {
            if (\array_key_exists(\strtolower((string) $name), $names)) {
                unset($first[$name]);
            }
        }
        return $first + $second;
    }

    /** In lower case; '' when there is none. */
    public static function contentType(array $lines): string
    {
        foreach ($lines as $name => $value) {
            if (\strtolower((string) $name) === 'content-type') {
                return \strtolower(\is_array($value) ? ($value[0] ?? '') : $value);
            }
        }
        return '';
    }

    /** Text as the other languages write it: true, not 1. */
    public static function textOf(mixed $value): string
    {
        if (\is_bool($value)) {
            return $value ? 'true' : 'false';
        }
        if (\is_scalar($value) || $value instanceof \Stringable) {
            return (string) $value;
        }
        throw new ResultError('cannot send a header value of type ' . \get_debug_type($value));
    }

    private static function checked(array $lines): array
    {
        $count = $total = 0;
        foreach ($lines as $name => $value) {
            $name = (string) $name;
            // RFC 9110 5.6.2 token.
            if (\preg_match('/^[!#$%&\'*+\-.^_`|~0-9A-Za-z]+$/D', $name) !== 1 || $name === '__proto__') {
                throw new ResultError('cannot send a header named ' . Text::quote($name));
            }
            $sendable = [];
            foreach ((array) $value as $line) {
                $sendable[] = self::sendable($name, $line);
                $count += 1;
                $total += \strlen($name) + \strlen($line);
            }
            $lines[$name] = \is_array($value) ? $sendable : $sendable[0];
        }
        if ($count > Limits::MAX_RESULT_HEADERS) {
            throw new ResultError("cannot send $count header lines: at most " . Limits::MAX_RESULT_HEADERS);
        }
        if ($total > Limits::MAX_HEADERS_TOTAL_BYTES) {
            throw new ResultError('cannot send headers over ' . Limits::MAX_HEADERS_TOTAL_BYTES . ' bytes');
        }
        return $lines;
    }

    /** RFC 9110 5.5: CR, LF and NUL would split the answer; beyond U+00FF nothing can be sent. */
    private static function sendable(string $name, string $line): string
    {
        if (\strlen($name) + \strlen($line) > Limits::MAX_HEADER_BYTES) {
            throw new ResultError("cannot send header $name: over " . Limits::MAX_HEADER_BYTES . ' bytes');
        }
        $text = Text::isUtf8($line) ? $line : self::fromLatin1($line);
        if (\preg_match('/^[\t\x20-\x7e\x{80}-\x{ff}]*$/uD', $text) !== 1) {
            throw new ResultError("cannot send header $name: a control or wide character in it");
        }
        return $text;
    }

    /** Bytes that are no UTF-8 go out as they are: one character each. */
    private static function fromLatin1(string $bytes): string
    {
        return (string) \preg_replace_callback('/[\x80-\xff]/', static function (array $found): string {
            $byte = \ord($found[0]);
            return \chr(0xC0 | ($byte >> 6)) . \chr(0x80 | ($byte & 0x3F));
        }, $bytes);
    }
}
