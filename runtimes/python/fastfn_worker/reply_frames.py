"""A reply as frames. A whole one is an answer frame; a body that is long or still to come goes as chunks behind a
`result`, and then the caller owes the pieces and the end of the body."""

from . import message
from .frame import pack_answer, pack_chunk
from .headers import ResultError, content_type, header_block
from .limits import INLINE_BODY_BYTES, MAX_CHUNK_BYTES, MAX_HEADERS_TOTAL_BYTES
from .wire_json import quote, utf8

_none = '{"kind":"none"}'


def first_frames(ident, reply):
    """Returns (frame of the result, rest): rest is None, or the bytes or iterator still to be sent as chunks."""
    status, headers, body, proxy = reply
    if body is None:
        data = b""
    elif isinstance(body, str):
        data = utf8(body)
    elif isinstance(body, bytes):
        data = body
    else:
        return message.result(ident, status, headers, '{"kind":"stream","bytes":null}', proxy), body
    if proxy is None and len(data) <= INLINE_BODY_BYTES:
        block = header_block(headers)
        # Headers within their maximum can be longer than it as JSON.
        if len(block) <= MAX_HEADERS_TOTAL_BYTES:
            return pack_answer(ident, status, block, data), None
    return _result_frames(ident, reply, data)


def _result_frames(ident, reply, data):
    """Where an answer frame cannot say it."""
    status, headers, _, proxy = reply
    if not data:
        return message.result(ident, status, headers, _none, proxy), None
    if len(data) <= INLINE_BODY_BYTES:
        try:
            wire = f'{{"kind":"text","text":{quote(data.decode())}}}'
            return message.result(ident, status, headers, wire, proxy), None
        except UnicodeDecodeError:
            pass
    return message.result(ident, status, headers, f'{{"kind":"stream","bytes":{len(data)}}}', proxy), data


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
