<?php
// The event as a handler sees it: the gateway's event as nested arrays, plus body and environment. Every key is always
// there; null means absent; a body that is no UTF-8 comes as `body_base64`. And the same as PHP's superglobals.

declare(strict_types=1);

namespace FastFn\Worker;

final class Event
{
    private const MOST_KEYS = 256;

    /** @var array<string, mixed> what $_SERVER holds at all times */
    private array $server;
    /** @var array<string, string> header names → their keys in $_SERVER */
    private array $keys = [];

    /** @param array $load the load message */
    public function __construct(private array $load)
    {
        $this->server = $load['env'] + [
            'GATEWAY_INTERFACE' => 'CGI/1.1',
            'SERVER_SOFTWARE' => 'fastfn',
            'SERVER_PROTOCOL' => 'HTTP/1.1',
            'SCRIPT_FILENAME' => $load['entry'],
            'argc' => 0,
            'argv' => [],
        ];
    }

    /** @param ?string $data the whole body when it came as chunks. */
    public function build(array $invoke, ?string $data): array
    {
        $event = $invoke['event'];
        $event['body'] = $invoke['body']['kind'] === 'text' ? $invoke['body']['text'] : null;
        $event['is_base64'] = false;
        $event['body_base64'] = null;
        if ($data !== null && $data !== '') {
            $isText = Text::isUtf8($data);
            $event['body'] = $isText ? $data : null;
            $event['is_base64'] = !$isText;
            $event['body_base64'] = $isText ? null : \base64_encode($data);
        }
        $event['env'] = isset($event['env']) ? $this->load['env'] + $event['env'] : $this->load['env'];
        $event['context'] = ($event['context'] ?? []) + $this->load['context'];
        return $event;
    }

    /** What a script behind a web server finds; php://input is not among it, nor are uploaded files. */
    public function publish(array $event, ?string $data): void
    {
        $target = $event['raw_path'] ?? $event['path'] ?? '/';
        $query = \str_contains($target, '?') ? \substr($target, \strpos($target, '?') + 1) : '';
        $server = [
            'REQUEST_METHOD' => $event['method'] ?? 'GET',
            'REQUEST_URI' => $target,
            'QUERY_STRING' => $query,
            'PATH_INFO' => $event['path'] ?? '',
            'REMOTE_ADDR' => $event['client']['ip'] ?? '',
            'REQUEST_TIME' => \intdiv($event['ts'] ?? 0, 1000),
            'REQUEST_TIME_FLOAT' => ($event['ts'] ?? 0) / 1000,
        ];
        foreach ($event['headers'] ?? [] as $name => $value) {
            $key = $this->keys[$name] ?? $this->keyOf((string) $name);
            if ($key !== '') {
                $server[$key] = \is_array($value) ? \implode(', ', $value) : $value;
            }
        }
        $_SERVER = $server + $this->server;
        $_GET = $_POST = [];
        if ($query !== '') {
            \parse_str($query, $_GET);
        }
        $isForm = \str_starts_with($server['CONTENT_TYPE'] ?? '', 'application/x-www-form-urlencoded');
        if ($isForm && $server['REQUEST_METHOD'] === 'POST') {
            \parse_str($data ?? $event['body'] ?? '', $_POST);
        }
        $_COOKIE = isset($event['session']) ? \array_map('urldecode', $event['session']['cookies'] ?? []) : [];
        $_REQUEST = $_POST + $_GET;
        $_FILES = [];
    }

    /** '' for a header that is left out. */
    private function keyOf(string $name): string
    {
        $key = \strtoupper(\strtr($name, '-', '_'));
        if ($key !== 'CONTENT_TYPE' && $key !== 'CONTENT_LENGTH') {
            // A client's `Proxy` header must not look like the variable that HTTP libraries read.
            $key = $key === 'PROXY' ? '' : "HTTP_$key";
        }
        if (\count($this->keys) < self::MOST_KEYS) {
            $this->keys[$name] = $key;
        }
        return $key;
    }
}
