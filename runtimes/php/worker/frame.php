<?php
// Bytes on the connection and frames: 4-byte big-endian length, then a JSON message, a body chunk (0x01, u32 invocation id,
// bytes) or, to the gateway only, an answer (src/protocol/messages.ts). Promises that no length is believed unchecked; what a
// message says is left to others.

declare(strict_types=1);

namespace FastFn\Worker;

/** The gateway does not speak the protocol; the connection cannot be read any further. */
final class BadFrame extends \Exception
{
}

/** Some bytes of a request body; none = its end. */
final class Chunk
{
    public function __construct(public int $id, public string $data)
    {
    }
}

/** Takes bytes as they arrive, gives what they mean: an array for a message, a Chunk for a chunk. */
final class FrameReader
{
    private const TYPES = ['load' => 1, 'invoke' => 1, 'cancel' => 1, 'credit' => 1, 'ping' => 1];

    private string $input = '';
    private int $at = 0;

    public function feed(string $data): void
    {
        if ($this->at === \strlen($this->input)) {
            $this->input = $data;
            $this->at = 0;
            return;
        }
        if ($this->at > 0) {
            $this->input = \substr($this->input, $this->at);
            $this->at = 0;
        }
        $this->input .= $data;
    }

    /** The next whole item, or null when more bytes are needed. */
    public function next(): array|Chunk|null
    {
        $start = $this->at + 4;
        if (\strlen($this->input) < $start) {
            return null;
        }
        $length = \unpack('N', $this->input, $this->at)[1];
        if ($length < 1 || $length > Limits::MAX_FRAME_BYTES) {
            throw new BadFrame("frame of $length bytes, accepted: 1 to " . Limits::MAX_FRAME_BYTES);
        }
        if (\strlen($this->input) < $start + $length) {
            return null;
        }
        $payload = \substr($this->input, $start, $length);
        $this->at = $start + $length;
        return match ($payload[0]) {
            '{' => self::message($payload),
            "\x01" => self::chunk($payload),
            default => throw new BadFrame('payload starts with byte ' . \ord($payload[0])),
        };
    }

    private static function message(string $payload): array
    {
        try {
            $message = \json_decode($payload, true, 512, JSON_THROW_ON_ERROR);
        } catch (\JsonException $error) {
            throw new BadFrame('message is no JSON object in UTF-8: ' . $error->getMessage());
        }
        $type = $message['type'] ?? null;
        if (!\is_string($type) || !isset(self::TYPES[$type])) {
            throw new BadFrame('unknown message type');
        }
        return $message;
    }

    private static function chunk(string $payload): Chunk
    {
        $size = \strlen($payload) - 5;
        if ($size < 0 || $size > Limits::MAX_CHUNK_BYTES) {
            throw new BadFrame("chunk of $size bytes, accepted: 0 to " . Limits::MAX_CHUNK_BYTES);
        }
        return new Chunk(\unpack('N', $payload, 1)[1], \substr($payload, 5));
    }
}

final class Frame
{
    /** The frame of a message already encoded. */
    public static function pack(string $payload): string
    {
        $size = \strlen($payload);
        if ($size > Limits::MAX_FRAME_BYTES) {
            throw new ResultError("message of $size bytes, accepted: at most " . Limits::MAX_FRAME_BYTES);
        }
        return \pack('N', $size) . $payload;
    }

    /** The frame of one body chunk; no bytes = end of the body. */
    public static function chunk(int $id, string $data): string
    {
        return \pack('NCN', \strlen($data) + 5, 1, $id) . $data;
    }

    /** The frame of a whole answer; `$block` is the JSON of its headers. Both are within their maximum already. */
    public static function answer(int $id, int $status, string $block, string $body): string
    {
        $size = 11 + \strlen($block) + \strlen($body);
        return \pack('NCNnN', $size, 2, $id, $status, \strlen($block)) . $block . $body;
    }
}
