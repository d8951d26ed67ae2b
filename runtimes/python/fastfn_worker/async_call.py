"""One invocation in an event loop: its request body while it arrives, its task, and the room for its answer."""

import asyncio

from .limits import INITIAL_WINDOW_BYTES


class Call:
    """`stream` is the body where the handler reads it itself."""

    # Most calls never need another value: set here, they cost nothing.
    task = None
    capture = None
    cancelled = False
    started = False
    room = INITIAL_WINDOW_BYTES
    stream = None
    # The result of a stream, until its first chunk takes it along.
    unsent = b""
    _waiter = None
    _parts = None
    _unreturned = 0

    def __init__(self, item):
        self.ident = item["id"]
        self.item = item

    def receive(self, data):
        """Keeps a chunk of the request's body; returns how much credit is due for it, mostly none."""
        if self._parts is None:
            self._parts = []
        self._parts.append(data)
        return self.count(len(data))

    def count(self, taken):
        """How much credit is due once so many more bytes are taken, mostly none."""
        self._unreturned += taken
        if self._unreturned < INITIAL_WINDOW_BYTES // 2:
            return 0
        returned, self._unreturned = self._unreturned, 0
        return returned

    def body(self):
        return None if self._parts is None else b"".join(self._parts)

    def add_room(self, count):
        self.room += count
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def room_for_some(self):
        while self.room == 0:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
