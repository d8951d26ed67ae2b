"""The worker's end of its connection, descriptor 3, read and written without the socket module. Promises whole frames
in order from any thread, and an end of the process as soon as the gateway has gone."""

import _thread
from os import _exit as exit_now
from os import read, write
from select import POLLNVAL, poll, select
from time import sleep

from .background import exit_when_idle
from .frame import FrameReader

_read_bytes = 65_536


class Connection:
    """Blocking reads in one thread; writes from any."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self._reader = FrameReader()
        self._backlog = []
        self._lock = _thread.RLock()
        self._writing = False
        self._queued = []

    def receive(self):
        """The next message (dict) or chunk (tuple); waits for it. Ends the process at end of file."""
        if self._backlog:
            return self._backlog.pop(0)
        item = self._reader.next()
        return self.receive_new() if item is None else item

    def receive_new(self):
        """Like `receive`, past what was put back."""
        reader = self._reader
        while True:
            item = reader.next()
            if item is not None:
                return item
            data = read(self.descriptor, _read_bytes)
            if not data:
                _end()
            reader.feed(data)

    def receive_waiting(self):
        """Like `receive_new`, but None when nothing has arrived."""
        item = self._reader.next()
        while item is None:
            if not select([self.descriptor], [], [], 0)[0]:
                return None
            data = read(self.descriptor, _read_bytes)
            if not data:
                _end()
            self._reader.feed(data)
            item = self._reader.next()
        return item

    def put_back(self, item):
        """Keeps an item that is not for the caller for the next `receive`."""
        self._backlog.append(item)

    def put_front(self, items):
        """Like `put_back`, but before what was put back already."""
        self._backlog[:0] = items

    def take_back(self, belongs):
        """The items put back that belong to the caller, in order; the others stay."""
        mine = [item for item in self._backlog if belongs(item)]
        if mine:
            self._backlog = [item for item in self._backlog if not belongs(item)]
        return mine

    def send(self, data):
        """Writes whole frames. A signal handler or finalizer that prints may call this in the middle of itself: what
        it says then follows the frame under way."""
        with self._lock:
            if self._writing:
                self._queued.append(data)
                return
            self._writing = True
            try:
                done = write(self.descriptor, data)
                if done < len(data):
                    self._write_all(memoryview(data)[done:])
                while self._queued:
                    self._write_all(self._queued.pop(0))
            finally:
                self._writing = False

    def _write_all(self, data):
        done = 0
        while done < len(data):
            done += write(self.descriptor, memoryview(data)[done:])


def _end():
    """Never returns. Whatever of the work after answers ends last, ends the process."""
    exit_when_idle()
    while True:
        sleep(3600)


def exit_when_peer_is_gone(descriptor):
    """Watches for the other end closing while a handler runs and nobody reads. A thread that waits in poll() holds no
    lock: it costs nothing per call. A half-closed connection still takes answers, so only a full hang-up counts."""

    def watch():
        poller = poll()
        poller.register(descriptor, 0)
        events = poller.poll()
        # A handler that closed the descriptor itself is a crash, not an end.
        exit_now(1 if events and events[0][1] & POLLNVAL else 0)

    _thread.start_new_thread(watch, ())
