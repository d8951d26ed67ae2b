<?php
// One invocation from the moment its handler runs: promises exactly one end, whatever the handler returns, throws, echoes
// or exits with. An answer may begin before the handler has returned (flush) or go on after it (a generator).

declare(strict_types=1);

namespace FastFn\Worker;

final class Call
{
    /** null until the answer has begun as a stream. */
    private ?AnswerSender $sender = null;
    private mixed $result = null;
    private bool $cancelled = false;
    private bool $ended = false;

    public function __construct(private int $id, private Connection $connection)
    {
    }

    /** @param callable(): mixed $work runs the handler. */
    public function run(callable $work): void
    {
        try {
            try {
                $this->result = ExitGuard::run($work);
            } catch (HandlerExited) {
                // What it has echoed is the answer.
            }
            $this->answer();
        } catch (\Throwable $failure) {
            $this->fail($failure);
        }
    }

    /** For an exit that no guard saw: answers with what was echoed. */
    public function exited(): void
    {
        if (!$this->ended) {
            $this->run(static fn (): mixed => null);
        }
    }

    /** For an error that ends the process. */
    public function died(string $text, string $detail): void
    {
        if (!$this->ended) {
            $this->end(Message::error($this->id, $text, $detail));
        }
    }

    /** Sends what was echoed so far. */
    public function flush(): void
    {
        $text = Output::takeEchoed();
        if ($text === '' || $this->ended) {
            return;
        }
        try {
            $this->sendPiece($text, null);
        } catch (Cancelled) {
            // A handler could catch an exception.
            $this->cancelled = true;
            exit(0);
        }
    }

    /** Whether nobody waits for the answer any more: what has arrived says so. */
    public function isAborted(): bool
    {
        try {
            // Until the answer has begun there is no credit that could be lost with this one.
            ($this->sender ?? new AnswerSender($this->id, $this->connection))->poll();
        } catch (Cancelled) {
            $this->cancelled = true;
        }
        return $this->cancelled;
    }

    private function answer(): void
    {
        Output::closeBuffers();
        if ($this->cancelled) {
            throw new Cancelled();
        }
        // Nothing here may keep a generator alive: its `finally` belongs to this invocation.
        [$result, $this->result] = [$this->result, null];
        $echoed = Output::takeEchoed();
        if ($this->sender !== null) {
            $this->stream(self::continued($result, $echoed), null);
            return;
        }
        $reply = Result::toReply($result, $echoed, HttpHead::$current);
        $result = null;
        $frame = AnswerSender::wholeFrame($this->id, $reply);
        if ($frame !== null) {
            $this->end($frame);
        } elseif (\is_string($reply->body)) {
            $this->sendBytes($reply, $reply->body);
        } else {
            [$pieces, $reply->body] = [self::texts($reply->body), ''];
            if (\str_starts_with(Headers::contentType($reply->headers), 'text/event-stream')) {
                // Whoever reads events wants to know that it is connected, long before the first one.
                $this->begin($reply);
                $this->sender->flush();
            }
            $this->stream($pieces, $reply);
        }
    }

    private function sendBytes(Reply $reply, string $bytes): void
    {
        $this->sender = new AnswerSender($this->id, $this->connection);
        $this->sender->begin($reply, \strlen($bytes));
        $this->sender->send($bytes);
        $this->end(null);
    }

    private function stream(\Generator $texts, ?Reply $reply): void
    {
        foreach ($texts as $text) {
            $this->sendPiece($text, $reply);
        }
        if ($this->sender === null) {
            $this->end(Message::result($this->id, $reply->status, $reply->headers, '{"kind":"none"}', $reply->proxy));
        } else {
            $this->end(null);
        }
    }

    /** The first one begins the answer: what fails until then is an ordinary failure. */
    private function sendPiece(string $text, ?Reply $reply): void
    {
        if ($text === '') {
            return;
        }
        if ($this->sender === null) {
            $reply ??= Result::toReply(null, '', HttpHead::$current);
            $sample = \substr($text, 0, Text::wholeCharacters($text, 4_096));
            $reply->headers = Result::withDefault($reply->headers, Result::sniffed($sample));
            $this->begin($reply);
        }
        $this->sender->send($text);
    }

    private function begin(Reply $reply): void
    {
        $this->sender = new AnswerSender($this->id, $this->connection);
        $this->sender->begin($reply, null);
        HttpHead::$current->sent = true;
    }

    private function fail(\Throwable $failure): void
    {
        $this->result = null;
        Output::closeBuffers();
        Output::takeEchoed();
        $this->end(Failure::frame($this->id, $failure));
    }

    /** @param ?string $frame the end; null for a stream that ends as it should. */
    private function end(?string $frame): void
    {
        $this->ended = true;
        Output::end();
        if ($this->sender === null) {
            $this->connection->send((string) $frame);
        } elseif ($frame === null) {
            $this->sender->finish();
        } else {
            $this->sender->breakOff($frame);
        }
    }

    /** What a handler returns after it has flushed. */
    private static function continued(mixed $result, string $echoed): \Generator
    {
        yield $echoed;
        $pieces = Result::pieces($result);
        if ($pieces !== null) {
            $result = null;
            yield from self::texts($pieces);
        } elseif (\is_array($result) || \is_object($result)) {
            throw new ResultError('handler response must be text once a part of it was flushed');
        } elseif ($result !== null) {
            yield Headers::textOf($result);
        }
    }

    /** The pieces of a handler's iterator, with what it echoes between them; an exit ends them. */
    private static function texts(\Iterator $pieces): \Generator
    {
        try {
            ExitGuard::run([$pieces, 'rewind']);
            while (ExitGuard::run([$pieces, 'valid'])) {
                $piece = ExitGuard::run([$pieces, 'current']);
                if (!\is_string($piece)) {
                    throw new ResultError('a streamed body must yield strings, found ' . \get_debug_type($piece));
                }
                yield Output::takeEchoed() . $piece;
                ExitGuard::run([$pieces, 'next']);
            }
        } catch (HandlerExited) {
            // What it has echoed still goes out.
        }
        yield Output::takeEchoed();
    }
}
