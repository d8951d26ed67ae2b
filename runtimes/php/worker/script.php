<?php
// A file without a handler: it runs at every call, what it echoes is the answer. Promises a scope of its own for each run,
// and that the functions and classes it declares do not get in the way of the next one.

declare(strict_types=1);

namespace FastFn\Worker;

final class Script
{
    private ?string $rerunText = null;
    private int $runs = 0;

    public function __construct(private string $path)
    {
    }

    /** @return mixed what the file returns; null where it returns nothing. */
    public function run(array $event): mixed
    {
        $this->runs += 1;
        if ($this->runs > 1) {
            $this->rerunText ??= (new SourceText((string) \file_get_contents($this->path)))->withoutDeclarations();
            RerunStream::offer($this->path, $this->rerunText);
        }
        $result = self::include($this->path, $event, $event['params'] ?? []);
        return $result === 1 ? null : $result;
    }

    /** Its variables are those that the script sees. */
    private static function include(string $__path, array $event, array $params): mixed
    {
        global $FASTFN_STATUS, $FASTFN_HEADERS;
        return include $__path;
    }
}

/** Gives one file another text, once; its name and folder stay what they are to the code inside. */
final class RerunStream
{
    /** @var resource|null set by PHP */
    public $context;
    private static string $path;
    private static string $offered;
    private string $text = '';
    private int $at = 0;

    public static function offer(string $path, string $text): void
    {
        self::$path = $path;
        self::$offered = $text;
        \stream_wrapper_unregister('file');
        \stream_wrapper_register('file', self::class);
    }

    public function stream_open(string $path): bool
    {
        \stream_wrapper_restore('file');
        $this->text = self::$offered;
        return $path === self::$path;
    }

    public function stream_read(int $count): string
    {
        $piece = \substr($this->text, $this->at, $count);
        $this->at += \strlen($piece);
        return $piece;
    }

    public function stream_eof(): bool
    {
        return $this->at >= \strlen($this->text);
    }

    public function stream_stat(): array
    {
        return ['size' => \strlen($this->text)];
    }

    public function stream_set_option(): bool
    {
        return false;
    }
}
