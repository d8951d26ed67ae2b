"""The connection inside an event loop: reads when bytes are there, gathers what one turn of the loop has to say into one
write, and never blocks the loop on a slow gateway. Writes may come from any thread."""

import _thread
import os

from .background import exit_when_idle
from .frame import FrameReader

_read_bytes = 65_536
_read = os.read
_write = os.write
_exit_now = os._exit


class LoopConnection:
    """`take(item)` is called for each message (dict) and chunk (tuple); `broken(failure)` when reading cannot go on,
    and must not return: the loop would only log the failure and go on, out of step with the gateway."""

    def __init__(self, descriptor, loop, take, broken):
        self._descriptor = descriptor
        self._loop = loop
        self._take = take
        self._broken = broken
        self._reader = FrameReader()
        self._lock = _thread.RLock()
        self._thread = _thread.get_ident()
        self._unsent = []
        self._flush_due = False
        self._writing = False
        self._full = False
        os.set_blocking(descriptor, False)
        loop.add_reader(descriptor, self._on_readable)

    def send(self, data):
        """Queues whole frames for the end of this turn of the loop."""
        self._unsent.append(data)
        if not self._flush_due:
            self._flush_due = True
            self._call_in_loop(self.flush)

    def send_now(self, data):
        """Like `send`, but does not wait for the loop, which the caller may be about to block."""
        self._unsent.append(data)
        self.flush()

    def flush(self):
        """Writes what the socket takes; the rest follows when it takes more."""
        with self._lock:
            self._flush_due = False
            # A finalizer that prints may come here in the middle of itself: the loop below sends its frames too.
            if self._writing or self._full:
                return
            self._writing = True
            try:
                while self._unsent and not self._full:
                    frames, self._unsent = self._unsent, []
                    self._write(b"".join(frames))
            finally:
                self._writing = False

    def _write(self, data):
        try:
            done = _write(self._descriptor, data)
        except BlockingIOError:
            done = 0
        except OSError:
            _exit_now(0)  # The gateway has gone.
        if done < len(data):
            self._unsent.insert(0, data[done:])
            self._full = True
            self._call_in_loop(lambda: self._loop.add_writer(self._descriptor, self._on_writable))

    def _on_writable(self):
        self._loop.remove_writer(self._descriptor)
        self._full = False
        self.flush()

    def _on_readable(self):
        try:
            data = _read(self._descriptor, _read_bytes)
        except BlockingIOError:
            return
        if not data:
            self._loop.remove_reader(self._descriptor)
            exit_when_idle()
            return
        try:
            self._reader.feed(data)
            item = self._reader.next()
            while item is not None:
                self._take(item)
                item = self._reader.next()
        except Exception as failure:
            self._broken(failure)

    def _call_in_loop(self, task):
        if _thread.get_ident() == self._thread:
            self._loop.call_soon(task)
        else:
            self._loop.call_soon_threadsafe(task)
