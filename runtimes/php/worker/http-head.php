<?php
// Status and headers that a handler sets beside its result: header(), http_response_code(), setcookie() and the variables
// $FASTFN_STATUS and $FASTFN_HEADERS. The command line's own header() keeps nothing, so these are ours.

declare(strict_types=1);

namespace FastFn\Worker;

final class HttpHead
{
    /** The head of the invocation that runs now; outside of one, something that nobody reads. */
    public static self $current;

    public ?int $status = null;
    /** True once the head has gone out with the first piece of a stream. */
    public bool $sent = false;
    /** @var array<string, array{string, list<string>}> name in lower case → name and values */
    private array $lines = [];

    /** One line as header() takes it. */
    public function take(string $line, bool $replace, int $status): void
    {
        if ($this->sent) {
            \trigger_error('Cannot modify header information - headers already sent', E_USER_WARNING);
            return;
        }
        $found = [];
        if (\preg_match('~^HTTP/\S+\s+(\d{3})\b~i', $line, $found) === 1) {
            $this->status = (int) $found[1];
            return;
        }
        [$name, $value] = \array_map('trim', [...\explode(':', $line, 2), '']);
        if ($name === '') {
            return;
        }
        $this->add($name, $value, $replace);
        if ($status !== 0) {
            $this->status = $status;
        } elseif (\strtolower($name) === 'location' && !$this->isRedirect()) {
            $this->status = 302;
        }
    }

    public function add(string $name, string $value, bool $replace): void
    {
        $key = \strtolower($name);
        $values = $replace ? [] : ($this->lines[$key][1] ?? []);
        $this->lines[$key] = [$name, [...$values, $value]];
    }

    public function remove(?string $name): void
    {
        if ($name === null) {
            $this->lines = [];
        } else {
            unset($this->lines[\strtolower($name)]);
        }
    }

    /** @return list<string> as headers_list() gives them. */
    public function list(): array
    {
        $list = [];
        foreach ($this->lines as [$name, $values]) {
            foreach ($values as $value) {
                $list[] = "$name: $value";
            }
        }
        return $list;
    }

    /** Adds what the two variables say; they win over header(). */
    public function takeVariables(): void
    {
        $status = $GLOBALS['FASTFN_STATUS'] ?? null;
        if (\is_int($status)) {
            $this->status = $status;
        }
        $headers = $GLOBALS['FASTFN_HEADERS'] ?? null;
        foreach (\is_array($headers) ? $headers : [] as $name => $value) {
            if (\is_scalar($value)) {
                $this->add((string) $name, Headers::textOf($value), true);
            }
        }
    }

    /** @return array<string, string|list<string>> not yet checked. */
    public function headers(): array
    {
        $headers = [];
        foreach ($this->lines as [$name, $values]) {
            $headers[$name] = \count($values) === 1 ? $values[0] : $values;
        }
        return $headers;
    }

    private function isRedirect(): bool
    {
        return $this->status === 201 || ($this->status >= 300 && $this->status <= 399);
    }
}
