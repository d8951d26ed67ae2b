<?php
// PHP's own functions about the answer's head and output, which the command line lacks or makes useless: taken out by the
// interpreter's arguments (runtime.json), defined again here with the meaning that they have behind a web server.

declare(strict_types=1);

use FastFn\Worker\Cookie;
use FastFn\Worker\HttpHead;
use FastFn\Worker\Output;
use FastFn\Worker\Worker;

function header(string $header, bool $replace = true, int $response_code = 0): void
{
    if (strpbrk($header, "\r\n\0") !== false) {
        trigger_error('Header may not contain more than a single header, new line detected', E_USER_WARNING);
        return;
    }
    HttpHead::$current->take($header, $replace, $response_code);
}

function header_remove(?string $name = null): void
{
    HttpHead::$current->remove($name);
}

function headers_list(): array
{
    return HttpHead::$current->list();
}

function headers_sent(mixed &$filename = null, mixed &$line = null): bool
{
    $filename = '';
    $line = 0;
    return HttpHead::$current->sent;
}

function http_response_code(int $response_code = 0): int|bool
{
    $before = HttpHead::$current->status ?? 200;
    if ($response_code !== 0) {
        HttpHead::$current->status = $response_code;
    }
    return $before;
}

function setcookie(
    string $name,
    string $value = '',
    array|int $expires_or_options = 0,
    string $path = '',
    string $domain = '',
    bool $secure = false,
    bool $httponly = false,
): bool {
    $plain = ['expires' => $expires_or_options] + compact('path', 'domain', 'secure', 'httponly');
    return Cookie::send($name, rawurlencode($value), is_array($expires_or_options) ? $expires_or_options : $plain);
}

function setrawcookie(
    string $name,
    string $value = '',
    array|int $expires_or_options = 0,
    string $path = '',
    string $domain = '',
    bool $secure = false,
    bool $httponly = false,
): bool {
    $plain = ['expires' => $expires_or_options] + compact('path', 'domain', 'secure', 'httponly');
    return Cookie::send($name, $value, is_array($expires_or_options) ? $expires_or_options : $plain);
}

/** Sends what was echoed so far: the answer becomes a stream. Open buffers keep what is in them. */
function flush(): void
{
    Worker::current()?->flush();
}

/** 1 once the client has gone or the deadline has passed; then the next flush() ends the script, as it does everywhere. */
function connection_aborted(): int
{
    return Worker::current()?->isAborted() ? 1 : 0;
}

function connection_status(): int
{
    return connection_aborted() === 1 ? CONNECTION_ABORTED : CONNECTION_NORMAL;
}

/** The worker's own buffer does not count. */
function ob_get_level(): int
{
    return Output::depth();
}

function error_log(string $message, int $message_type = 0, ?string $destination = null, ?string $additional_headers = null): bool
{
    if ($message_type === 3) {
        return file_put_contents((string) $destination, $message, FILE_APPEND) !== false;
    }
    Output::print('stderr', str_ends_with($message, "\n") ? $message : "$message\n");
    return $message_type !== 1;
}
