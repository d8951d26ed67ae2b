<?php
// What handlers print to the standard streams, as `log` messages of the invocation that printed it, bounded for each.
// Promises that a finished line is sent at once, so that it is not lost when the handler hangs or dies.

declare(strict_types=1);

namespace FastFn\Worker;

/** The output of one invocation; id 0 is everything outside. */
final class Capture
{
    /** A line that does not end is sent in pieces of this many bytes. */
    private const HOLD_BYTES = 8_192;
    /** Output outside invocations has no end: its bound is for so many seconds each. */
    private const WINDOW_SECONDS = 60;

    private int $left;
    private float $windowEnd;
    /** @var array<string, string> */
    private array $held = ['stdout' => '', 'stderr' => ''];

    public function __construct(
        private int $id,
        private int $limit,
        private Connection $connection,
    ) {
        $this->left = $limit;
        $this->windowEnd = $id === 0 ? \microtime(true) + self::WINDOW_SECONDS : INF;
    }

    /** Takes what was written; sends what is complete. */
    public function add(string $stream, string $data): void
    {
        if ($this->windowEnd < INF) {
            $this->renewWindow();
        }
        if ($this->left < 0) {
            return;
        }
        $this->left -= \strlen($data);
        if ($this->left < 0) {
            $data = \substr($data, 0, $this->left) . "\n[output cut: more than {$this->limit} bytes]\n";
        }
        $held = $this->held[$stream] . $data;
        $newline = \strrpos($held, "\n");
        $end = $newline === false ? 0 : $newline + 1;
        if ($end === 0 && \strlen($held) >= self::HOLD_BYTES) {
            $end = Text::wholeCharacters($held, \strlen($held));
        }
        $this->held[$stream] = \substr($held, $end);
        $this->send($stream, \substr($held, 0, $end));
    }

    /** Sends the unfinished lines. */
    public function flush(): void
    {
        foreach ($this->held as $stream => $held) {
            if ($held !== '') {
                $this->held[$stream] = '';
                $this->send($stream, $held);
            }
        }
    }

    private function send(string $stream, string $data): void
    {
        $frames = '';
        // What is no UTF-8 grows to three bytes for one.
        $most = Text::isUtf8($data) ? Limits::MAX_LOG_TEXT_BYTES : \intdiv(Limits::MAX_LOG_TEXT_BYTES, 3);
        for ($at = 0; $at < \strlen($data); $at += $size) {
            $size = Text::wholeCharacters(\substr($data, $at, $most + 1), $most) ?: $most;
            $frames .= Message::log($this->id, $stream, \substr($data, $at, $size));
        }
        $this->connection->send($frames);
    }

    private function renewWindow(): void
    {
        $now = \microtime(true);
        if ($now > $this->windowEnd) {
            $this->windowEnd = $now + self::WINDOW_SECONDS;
            $this->left = $this->limit;
        }
    }
}

/** Stands in front of STDOUT and STDERR: what is written there never reaches the descriptor. */
final class CapturedStream extends \php_user_filter
{
    public function filter($in, $out, &$consumed, bool $closing): int
    {
        while (($bucket = \stream_bucket_make_writeable($in)) !== null) {
            $consumed += $bucket->datalen;
            Output::print($this->params, $bucket->data);
        }
        return PSFS_FEED_ME;
    }
}
