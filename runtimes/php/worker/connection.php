<?php
// The worker's end of its connection, descriptor 3. Promises whole frames in order and whole writes; the end of the
// connection is the end of the process.

declare(strict_types=1);

namespace FastFn\Worker;

final class Connection
{
    private const READ_BYTES = 65_536;

    /** The gateway has closed: nothing can be said any more. */
    public bool $gone = false;
    private FrameReader $reader;
    /** @var resource */
    private $stream;
    /** @var list<array|Chunk> */
    private array $backlog = [];

    public function __construct(int $descriptor)
    {
        $this->reader = new FrameReader();
        // PHP sees that the descriptor is a socket: reads return what is there, writes go on until all is written.
        $stream = \fopen("php://fd/$descriptor", 'r+b');
        if ($stream === false) {
            \fwrite(STDERR, "cannot run the worker: descriptor $descriptor is no connection\n");
            exit(1);
        }
        \stream_set_timeout($stream, -1);
        \stream_set_read_buffer($stream, 0);
        \stream_set_chunk_size($stream, self::READ_BYTES);
        $this->stream = $stream;
    }

    /** The next message (array) or Chunk; waits for it. */
    public function receive(): array|Chunk
    {
        return $this->backlog === [] ? $this->receiveNew() : \array_shift($this->backlog);
    }

    /** Like `receive`, past what was put back. */
    public function receiveNew(): array|Chunk
    {
        while (($item = $this->reader->next()) === null) {
            $this->read();
        }
        return $item;
    }

    /** Like `receiveNew`, but null when nothing has arrived. */
    public function receiveWaiting(): array|Chunk|null
    {
        while (($item = $this->reader->next()) === null) {
            $readable = [$this->stream];
            $others = null;
            if (\stream_select($readable, $others, $others, 0) !== 1) {
                return null;
            }
            $this->read();
        }
        return $item;
    }

    /** Keeps an item that is not for the caller for the next `receive`. */
    public function putBack(array|Chunk $item): void
    {
        $this->backlog[] = $item;
    }

    /**
     * Like `putBack`, but before what was put back already.
     * @param list<array|Chunk> $items
     */
    public function putFront(array $items): void
    {
        \array_unshift($this->backlog, ...$items);
    }

    public function send(string $frames): void
    {
        $done = 0;
        while (!$this->gone && $done < \strlen($frames)) {
            $count = @\fwrite($this->stream, $done === 0 ? $frames : \substr($frames, $done));
            if ($count === false || $count === 0) {
                $this->end();
            }
            $done += $count;
        }
    }

    private function read(): void
    {
        // Asked for the sender's address (there is none) it reads at once; fread() would poll() before each read.
        $data = @\stream_socket_recvfrom($this->stream, self::READ_BYTES, 0, $address);
        if ($data === false || $data === '') {
            // A signal may have woken the read.
            if (\is_resource($this->stream) && !\feof($this->stream)) {
                return;
            }
            $this->end();
        }
        $this->reader->feed($data);
    }

    /** `exit` cannot be caught by a handler that is in the middle of sending. */
    private function end(): void
    {
        $this->gone = true;
        exit(0);
    }
}
