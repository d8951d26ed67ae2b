<?php
// Serves the loaded function: one call at a time, read → call → write. While a handler runs nobody reads: a cancel cannot
// stop PHP code anyway, so the gateway ends the process instead.

declare(strict_types=1);

namespace FastFn\Worker;

final class Worker
{
    public const CONCURRENCY = 1;

    private static ?Call $current = null;
    /** @var array{mixed, mixed} what the file's top level gave $FASTFN_STATUS and $FASTFN_HEADERS */
    private array $variables;

    /**
     * @param ?Handler $handler null: the file is a script
     * @param list<string> $known functions that are not the script's
     */
    public function __construct(
        private Connection $connection,
        private Event $event,
        private ?Handler $handler,
        private Script $script,
        private array $known,
    ) {
        $this->variables = [$GLOBALS['FASTFN_STATUS'] ?? null, $GLOBALS['FASTFN_HEADERS'] ?? null];
    }

    /** Never returns. */
    public function serve(): void
    {
        while (true) {
            $item = $this->connection->receive();
            // Chunks, cancels and credit of an invocation that has ended crossed its end on the wire.
            if (\is_array($item)) {
                if ($item['type'] === 'invoke') {
                    $this->takeInvoke($item);
                } elseif ($item['type'] === 'ping') {
                    $this->connection->send(Message::pong($item['n']));
                }
            }
        }
    }

    /** The call that runs now. */
    public static function current(): ?Call
    {
        return self::$current;
    }

    private function takeInvoke(array $invoke): void
    {
        $id = $invoke['id'];
        try {
            $data = $invoke['body']['kind'] === 'stream' ? $this->receiveBody($id) : null;
        } catch (Cancelled $cancelled) {
            $this->connection->send(Message::error($id, $cancelled->getMessage(), ''));
            return;
        }
        Output::begin($id);
        HttpHead::$current = new HttpHead();
        [$GLOBALS['FASTFN_STATUS'], $GLOBALS['FASTFN_HEADERS']] = $this->variables;
        self::$current = new Call($id, $this->connection);
        self::$current->run(fn (): mixed => $this->handle($invoke, $data));
        self::$current = null;
        // What destructors and the like echo later is nobody's body.
        Output::logEchoed();
    }

    private function handle(array $invoke, ?string $data): mixed
    {
        $event = $this->event->build($invoke, $data);
        $this->event->publish($event, $data);
        if ($this->handler !== null) {
            return $this->handler->call($event);
        }
        $result = $this->script->run($event);
        // A file may get its handler from another one that it includes: that is seen only once it has run.
        $this->handler = Handler::find('handler', $this->known);
        if ($this->handler !== null) {
            return $this->handler->call($event);
        }
        return $result instanceof \Closure ? Handler::of($result)->call($event) : $result;
    }

    private function receiveBody(int $id): string
    {
        $body = '';
        $unreturned = 0;
        // The gateway hands quick functions their next calls ahead of time.
        $others = [];
        try {
            while (true) {
                $item = $this->connection->receive();
                $isChunk = $item instanceof Chunk;
                if ($isChunk && $item->id === $id) {
                    if ($item->data === '') {
                        return $body;
                    }
                    $body .= $item->data;
                    $unreturned += \strlen($item->data);
                    if ($unreturned >= Limits::INITIAL_WINDOW_BYTES / 2) {
                        $this->connection->send(Message::credit($id, $unreturned));
                        $unreturned = 0;
                    }
                } elseif (!$isChunk && $item['type'] === 'cancel' && $item['id'] === $id) {
                    throw new Cancelled();
                } elseif (!$isChunk && $item['type'] === 'ping') {
                    $this->connection->send(Message::pong($item['n']));
                } else {
                    $others[] = $item;
                }
            }
        } finally {
            $this->connection->putFront($others);
        }
    }
}
