<?php
// A worker's life: load one function, say whether it is ready, serve it until the gateway goes away. Everything that can
// fail before the first call is told to the gateway in one `load_failed`.

declare(strict_types=1);

namespace FastFn\Worker;

final class Program
{
    private const DESCRIPTOR = 3;
    private const PROTOCOL = 1;

    /** The file to run before the function is ready; null for a script, which runs at each call. */
    public static ?string $loaded = null;
    private static Connection $connection;
    private static array $load;
    /** @var list<string> */
    private static array $known;
    private static bool $isReady = false;

    /** Takes over the connection and makes the process what user code may see of it. */
    public static function start(): void
    {
        self::$connection = new Connection(self::DESCRIPTOR);
        $load = self::$connection->receive();
        if (!\is_array($load) || $load['type'] !== 'load' || $load['protocol'] !== self::PROTOCOL) {
            \fwrite(STDERR, "cannot run the worker: the first message must be a load of protocol 1\n");
            exit(1);
        }
        self::$load = $load;
        Output::install($load['maxOutputBytes'], self::$connection);
        HttpHead::$current = new HttpHead();
        \register_shutdown_function([self::class, 'ended']);
        self::setEnvironment($load['env']);
        if ($load['strict']) {
            Guard::install($load);
        }
        try {
            Packages::load($load);
        } catch (\Throwable $failure) {
            self::refuse($failure);
        }
        self::$known = Handler::definedFunctions();
        self::chooseFile();
    }

    /** Never returns. */
    public static function serve(): void
    {
        $handler = Handler::find(self::$load['handler'], self::$known);
        if ($handler === null && self::$load['handler'] !== 'handler') {
            self::refuse(new HandlerMissing(self::$load['handler'] . '(event) is required'));
        }
        $script = new Script(self::$load['entry']);
        $worker = new Worker(self::$connection, new Event(self::$load), $handler, $script, self::$known);
        self::settle();
        self::$isReady = true;
        $version = PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION . '.' . PHP_RELEASE_VERSION;
        self::$connection->send(Message::ready(Worker::CONCURRENCY, $version));
        try {
            $worker->serve();
        } catch (\Throwable $failure) {
            // A fault of the protocol or of ours: nothing sensible can be sent any more.
            self::$connection->gone = true;
            \file_put_contents('php://stderr', 'cannot go on: ' . Failure::detail($failure) . "\n");
            exit(1);
        }
    }

    /** Tells why the function cannot be served, and ends the process. */
    public static function refuse(\Throwable $failure): void
    {
        self::refuseWith(Failure::loadText($failure, self::$load['root']), Failure::detail($failure));
        exit(1);
    }

    /** Runs when PHP itself ends the process: an error that nothing can catch, or an exit that nothing caught. */
    public static function ended(): void
    {
        if (self::$connection->gone) {
            return;
        }
        // It may have ended for want of memory; what is left to do needs little.
        \ini_set('memory_limit', '-1');
        $fatal = Failure::fatal();
        $call = Worker::current();
        if (!self::$isReady) {
            [$text, $detail] = $fatal ?? ['file exited while it was loaded', ''];
            self::refuseWith($text, $detail);
        } elseif ($call !== null && $fatal !== null) {
            $call->died(...$fatal);
        } elseif ($call !== null) {
            $call->exited();
        }
    }

    private static function refuseWith(string $text, string $detail): void
    {
        self::settle();
        self::$connection->send(Message::loadFailed($text, $detail));
        self::$connection->gone = true;
    }

    /** What the file printed while it was loaded goes to the log. */
    private static function settle(): void
    {
        Output::closeBuffers();
        Output::logEchoed();
        Output::end();
    }

    private static function chooseFile(): void
    {
        try {
            $name = Handler::checkedName(self::$load['handler']);
            $text = @\file_get_contents(self::$load['entry']);
            if ($text === false) {
                throw new HandlerMissing('cannot read ' . \basename(self::$load['entry']));
            }
            $isScript = $name === 'handler' && !(new SourceText($text))->declares($name);
            self::$loaded = $isScript ? null : self::$load['entry'];
        } catch (\ParseError) {
            // Told with the file's own name when it is loaded.
            self::$loaded = self::$load['entry'];
        } catch (HandlerMissing $failure) {
            self::refuse($failure);
        }
    }

    private static function setEnvironment(array $env): void
    {
        foreach ($env as $name => $value) {
            $name = (string) $name;
            // What an environment cannot hold is still in $event['env'].
            if ($name !== '' && !\str_contains($name, '=') && !\str_contains($name . $value, "\0")) {
                \putenv("$name=$value");
            }
        }
        $_ENV = \getenv();
        $_SERVER = $env;
    }
}
