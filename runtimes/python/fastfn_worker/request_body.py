"""A request body that a handler reads while it arrives (`invoke.body_mode: "stream"`): for plain code a file that can only be
read, for coroutines its awaitable twin. Iterating gives the pieces as they come."""

import io

_words = {
    "deadline": (TimeoutError, "the deadline of this invocation has passed"),
    "client_closed": (ConnectionAbortedError, "the client has gone"),
    "payload_too_large": (ConnectionAbortedError, "the request body is over its limit"),
}


def broken_body(reason):
    """What a read says when no more will come."""
    kind, text = _words.get(reason, (ConnectionAbortedError, "the invocation was cancelled"))
    return kind(text)


def _ended():
    return ValueError("cannot read on: the invocation has ended")


class RequestBody(io.RawIOBase):
    """`next_piece()` gives bytes, none at the end, and raises what a read is to raise."""

    def __init__(self, next_piece):
        self._next_piece = next_piece
        self._rest = b""

    def readable(self):
        return True

    def readinto(self, buffer):
        if not self._rest:
            self._rest = self._next_piece()
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        # Without copying what is left for every small read.
        self._rest = memoryview(self._rest)[count:]
        return count

    def __next__(self):
        piece = bytes(self._rest) or self._next_piece()
        self._rest = b""
        if not piece:
            raise StopIteration
        return piece


def body_of_exchange(exchange):
    """The body of a call that runs alone in its process."""
    from .exchange import Cancelled

    def next_piece():
        if exchange.over:
            raise _ended()
        try:
            return exchange.next_piece()
        except Cancelled:
            raise broken_body(exchange.reason) from None

    return RequestBody(next_piece)


def whole_body(data):
    """A body that came in one piece, for a handler that expects to read."""
    pieces = [data]
    return RequestBody(lambda: pieces.pop() if pieces else b"")


class AsyncRequestBody:
    """The same for coroutines: `async for piece in body`, `await body.read(n)`."""

    def __init__(self, granted):
        """`granted(count)` is told how many bytes the handler has taken."""
        self._granted = granted
        self._pieces = []
        self._is_whole = False
        self._is_over = False
        self._waiter = None
        self._rest = b""

    def feed(self, data):
        """What has arrived; nothing is the end."""
        if data:
            self._pieces.append(data)
        else:
            self._is_whole = True
        self._wake()

    def end(self):
        """The invocation has ended: whoever still reads gets an error."""
        self._is_over = True
        self._wake()

    def __aiter__(self):
        return self

    async def __anext__(self):
        piece = self._rest or await self._next_piece()
        self._rest = b""
        if not piece:
            raise StopAsyncIteration
        return piece

    async def read(self, size=-1):
        """Up to `size` bytes, fewer where fewer are there, none at the end; all that come when it is negative."""
        if size is None or size < 0:
            return b"".join([piece async for piece in self])
        piece = self._rest or await self._next_piece()
        self._rest = piece[size:]
        return piece[:size]

    async def _next_piece(self):
        while not self._pieces and not self._is_whole:
            if self._is_over:
                raise _ended()
            import asyncio

            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if not self._pieces:
            return b""
        piece = self._pieces.pop(0)
        self._granted(len(piece))
        return piece

    def _wake(self):
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
