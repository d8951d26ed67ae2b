<?php
// The program that a PHP worker runs: takes over the connection on descriptor 3, loads one function and serves it. The
// function's file is loaded here, in the global scope, so that `global` in its functions means its own variables.

if (PHP_VERSION_ID < 80000) {
    fwrite(STDERR, 'cannot run the worker: found PHP ' . PHP_VERSION . ", accepted: 8.0 or newer\n");
    exit(1);
}

require __DIR__ . '/worker/limits.php';
require __DIR__ . '/worker/text.php';
require __DIR__ . '/worker/frame.php';
require __DIR__ . '/worker/message.php';
require __DIR__ . '/worker/connection.php';
require __DIR__ . '/worker/capture.php';
require __DIR__ . '/worker/output.php';
require __DIR__ . '/worker/guard.php';
require __DIR__ . '/worker/headers.php';
require __DIR__ . '/worker/http-head.php';
require __DIR__ . '/worker/cookie.php';
require __DIR__ . '/worker/web-functions.php';
require __DIR__ . '/worker/csv.php';
require __DIR__ . '/worker/result.php';
require __DIR__ . '/worker/answer-sender.php';
require __DIR__ . '/worker/event.php';
require __DIR__ . '/worker/exit-guard.php';
require __DIR__ . '/worker/failure.php';
require __DIR__ . '/worker/source-text.php';
require __DIR__ . '/worker/handler.php';
require __DIR__ . '/worker/script.php';
require __DIR__ . '/worker/call.php';
require __DIR__ . '/worker/vendor-alias.php';
require __DIR__ . '/worker/packages.php';
require __DIR__ . '/worker/worker.php';
require __DIR__ . '/worker/program.php';

unset($argv, $argc);
FastFn\Worker\Program::start();
if (FastFn\Worker\Program::$loaded !== null) {
    try {
        FastFn\Worker\VendorAlias::begin();
        require_once FastFn\Worker\Program::$loaded;
    } catch (Throwable $failure) {
        FastFn\Worker\Program::refuse($failure);
    } finally {
        FastFn\Worker\VendorAlias::end();
    }
}
FastFn\Worker\Program::serve();
