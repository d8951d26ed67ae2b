<?php
// What a failure of user code says: one text for the answer, a trace for the log. The worker's own frames are left out, and
// so are arguments: they hold what a request held.

declare(strict_types=1);

namespace FastFn\Worker;

final class Failure
{
    private const FATAL = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR | E_USER_ERROR | E_RECOVERABLE_ERROR;

    public static function frame(int $id, \Throwable $failure): string
    {
        return Message::error($id, self::text($failure), self::detail($failure), $failure instanceof UndecodableBody);
    }

    /** The message, or the class where that says nothing. */
    public static function text(\Throwable $failure): string
    {
        $text = Guard::wordsOfError($failure->getMessage());
        return $text === '' ? \get_class($failure) : $text;
    }

    /** One line for a file that could not be loaded; where it is no PHP, with the place relative to the function's folder. */
    public static function loadText(\Throwable $failure, string $root): string
    {
        if ($failure instanceof HandlerMissing) {
            return $failure->getMessage();
        }
        $text = \get_class($failure) . ': ' . self::text($failure);
        return $failure instanceof \CompileError
            ? $text . ' (' . self::within($failure->getFile(), $root) . ':' . $failure->getLine() . ')'
            : $text;
    }

    public static function detail(\Throwable $failure): string
    {
        $parts = [];
        for ($one = $failure; $one !== null; $one = $one->getPrevious()) {
            $place = "{$one->getFile()}:{$one->getLine()}";
            $parts[] = \get_class($one) . ": {$one->getMessage()} in $place" . self::trace($one);
        }
        return \implode("\ncaused by ", $parts);
    }

    /** @return ?array{string, string} text and detail of the error that ends the process, null where there is none. */
    public static function fatal(): ?array
    {
        $error = \error_get_last();
        if ($error === null || ($error['type'] & self::FATAL) === 0) {
            return null;
        }
        $lines = \explode("\n", $error['message'], 2);
        return [$lines[0], "{$error['message']} in {$error['file']}:{$error['line']}"];
    }

    private static function within(string $file, string $root): string
    {
        $folder = \rtrim($root, '/') . '/';
        return \str_starts_with($file, $folder) ? \substr($file, \strlen($folder)) : $file;
    }

    private static function trace(\Throwable $failure): string
    {
        $text = '';
        foreach ($failure->getTrace() as $frame) {
            $name = ($frame['class'] ?? '') . ($frame['type'] ?? '') . $frame['function'];
            $file = $frame['file'] ?? null;
            if (\str_starts_with($name, __NAMESPACE__) || ($file !== null && \str_starts_with($file, __DIR__))) {
                continue;
            }
            $text .= "\n    at $name()" . ($file === null ? '' : " ($file:" . ($frame['line'] ?? 0) . ')');
        }
        return $text;
    }
}
