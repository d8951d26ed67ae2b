<?php
// What a handler returned, echoed and set → one reply, by the shorthand that all languages share (invocation contract,
// section 9). Promises that what it lets through is accepted by the gateway; anything else is a ResultError, which is the
// handler's failure (HTTP 500).

declare(strict_types=1);

namespace FastFn\Worker;

/** A body in a coding that it is not in. Told apart, because it is the answer that is bad and not the call. */
final class UndecodableBody extends ResultError
{
}

/** An answer, ready to be sent. */
final class Reply
{
    /**
     * @param array<string, string|list<string>> $headers checked
     * @param string|\Iterator $body bytes, or pieces still to come
     * @param ?string $proxy JSON
     */
    public function __construct(
        public int $status,
        public array $headers,
        public string|\Iterator $body,
        public ?string $proxy = null,
    ) {
    }
}

final class Result
{
    private const JSON_TYPE = ['content-type' => 'application/json'];
    private const STATUS_KEYS = ['status' => 1, 'statusCode' => 1];
    private const CONTENT_KEYS = [
        'headers' => 1, 'body' => 1, 'body_base64' => 1, 'is_base64' => 1, 'isBase64Encoded' => 1, 'proxy' => 1,
    ];

    /** @param string $echoed stands before a text, and in the place of a body that is empty. */
    public static function toReply(mixed $result, string $echoed, HttpHead $head): Reply
    {
        $head->takeVariables();
        $result = $result instanceof \stdClass ? self::fieldsOf($result) : $result;
        if (\is_array($result) && self::isEnvelope($result)) {
            return self::fromEnvelope($result, $echoed, $head);
        }
        $lines = Headers::lines($head->headers());
        $status = $head->status === null ? 200 : self::checkedStatus($head->status);
        $stream = self::pieces($result);
        if ($stream !== null) {
            return new Reply($status, $lines, self::prefixed($echoed, $stream));
        }
        if (\is_array($result) || \is_object($result)) {
            return self::structured($status, $lines, $result, null);
        }
        if (\is_resource($result)) {
            throw new ResultError('handler response must not be a resource of type ' . \get_resource_type($result));
        }
        $text = $echoed . ($result === null ? '' : Headers::textOf($result));
        return new Reply($status, self::withDefault($lines, self::sniffed($text)), $text);
    }

    /** The type of a text that came without one; '' for no text. */
    public static function sniffed(string $text): string
    {
        if ($text === '' || self::isBinary($text)) {
            return $text === '' ? '' : 'application/octet-stream';
        }
        $isHtml = \preg_match('~^\s*<(?:!doctype html|html)|<body|</html>~i', $text) === 1;
        return $isHtml ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8';
    }

    public static function withDefault(array $lines, string $type): array
    {
        return $type === '' || Headers::contentType($lines) !== '' ? $lines : $lines + ['content-type' => $type];
    }

    public static function isList(array $value): bool
    {
        $next = 0;
        foreach ($value as $key => $_) {
            if ($key !== $next++) {
                return false;
            }
        }
        return true;
    }

    /** An object's public values; an empty one stays an object, which an array could not say. */
    private static function fieldsOf(\stdClass $result): array|\stdClass
    {
        $fields = \get_object_vars($result);
        return self::isEnvelope($fields) ? $fields : $result;
    }

    /**
     * `status` alone makes an answer only when it is an HTTP status, or when there is nothing else that it could be the
     * status of: `['status' => 'active']` and `['status' => 1, 'name' => 'x']` are data, `['status' => 600]` is a mistake.
     */
    private static function isEnvelope(array $result): bool
    {
        if (\array_intersect_key($result, self::CONTENT_KEYS) !== []) {
            return true;
        }
        if (!isset($result['status']) && !isset($result['statusCode'])) {
            return false;
        }
        $status = self::numberOf($result['status'] ?? $result['statusCode']);
        return $status !== null
            && (self::isHttpStatus($status) || \array_diff_key($result, self::STATUS_KEYS) === []);
    }

    private static function fromEnvelope(array $result, string $echoed, HttpHead $head): Reply
    {
        $status = self::checkedStatus($result['status'] ?? $result['statusCode'] ?? $head->status ?? 200);
        $written = self::asMap($result['headers'] ?? [], 'headers must be an object');
        $lines = Headers::lines(Headers::merged($head->headers(), $written));
        $proxy = null;
        if (isset($result['proxy'])) {
            $proxy = self::proxyOf(self::asMap($result['proxy'], 'proxy must be an object when provided'));
        }
        if ($result['is_base64'] ?? $result['isBase64Encoded'] ?? false) {
            return new Reply($status, $lines, self::decoded($result), $proxy);
        }
        $body = $result['body'] ?? '';
        $stream = self::pieces($body);
        if ($stream !== null) {
            return new Reply($status, $lines, self::prefixed($echoed, $stream), $proxy);
        }
        if (\is_array($body) || \is_object($body)) {
            return self::structured($status, $lines, $body, $proxy);
        }
        $text = Headers::textOf($body);
        $text = $text === '' ? $echoed : $text;
        $type = self::isBinary($text) ? 'application/octet-stream' : '';
        return new Reply($status, self::withDefault($lines, $type), $text, $proxy);
    }

    private static function structured(int $status, array $lines, array|object $body, ?string $proxy): Reply
    {
        if ($lines === []) {
            return new Reply($status, self::JSON_TYPE, Text::json($body), $proxy);
        }
        $text = \str_contains(Headers::contentType($lines), 'text/csv') ? Csv::text($body) : Text::json($body);
        return new Reply($status, self::withDefault($lines, 'application/json'), $text, $proxy);
    }

    /** An array with keys, an object of no class; the empty array is an empty map. */
    private static function asMap(mixed $value, string $refusal): array
    {
        $map = $value instanceof \stdClass ? \get_object_vars($value) : $value;
        if (!\is_array($map) || ($map !== [] && self::isList($map))) {
            throw new ResultError($refusal);
        }
        return $map;
    }

    /** An empty array would become a list in a place that wants an object. */
    private static function proxyOf(array $proxy): string
    {
        if (($proxy['headers'] ?? null) === []) {
            unset($proxy['headers']);
        }
        return Text::json((object) $proxy);
    }

    /** The pieces of a body that is not there as a whole: of a generator or iterator, or read from an open file. */
    public static function pieces(mixed $body): ?\Iterator
    {
        if ($body instanceof \Iterator && !$body instanceof \JsonSerializable) {
            return $body;
        }
        return \is_resource($body) && \get_resource_type($body) === 'stream' ? self::readPieces($body) : null;
    }

    /** @param resource $file */
    private static function readPieces($file): \Generator
    {
        while (!\feof($file)) {
            $piece = \fread($file, Limits::MAX_CHUNK_BYTES);
            if ($piece === false) {
                throw new ResultError('cannot read the stream that the handler returned');
            }
            yield $piece;
        }
    }

    private static function prefixed(string $echoed, \Iterator $stream): \Iterator
    {
        if ($echoed === '') {
            return $stream;
        }
        return (static function () use ($echoed, $stream): \Generator {
            yield $echoed;
            foreach ($stream as $piece) {
                yield $piece;
            }
        })();
    }

    private static function decoded(array $result): string
    {
        $data = $result['body_base64'] ?? (isset($result['is_base64']) ? null : $result['body'] ?? null);
        if (!\is_string($data)) {
            throw new ResultError('body_base64 must be a non-empty string when is_base64=true');
        }
        // Both alphabets, with or without padding, like the other languages.
        $plain = \rtrim((string) \preg_replace('/\s+/', '', \strtr($data, '-_', '+/')), '=');
        $bytes = \strlen($plain) % 4 === 1 ? false : \base64_decode($plain, true);
        if ($bytes === false) {
            throw new UndecodableBody('invalid body_base64');
        }
        return $bytes;
    }

    private static function isBinary(string $text): bool
    {
        return \str_contains($text, "\0") || !Text::isUtf8($text);
    }

    private static function checkedStatus(mixed $status): int
    {
        $number = self::numberOf($status);
        if ($number === null || !self::isHttpStatus($number)) {
            throw new ResultError('status must be a valid HTTP code');
        }
        return (int) $number;
    }

    /** The number that a handler wrote, as a number or as text; null when it is neither. */
    private static function numberOf(mixed $status): int|float|null
    {
        if (\is_string($status)) {
            return \is_numeric(\trim($status)) ? \trim($status) + 0 : null;
        }
        return \is_int($status) || (\is_float($status) && !\is_nan($status)) ? $status : null;
    }

    private static function isHttpStatus(int|float $number): bool
    {
        return $number >= 100 && $number <= 599 && $number == (int) $number;
    }
}
