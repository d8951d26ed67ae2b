<?php
// One Set-Cookie line from the arguments of setcookie(), in PHP's own wording of it (RFC 6265 section 4.1).

declare(strict_types=1);

namespace FastFn\Worker;

final class Cookie
{
    /** @param array<string, mixed> $options the keys of setcookie()'s array. */
    public static function send(string $name, string $value, array $options): bool
    {
        $options = \array_change_key_case($options);
        $parts = [(string) ($options['path'] ?? ''), (string) ($options['domain'] ?? ''), (string) ($options['samesite'] ?? '')];
        $refused = ",; \t\r\n\013\014";
        if ($name === '' || \strpbrk($name, "=$refused") !== false || \strpbrk($value . \implode($parts), $refused) !== false) {
            \trigger_error('setcookie(): a character that a cookie cannot have', E_USER_WARNING);
            return false;
        }
        HttpHead::$current->take(\rtrim("Set-Cookie: $name=" . self::line($value, $options, $parts)), false, 0);
        return true;
    }

    private static function line(string $value, array $options, array $parts): string
    {
        [$path, $domain, $sameSite] = $parts;
        $expires = (int) ($options['expires'] ?? 0);
        // Without a value PHP deletes the cookie.
        $line = $value === '' ? 'deleted' . self::until(1, 0) : $value;
        if ($value !== '' && $expires > 0) {
            $line .= self::until($expires, \max(0, $expires - \time()));
        }
        return $line . ($path === '' ? '' : "; path=$path") . ($domain === '' ? '' : "; domain=$domain")
            . (empty($options['secure']) ? '' : '; secure') . (empty($options['httponly']) ? '' : '; HttpOnly')
            . ($sameSite === '' ? '' : "; SameSite=$sameSite");
    }

    private static function until(int $expires, int $seconds): string
    {
        return '; expires=' . \gmdate('D, d-M-Y H:i:s \G\M\T', $expires) . "; Max-Age=$seconds";
    }
}
