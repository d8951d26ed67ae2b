"""Serves a coroutine function: many calls at once in one event loop. Promises one end for each invocation, also for a
cancelled one, and output attributed to the call that printed it."""

import asyncio

from . import message
from .async_call import Call
from .event import build_event
from .failure import end_process, error_frame
from .frame import pack_chunk
from .limits import ASYNC_CONCURRENCY
from .loop_connection import LoopConnection
from .reply_frames import begins_at_once, chunk_bytes, chunk_frames, first_frames, with_default_type
from .request_body import AsyncRequestBody
from .result import is_awaitable, is_whole, to_reply


class AsyncWorker:
    """Owns the event loop of the process."""

    concurrency = ASYNC_CONCURRENCY

    def __init__(self, connection, function, output):
        self._descriptor = connection.descriptor
        self._function = function
        self._output = output
        self._calls = {}
        self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)

    def serve(self):
        self._connection = LoopConnection(self._descriptor, self._loop, self._take, end_process)
        self._output.send_to(self._connection.send_now)
        while True:
            try:
                self._loop.run_forever()
            except (SystemExit, KeyboardInterrupt):
                # Raised by a task that a handler left behind; it ends that task, not everybody's worker.
                continue

    def _take(self, item):
        if type(item) is tuple:
            self._take_chunk(*item)
        elif item["type"] == "invoke":
            self._take_invoke(item)
        elif item["type"] == "ping":
            self._connection.send(message.pong(item["n"]))
        else:
            self._take_about_call(item)

    def _take_invoke(self, item):
        call = Call(item)
        self._calls[call.ident] = call
        if self._function.streams_body:
            self._open_body(call, item["body"])
        if call.stream is not None or item["body"]["kind"] != "stream":
            self._start(call)

    def _open_body(self, call, body):
        """The handler reads its body while it arrives."""
        if body["kind"] == "stream":
            call.stream = AsyncRequestBody(lambda count: self._give_back(call, count))
        elif body["kind"] == "text":
            call.stream = AsyncRequestBody(lambda count: None)
            call.stream.feed(body["text"].encode())
            call.stream.feed(b"")

    def _give_back(self, call, count):
        returned = call.count(count)
        if returned and call.ident in self._calls:
            self._connection.send(message.credit(call.ident, returned))

    def _take_chunk(self, ident, data):
        call = self._calls.get(ident)
        if call is None:
            return
        if call.stream is not None:
            call.stream.feed(data)
            return
        if call.task is not None:
            return
        if not data:
            self._start(call)
            return
        returned = call.receive(data)
        if returned:
            self._connection.send(message.credit(ident, returned))

    def _take_about_call(self, item):
        call = self._calls.get(item.get("id"))
        if call is None:
            return
        if item["type"] == "credit":
            call.add_room(item["bytes"])
        elif item["type"] == "cancel":
            call.cancelled = True
            if call.task is None:
                self._finish(call, message.error(call.ident, "invocation cancelled", ""))
            elif call.started:
                call.task.cancel()
            # Otherwise it ends itself: a task cancelled before its first step would end without a word.

    def _start(self, call):
        call.capture = self._output.begin(call.ident)
        # The task copies this context: what it prints, and what its own tasks print, is this call's.
        call.task = self._loop.create_task(self._run(call))
        self._output.outside()

    async def _run(self, call):
        try:
            call.started = True
            if call.cancelled:
                raise asyncio.CancelledError
            result = self._result(call)
            if is_awaitable(result):
                result = await result
            reply = to_reply(result)
            if not is_whole(reply):
                reply = await _started(reply)
            frames, rest = first_frames(call.ident, reply)
            if rest is not None and begins_at_once(reply):
                self._connection.send(frames)
                frames = b""
            if rest is not None:
                frames = await self._send_body(call, frames, rest)
        except BaseException as failure:
            text = "invocation cancelled" if call.cancelled else None
            frames = call.unsent + error_frame(call.ident, failure, text)
        self._finish(call, frames)

    def _finish(self, call, frames):
        if call.capture is not None:
            call.capture.end()
        if call.stream is not None:
            call.stream.end()
        del self._calls[call.ident]
        if self._calls:
            self._connection.send(frames)
        else:
            self._connection.send_now(frames)

    def _result(self, call):
        function = self._function
        item = call.item
        call.item = None
        event = build_event(item, call.stream or call.body(), function)
        return function.call(event, item["remaining_ms"])

    async def _send_body(self, call, frames, rest):
        """Sends what comes behind the result as the gateway makes room; returns the frame that ends it."""
        call.unsent = frames
        pieces = _one_piece(rest) if isinstance(rest, bytes) else rest
        try:
            async for piece in pieces:
                data = chunk_bytes(piece)
                while data:
                    await call.room_for_some()
                    chunks, size = chunk_frames(call.ident, data, call.room)
                    call.room -= size
                    data = memoryview(data)[size:]
                    self._connection.send(call.unsent + chunks)
                    call.unsent = b""
                # An iterator that never waits must not keep the other calls from running.
                await asyncio.sleep(0)
        finally:
            await pieces.aclose()
        return call.unsent + pack_chunk(call.ident, b"")


async def _started(reply):
    """Takes a stream's first piece before the answer begins: what fails until then is an ordinary failure."""
    pieces = _pieces(reply[2])
    if begins_at_once(reply):
        return *reply[:2], pieces, reply[3]
    first = await anext(pieces, None)
    status, headers, _, proxy = with_default_type(reply, first)
    return status, headers, _chained(first, pieces), proxy


async def _pieces(stream):
    try:
        if hasattr(stream, "__anext__"):
            async for piece in stream:
                yield piece
        else:
            for piece in stream:
                yield piece
    finally:
        if hasattr(stream, "aclose"):
            await stream.aclose()
        elif hasattr(stream, "close"):
            stream.close()


async def _chained(first, pieces):
    try:
        if first is not None:
            yield first
            async for piece in pieces:
                yield piece
    finally:
        await pieces.aclose()


async def _one_piece(data):
    yield data
