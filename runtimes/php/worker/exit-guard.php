<?php
// Makes `exit` end the call and not the process. PHP unwinds the stack for an exit as for an exception that nobody can
// catch; an object that throws from its destructor on the way turns it into one that can be caught.

declare(strict_types=1);

namespace FastFn\Worker;

/** The handler called `exit`: what it has echoed until then is its answer. */
final class HandlerExited extends \Exception
{
}

final class ExitGuard
{
    private bool $armed = true;

    /** Runs `$work` and returns what it returns, or throws HandlerExited where it exits. */
    public static function run(callable $work): mixed
    {
        // Destroyed when this call is left, in whatever way.
        $guard = new self();
        try {
            $result = $work();
        } catch (\Throwable $failure) {
            $guard->armed = false;
            throw $failure;
        }
        $guard->armed = false;
        return $result;
    }

    public function __destruct()
    {
        if ($this->armed) {
            throw new HandlerExited('handler exited');
        }
    }
}
