"""Serves a plain function: one call at a time, in the main thread, read → call → write. While a handler runs nobody
reads but itself: a cancel cannot stop Python code anyway, so the gateway ends the process instead."""

from . import message
from .event import build_event
from .exchange import Cancelled, Exchange
from .failure import error_frame
from .frame import pack_chunk
from .reply_frames import begins_at_once, chunk_bytes, chunk_frames, first_frames, with_default_type
from .request_body import body_of_exchange, whole_body
from .result import is_awaitable, is_whole, to_reply

_plain_results = frozenset((dict, str, list, tuple, bytes, type(None)))


class SyncWorker:
    """Owns the main thread."""

    concurrency = 1

    def __init__(self, connection, function, output):
        self._connection = connection
        self._function = function
        self._output = output
        self._loop = None

    def serve(self):
        receive = self._connection.receive
        while True:
            item = receive()
            # Chunks, cancels and credit of an invocation that has ended crossed its end on the wire.
            if type(item) is dict:
                kind = item["type"]
                if kind == "invoke":
                    self._take_invoke(item)
                elif kind == "ping":
                    self._connection.send(message.pong(item["n"]))

    def _take_invoke(self, item):
        ident = item["id"]
        exchange = data = None
        if self._function.streams_body or item["body"]["kind"] == "stream":
            exchange = Exchange(self._connection, ident)
            try:
                data = self._body(item["body"], exchange)
            except Cancelled:
                self._connection.send(message.error(ident, "invocation cancelled", ""))
                return
        capture = self._output.begin(ident)
        try:
            reply = self._run(item, data)
            frames, rest = first_frames(ident, reply)
        except BaseException as failure:
            frames, rest = error_frame(ident, failure), None
        if rest is None:
            capture.end()
            # Each answer leaves before the next call begins: what that one does to the process must not undo this one.
            self._connection.send(frames)
        else:
            exchange = exchange or Exchange(self._connection, ident)
            sender = _BodySender(self._connection, exchange, frames)
            if begins_at_once(reply):
                sender.flush()
            self._send_body(sender, rest, capture)
        if exchange is not None:
            exchange.over = True

    def _body(self, body, exchange):
        """What `build_event` is given beside the message, where the body is not in it."""
        if not self._function.streams_body:
            return exchange.whole_body()
        if body["kind"] == "text":
            return whole_body(body["text"].encode())
        return body_of_exchange(exchange) if body["kind"] == "stream" else None

    def _run(self, item, data):
        function = self._function
        result = function.call(build_event(item, data, function), item["remaining_ms"])
        if type(result) not in _plain_results and is_awaitable(result):
            result = self._run_to_end(result)
        reply = to_reply(result)
        return reply if is_whole(reply) else self._started(reply)

    def _started(self, reply):
        """Takes a stream's first piece before the answer begins: what fails until then is an ordinary failure."""
        pieces = self._pieces(reply[2])
        if begins_at_once(reply):
            return *reply[:2], pieces, reply[3]
        first = next(pieces, None)
        status, headers, _, proxy = with_default_type(reply, first)
        return status, headers, _chained(first, pieces), proxy

    def _pieces(self, stream):
        if hasattr(stream, "__next__"):
            yield from stream
            return
        try:
            while True:
                yield self._run_to_end(stream.__anext__())
        except StopAsyncIteration:
            return
        finally:
            if hasattr(stream, "aclose"):
                self._run_to_end(stream.aclose())

    def _run_to_end(self, awaitable):
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop.run_until_complete(_awaited(awaitable))

    def _send_body(self, sender, rest, capture):
        """Sends what comes behind the result, and the one end that is owed; captured output goes before that end."""
        try:
            for piece in (rest,) if type(rest) is bytes else rest:
                sender.send(chunk_bytes(piece))
            last = pack_chunk(sender.ident, b"")
        except BaseException as failure:
            text = "invocation cancelled" if isinstance(failure, Cancelled) else None
            last = error_frame(sender.ident, failure, text)
        finally:
            _close(rest)
        capture.end()
        sender.finish(last)


class _BodySender:
    """Sends the chunks of one answer within the gateway's credit, listening for a cancel between them."""

    def __init__(self, connection, exchange, first):
        self.ident = exchange.ident
        self._connection = connection
        self._exchange = exchange
        # Goes out together with the first chunks.
        self._unsent = first

    def send(self, data):
        exchange = self._exchange
        while data:
            exchange.poll()
            while not exchange.room:
                self.flush()
                exchange.wait()
            frames, size = chunk_frames(self.ident, data, exchange.room)
            exchange.room -= size
            data = memoryview(data)[size:]
            self._connection.send(self._unsent + frames)
            self._unsent = b""

    def flush(self):
        """The answer begins before its first piece is there."""
        if self._unsent:
            self._connection.send(self._unsent)
            self._unsent = b""

    def finish(self, last):
        self._connection.send(self._unsent + last)


async def _awaited(awaitable):
    return await awaitable


def _chained(first, pieces):
    if first is not None:
        yield first
    yield from pieces


def _close(stream):
    """Lets a generator run its `finally` blocks; what they raise is too late for anybody."""
    close = getattr(stream, "close", None)
    if close is not None:
        try:
            close()
        except BaseException:
            return
