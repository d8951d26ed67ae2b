<?php
// Texts as the wire wants them: JSON that is compact with non-ASCII kept, UTF-8 that is checked, lengths in whole characters.

declare(strict_types=1);

namespace FastFn\Worker;

final class Text
{
    private const JSON = JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_LINE_TERMINATORS
        | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR;

    /** @throws \JsonException for what JSON cannot say: bytes that are no UTF-8, INF, an array that holds itself. */
    public static function json(mixed $value): string
    {
        return \json_encode($value, self::JSON);
    }

    /** JSON of a text for people: what is no UTF-8 in it becomes U+FFFD. */
    public static function quote(string $text): string
    {
        return \json_encode($text, self::JSON | JSON_INVALID_UTF8_SUBSTITUTE);
    }

    public static function isUtf8(string $bytes): bool
    {
        return \preg_match('//u', $bytes) === 1;
    }

    /** How many of the first `$most` bytes do not end inside a UTF-8 character. */
    public static function wholeCharacters(string $bytes, int $most): int
    {
        if (\strlen($bytes) <= $most) {
            $most = \strlen($bytes);
        } elseif ((\ord($bytes[$most]) & 0xC0) !== 0x80) {
            return $most;
        }
        for ($back = 1; $back <= 3 && $back <= $most; $back += 1) {
            $byte = \ord($bytes[$most - $back]);
            if ($byte >= 0xC0) {
                return self::characterBytes($byte) > $back ? $most - $back : $most;
            }
            if ($byte < 0x80) {
                break;
            }
        }
        return $most;
    }

    /** Keeps the beginning. */
    public static function cut(string $text, int $most): string
    {
        return \strlen($text) <= $most ? $text : \substr($text, 0, self::wholeCharacters($text, $most - 3)) . '...';
    }

    private static function characterBytes(int $first): int
    {
        return $first >= 0xF0 ? 4 : ($first >= 0xE0 ? 3 : 2);
    }
}
