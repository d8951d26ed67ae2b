<?php
// Handlers written for a `vendor` folder beside them require `__DIR__ . '/vendor/autoload.php'` themselves. While such a file is
// loaded, that one path stands for the installed autoloader; every other path is passed on to PHP's own file access as it is.
// Methods and their names: php.net, streamWrapper.

declare(strict_types=1);

namespace FastFn\Worker;

final class VendorAlias
{
    /** Path that the handler asks for → the installed file. @var array<string, string> */
    private static array $aliases = [];
    /** Set by PHP. @var resource|null */
    public $context;
    /** @var resource|null */
    private $handle;

    /** Notes which path is to be answered; nothing where the handler does not name it. */
    public static function prepare(array $homes, string $vendor, string $entry): void
    {
        $text = (string) @\file_get_contents($entry);
        if (!\str_contains($text, 'vendor/autoload.php')) {
            return;
        }
        foreach ($homes as $home) {
            if (!@\is_file("$home/vendor/autoload.php")) {
                self::$aliases["$home/vendor/autoload.php"] = "$vendor/autoload.php";
            }
        }
    }

    public static function begin(): void
    {
        if (self::$aliases !== []) {
            \stream_wrapper_unregister('file');
            \stream_wrapper_register('file', self::class);
        }
    }

    public static function end(): void
    {
        if (self::$aliases !== []) {
            \stream_wrapper_restore('file');
        }
    }

    /** Does something with PHP's own file access in force. */
    private static function plainly(callable $do): mixed
    {
        \stream_wrapper_restore('file');
        try {
            return $do();
        } finally {
            \stream_wrapper_unregister('file');
            \stream_wrapper_register('file', self::class);
        }
    }

    public function stream_open(string $path, string $mode, int $options, ?string &$opened): bool
    {
        if (isset(self::$aliases[$path])) {
            // Not the file itself: its `__DIR__` must be where its neighbours are.
            $this->handle = \fopen('php://memory', 'r+');
            \fwrite($this->handle, '<?php return require ' . \var_export(self::$aliases[$path], true) . ';');
            return \rewind($this->handle);
        }
        $args = $this->context === null ? [] : [$this->context];
        $useIncludePath = ($options & STREAM_USE_PATH) !== 0;
        $open = static fn () => \fopen($path, $mode, $useIncludePath, ...$args);
        $quiet = static fn () => @\fopen($path, $mode, $useIncludePath, ...$args);
        $handle = self::plainly(($options & STREAM_REPORT_ERRORS) !== 0 ? $open : $quiet);
        $this->handle = $handle === false ? null : $handle;
        return $this->handle !== null;
    }

    public function stream_read(int $count): string|false
    {
        return \fread($this->handle, $count);
    }

    public function stream_write(string $data): int
    {
        return (int) \fwrite($this->handle, $data);
    }

    public function stream_eof(): bool
    {
        return \feof($this->handle);
    }

    public function stream_tell(): int|false
    {
        return \ftell($this->handle);
    }

    public function stream_seek(int $offset, int $whence): bool
    {
        return \fseek($this->handle, $offset, $whence) === 0;
    }

    public function stream_flush(): bool
    {
        return \fflush($this->handle);
    }

    public function stream_stat(): array|false
    {
        return \fstat($this->handle);
    }

    public function stream_lock(int $operation): bool
    {
        return \flock($this->handle, $operation);
    }

    public function stream_truncate(int $size): bool
    {
        return \ftruncate($this->handle, $size);
    }

    /** @return resource */
    public function stream_cast(int $as)
    {
        return $this->handle;
    }

    public function stream_set_option(int $option, int $first, ?int $second): bool
    {
        return false;
    }

    public function stream_metadata(string $path, int $option, mixed $value): bool
    {
        return self::plainly(static fn (): bool => $option === STREAM_META_TOUCH && \touch($path, ...$value));
    }

    public function stream_close(): void
    {
        \fclose($this->handle);
    }

    public function url_stat(string $path, int $flags): array|false
    {
        $path = self::$aliases[$path] ?? $path;
        $isLink = ($flags & STREAM_URL_STAT_LINK) !== 0;
        return self::plainly(static fn () => $isLink ? @\lstat($path) : @\stat($path));
    }

    public function dir_opendir(string $path): bool
    {
        $handle = self::plainly(static fn () => \opendir($path));
        $this->handle = $handle === false ? null : $handle;
        return $this->handle !== null;
    }

    public function dir_readdir(): string|false
    {
        return \readdir($this->handle);
    }

    public function dir_rewinddir(): bool
    {
        \rewinddir($this->handle);
        return true;
    }

    public function dir_closedir(): bool
    {
        \closedir($this->handle);
        return true;
    }

    public function mkdir(string $path, int $mode, int $options): bool
    {
        $deep = ($options & STREAM_MKDIR_RECURSIVE) !== 0;
        return self::plainly(static fn (): bool => \mkdir($path, $mode, $deep));
    }

    public function rmdir(string $path): bool
    {
        return self::plainly(static fn (): bool => \rmdir($path));
    }

    public function rename(string $from, string $to): bool
    {
        return self::plainly(static fn (): bool => \rename($from, $to));
    }

    public function unlink(string $path): bool
    {
        return self::plainly(static fn (): bool => \unlink($path));
    }
}
