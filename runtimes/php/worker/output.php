<?php
// Everything that handlers print: `echo` is kept for the answer's body, the standard streams and warnings become log
// messages. Owns the outermost output buffer, STDOUT, STDERR and the error handler of the process.

declare(strict_types=1);

namespace FastFn\Worker;

final class Output
{
    private static Connection $connection;
    private static int $limit;
    private static Capture $outside;
    /** Of the invocation that runs: null until it prints. */
    private static ?Capture $current;
    private static int $id = 0;
    /** Echoed text that has left the outermost buffer. */
    private static string $echoed = '';

    /** @param int $limit captured bytes of one invocation. */
    public static function install(int $limit, Connection $connection): void
    {
        self::$limit = $limit;
        self::$connection = $connection;
        self::$outside = self::$current = new Capture(0, $limit, $connection);
        \stream_filter_register('fastfn.capture', CapturedStream::class);
        \stream_filter_append(STDOUT, 'fastfn.capture', STREAM_FILTER_WRITE, 'stdout');
        \stream_filter_append(STDERR, 'fastfn.capture', STREAM_FILTER_WRITE, 'stderr');
        // Not removable: scripts that end all buffers would print to the descriptor.
        \ob_start(\Closure::fromCallable([self::class, 'keep']), 0, PHP_OUTPUT_HANDLER_CLEANABLE | PHP_OUTPUT_HANDLER_FLUSHABLE);
        \set_error_handler(\Closure::fromCallable([self::class, 'warn']));
    }

    /** What is printed from now on belongs to the invocation. */
    public static function begin(int $id): void
    {
        self::$id = $id;
        self::$current = null;
    }

    /** Sends unfinished lines; what is printed from now on belongs to no invocation. */
    public static function end(): void
    {
        self::$current?->flush();
        self::$current = self::$outside;
    }

    public static function print(string $stream, string $data): void
    {
        self::$current ??= new Capture(self::$id, self::$limit, self::$connection);
        self::$current->add($stream, $data);
    }

    /** How many buffers handlers have opened. */
    public static function depth(): int
    {
        return \count(\ob_list_handlers()) - 1;
    }

    /** Closes the buffers that a handler left open, as the end of a script does. */
    public static function closeBuffers(): void
    {
        while (self::depth() > 0 && @\ob_end_flush()) {
            continue;
        }
    }

    /** The text echoed since the last time, now the caller's. */
    public static function takeEchoed(): string
    {
        if (\ob_get_length() > 0 && self::depth() === 0) {
            \ob_flush();
        }
        $text = self::$echoed;
        self::$echoed = '';
        return $text;
    }

    /** Output while nobody waits for an answer, for example of a file that is being loaded. */
    public static function logEchoed(): void
    {
        $text = self::takeEchoed();
        if ($text !== '') {
            self::print('stdout', $text);
        }
    }

    private static function keep(string $text, int $phase): string
    {
        if (($phase & PHP_OUTPUT_HANDLER_CLEAN) === 0) {
            self::$echoed .= $text;
        }
        return '';
    }

    /** Warnings are told, not thrown; `@` and error_reporting() are respected (invocation contract, 9.3). */
    private static function warn(int $severity, string $text, string $file, int $line): bool
    {
        if ((\error_reporting() & $severity) === 0) {
            return true;
        }
        if ($severity === E_USER_ERROR || $severity === E_RECOVERABLE_ERROR) {
            throw new \ErrorException($text, 0, $severity, $file, $line);
        }
        $told = Guard::wordsOf($text);
        if ($told !== null) {
            $place = \str_starts_with($file, __DIR__) ? self::userPlace() : "$file on line $line";
            self::print('stderr', 'PHP ' . self::label($severity) . ":  $told in $place\n");
        }
        return true;
    }

    /** Where user code called one of our functions. */
    private static function userPlace(): string
    {
        foreach (\debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS) as $frame) {
            if (isset($frame['file']) && !\str_starts_with($frame['file'], __DIR__)) {
                return "{$frame['file']} on line {$frame['line']}";
            }
        }
        return 'the worker';
    }

    private static function label(int $severity): string
    {
        return match ($severity) {
            E_NOTICE, E_USER_NOTICE => 'Notice',
            E_DEPRECATED, E_USER_DEPRECATED => 'Deprecated',
            default => 'Warning',
        };
    }
}
