<?php
// The messages that a worker sends, as frames; each text is cut to the maximum that the gateway accepts. The fields are
// those of src/protocol/messages.ts.

declare(strict_types=1);

namespace FastFn\Worker;

final class Message
{
    public static function ready(int $concurrency, string $version): string
    {
        $quoted = Text::quote($version);
        return Frame::pack("{\"type\":\"ready\",\"concurrency\":$concurrency,\"runtime_version\":$quoted}");
    }

    public static function loadFailed(string $error, string $detail): string
    {
        $line = \trim(\preg_replace('/\s+/', ' ', $error) ?? $error);
        return Frame::pack('{"type":"load_failed",' . self::texts($line, $detail) . '}');
    }

    public static function error(int $id, string $error, string $detail, bool $undecodable = false): string
    {
        $mark = $undecodable ? ',"undecodable":true' : '';
        return Frame::pack("{\"type\":\"error\",\"id\":$id," . self::texts($error, $detail) . $mark . '}');
    }

    public static function log(int $id, string $stream, string $text): string
    {
        return Frame::pack("{\"type\":\"log\",\"id\":$id,\"stream\":\"$stream\",\"text\":" . Text::quote($text) . '}');
    }

    public static function pong(int $n): string
    {
        return Frame::pack("{\"type\":\"pong\",\"n\":$n}");
    }

    public static function credit(int $id, int $bytes): string
    {
        return Frame::pack("{\"type\":\"credit\",\"id\":$id,\"bytes\":$bytes}");
    }

    /** `$body` is the JSON of a WireBody; the rest are plain values. ResultError when it fits no frame. */
    public static function result(int $id, int $status, array $headers, string $body, ?string $proxy = null): string
    {
        $lines = Headers::block($headers);
        $directive = $proxy === null ? '' : ",\"proxy\":$proxy";
        return Frame::pack(
            "{\"type\":\"result\",\"id\":$id,\"status\":$status,\"headers\":$lines,\"body\":$body$directive}",
        );
    }

    private static function texts(string $error, string $detail): string
    {
        return '"error":' . self::bounded($error) . ',"detail":' . self::bounded($detail);
    }

    /** Each byte that is no UTF-8 grows to three. */
    private static function bounded(string $text): string
    {
        $most = Limits::MAX_ERROR_TEXT_BYTES;
        $cut = Text::cut($text, $most);
        return Text::quote(Text::isUtf8($cut) ? $cut : Text::cut($text, \intdiv($most, 3)));
    }
}
