<?php
// Friendly errors in front of the jail: PHP's own open_basedir, in the words of the sandbox contract, section 6. The
// kernel's rules enforce. Functions that start processes are taken out by the interpreter's arguments (runtime.json).

declare(strict_types=1);

namespace FastFn\Worker;

final class Guard
{
    /** What the jail grants every worker of the host itself. */
    private const SYSTEM = [
        '/dev/null', '/dev/urandom', '/dev/random', '/dev/zero', '/usr/share/', '/usr/local/share/', '/etc/ssl/certs/',
        '/etc/ssl/cert.pem', '/etc/ssl/ca-bundle.pem', '/etc/pki/tls/certs/', '/etc/pki/ca-trust/',
        '/etc/ca-certificates/', '/etc/localtime', '/etc/timezone', '/etc/mime.types', '/etc/hosts', '/etc/resolv.conf',
        '/usr/lib/', '/usr/lib64/', '/usr/local/lib/', '/lib/', '/lib64/', '/proc/cpuinfo', '/proc/meminfo', '/proc/stat',
    ];
    private const CERTIFICATES = ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'];
    /** They answer `false` for what is outside; programs look for optional files. */
    private const LOOKS = '/^(?:file_exists|is_[a-z]+|l?stat|realpath|file(?:mtime|atime|ctime|size|perms|type|owner))\(/';
    private const SUBPROCESS = [
        'exec', 'shell_exec', 'system', 'passthru', 'proc_open', 'popen', 'pcntl_exec', 'pcntl_fork', 'mail', 'dl',
    ];

    /** From here on until the end of the process: this setting can only be made tighter. */
    public static function install(array $load): void
    {
        $certificates = \array_filter(\array_map('getenv', self::CERTIFICATES));
        $paths = [$load['entry'], ...$load['readable'], ...$load['writable'], \dirname(__DIR__), ...$certificates];
        $own = \array_map([self::class, 'wholePath'], $paths);
        // A path with the separator in it cannot be said here: it stays refused.
        $all = \array_filter([...$own, ...self::SYSTEM], static fn (string $path): bool => !\str_contains($path, ':'));
        \ini_set('open_basedir', \implode(PATH_SEPARATOR, \array_unique($all)));
    }

    /** A warning as a handler's log should have it; null when it is not worth a line. */
    public static function wordsOf(string $warning): ?string
    {
        $found = [];
        $pattern = '/open_basedir restriction in effect\. File\((.*)\) is not within the allowed path\(s\): /s';
        if (\preg_match($pattern, $warning, $found, PREG_OFFSET_CAPTURE) !== 1) {
            return $warning;
        }
        $before = \substr($warning, 0, $found[0][1]);
        return \preg_match(self::LOOKS, $before) === 1
            ? null
            : "{$before}path outside strict function sandbox: {$found[1][0]}";
    }

    /** PHP calls a function that was taken out undefined. */
    public static function wordsOfError(string $error): string
    {
        $found = [];
        $taken = \preg_match('/^Call to undefined function (?:.*\\\\)?(\w+)\(\)$/D', $error, $found) === 1
            && \in_array(\strtolower($found[1]), self::SUBPROCESS, true);
        return $taken ? "subprocess disabled by strict function sandbox: {$found[1]}()" : $error;
    }

    /** Without the slash a folder's name would also grant its longer neighbours. */
    private static function wholePath(string $path): string
    {
        return \is_dir($path) && !\str_ends_with($path, '/') ? "$path/" : $path;
    }
}
