"""A reply as frames. Small text travels inside the result; anything else goes behind it as chunks, and then the caller
owes the pieces and the end of the body."""

from . import message
from .frame import pack_chunk
from .headers import ResultError, content_type
from .limits import INLINE_BODY_BYTES, MAX_CHUNK_BYTES
from .wire_json import quote, utf8

_none = '{"kind":"none"}'
# One character is at most three bytes, or two for half of a pair.
_surely_inline_characters = INLINE_BODY_BYTES // 3


def first_frames(ident, reply):
    """Returns (frame of the result, rest): rest is None, or the bytes or iterator still to be sent as chunks."""
    status, headers, body, proxy = reply
    if body is None:
        return message.result(ident, status, headers, _none, proxy), None
    if isinstance(body, str):
        if len(body) <= _surely_inline_characters:
            return message.result(ident, status, headers, _inline(body), proxy), None
        body = utf8(body)
    if not isinstance(body, bytes):
        return message.result(ident, status, headers, '{"kind":"stream","bytes":null}', proxy), body
    if len(body) <= INLINE_BODY_BYTES:
        try:
            return message.result(ident, status, headers, _inline(body.decode()), proxy), None
        except UnicodeDecodeError:
            pass
    return message.result(ident, status, headers, f'{{"kind":"stream","bytes":{len(body)}}}', proxy), body


def _inline(text):
    return f'{{"kind":"text","text":{quote(text)}}}'


def chunk_bytes(piece):
    """What an iterator gave, as bytes."""
    if isinstance(piece, str):
        return utf8(piece)
    if isinstance(piece, (bytes, bytearray, memoryview)):
        return bytes(piece)
    raise ResultError(f"a streamed body must yield str or bytes, found {type(piece).__name__}")


def with_default_type(reply, first_piece):
    """A stream says what it is by its first piece, unless the handler said."""
    status, headers, body, proxy = reply
    if first_piece is None or content_type(headers):
        return reply
    kind = "text/plain; charset=utf-8" if isinstance(first_piece, str) else "application/octet-stream"
    return status, {**headers, "content-type": kind}, body, proxy


def begins_at_once(reply):
    """Whoever reads events wants to know that it is connected, long before the first one. Any other stream begins with its
    first piece: what fails before that is an ordinary failure."""
    return content_type(reply[1]).startswith("text/event-stream")


def chunk_frames(ident, data, room):
    """The frames of as much of `data` as there is room for, and how many bytes that is."""
    size = min(len(data), room)
    cuts = range(0, size, MAX_CHUNK_BYTES)
    return b"".join(pack_chunk(ident, data[at : min(at + MAX_CHUNK_BYTES, size)]) for at in cuts), size
