<?php
// One answer on its way to the gateway: the result, and what comes behind it as chunks within the gateway's credit.
// Promises one end. A cancel that arrives meanwhile is thrown as Cancelled.

declare(strict_types=1);

namespace FastFn\Worker;

/** The gateway asked for the end of an invocation. */
final class Cancelled extends \Exception
{
    public function __construct()
    {
        parent::__construct('invocation cancelled');
    }
}

final class AnswerSender
{
    private int $room = Limits::INITIAL_WINDOW_BYTES;
    /** The result of a stream goes out together with its first chunk. */
    private string $unsent = '';

    public function __construct(private int $id, private Connection $connection)
    {
    }

    /** The frame of a reply that fits into one; null when its body needs chunks. */
    public static function wholeFrame(int $id, Reply $reply): ?string
    {
        $body = $reply->body;
        if (!\is_string($body) || \strlen($body) > Limits::INLINE_BODY_BYTES) {
            return null;
        }
        $block = Headers::block($reply->headers);
        // Headers within their maximum can be longer than it as JSON.
        if ($reply->proxy === null && \strlen($block) <= Limits::MAX_HEADERS_TOTAL_BYTES) {
            return Frame::answer($id, $reply->status, $block, $body);
        }
        if ($body === '') {
            return Message::result($id, $reply->status, $reply->headers, '{"kind":"none"}', $reply->proxy);
        }
        if (!Text::isUtf8($body)) {
            return null;
        }
        $wire = '{"kind":"text","text":' . Text::json($body) . '}';
        return Message::result($id, $reply->status, $reply->headers, $wire, $reply->proxy);
    }

    /** @param ?int $bytes of the body, where they are known. */
    public function begin(Reply $reply, ?int $bytes): void
    {
        $wire = '{"kind":"stream","bytes":' . ($bytes ?? 'null') . '}';
        $this->unsent = Message::result($this->id, $reply->status, $reply->headers, $wire, $reply->proxy);
    }

    public function send(string $data): void
    {
        for ($at = 0; $at < \strlen($data); $at += $size) {
            $this->listen();
            $size = \min(\strlen($data) - $at, $this->room, Limits::MAX_CHUNK_BYTES);
            $this->room -= $size;
            $this->sendNow(Frame::chunk($this->id, \substr($data, $at, $size)));
        }
    }

    /** The result goes out before there is a first chunk. */
    public function flush(): void
    {
        $this->sendNow('');
    }

    /** Takes what has arrived. */
    public function poll(): void
    {
        while (($item = $this->connection->receiveWaiting()) !== null) {
            $this->take($item);
        }
    }

    public function finish(): void
    {
        $this->sendNow(Frame::chunk($this->id, ''));
    }

    /** @param string $error frame; it ends the answer, or stands in its place while nothing of it was sent. */
    public function breakOff(string $error): void
    {
        $this->unsent = '';
        $this->sendNow($error);
    }

    private function sendNow(string $frames): void
    {
        $all = $this->unsent . $frames;
        $this->unsent = '';
        $this->connection->send($all);
    }

    /** Takes what has arrived; waits only where there is no room. */
    private function listen(): void
    {
        $this->poll();
        while ($this->room === 0) {
            $this->take($this->connection->receiveNew());
        }
    }

    private function take(array|Chunk $item): void
    {
        $type = \is_array($item) ? $item['type'] : 'chunk';
        if ($type === 'ping') {
            $this->connection->send(Message::pong($item['n']));
        } elseif ($type !== 'credit' && $type !== 'cancel') {
            $this->connection->putBack($item);
        } elseif ($item['id'] === $this->id) {
            if ($type === 'cancel') {
                throw new Cancelled();
            }
            $this->room += $item['bytes'];
        }
    }
}
