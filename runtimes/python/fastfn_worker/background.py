"""Work that goes on after its answer (`ctx.waitUntil`). Promises that a worker which is told to end lets it finish first;
how long that may take is bounded by the gateway, which kills what stays."""

from os import _exit as exit_now

_running = set()
_ending = False


def run_in_background(work):
    """Runs a coroutine in the running event loop, or in a thread of its own. It must not raise."""
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        # A plain handler has no loop.
        _run_in_thread(work)
        return
    task = loop.create_task(work)
    # The loop holds tasks weakly.
    _running.add(task)
    task.add_done_callback(_ended)


def exit_when_idle():
    """Ends the process, now or with the last work that runs; returns in the second case."""
    global _ending
    _ending = True
    if not _running:
        exit_now(0)


def _run_in_thread(work):
    import asyncio
    import threading

    def run():
        try:
            asyncio.run(work)
        finally:
            _ended(thread)

    thread = threading.Thread(target=run, daemon=True)
    _running.add(thread)
    thread.start()


def _ended(work):
    _running.discard(work)
    if _ending and not _running:
        exit_now(0)
