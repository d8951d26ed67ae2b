"""Bytes on the connection and frames: 4-byte big-endian length, then a JSON message, a body chunk (0x01, u32 invocation
id, bytes) or, to the gateway only, an answer (src/protocol/messages.ts). Promises that no length is believed unchecked;
what a message says is left to others."""

from struct import Struct

from .limits import MAX_CHUNK_BYTES, MAX_FRAME_BYTES
from .wire_json import decode

_length = Struct(">I")
_chunk_head = Struct(">IBI")
_answer_head = Struct(">IBIHI")
_message_tag = 0x7B
_chunk_tag = 0x01
_chunk_prefix_bytes = 5
_answer_tag = 0x02
_answer_prefix_bytes = 11


class BadFrame(Exception):
    """The gateway does not speak the protocol; the connection cannot be read any further."""


class FrameReader:
    """Takes bytes as they arrive, gives what they mean: a dict for a message, a tuple (id, bytes) for a chunk."""

    __slots__ = ("_at", "_input")

    def __init__(self):
        self._input = b""
        self._at = 0

    def feed(self, data):
        if self._at == len(self._input):
            self._input = data
            self._at = 0
            return
        # A bytearray grows in place: a frame that arrives in many small pieces is not copied at each.
        if self._at or type(self._input) is bytes:
            self._input = bytearray(memoryview(self._input)[self._at :])
            self._at = 0
        self._input += data

    def next(self):
        """The next whole item, or None when more bytes are needed."""
        data = self._input
        start = self._at + 4
        if len(data) < start:
            return None
        length = _length.unpack_from(data, self._at)[0]
        if not 1 <= length <= MAX_FRAME_BYTES:
            raise BadFrame(f"frame of {length} bytes, accepted: 1 to {MAX_FRAME_BYTES}")
        end = start + length
        if len(data) < end:
            return None
        self._at = end
        tag = data[start]
        if tag == _message_tag:
            try:
                return decode(data[start:end])
            except (ValueError, RecursionError) as error:
                raise BadFrame(f"message is no JSON object in UTF-8: {error}") from None
        if tag == _chunk_tag:
            return _open_chunk(data, start, end)
        raise BadFrame(f"payload starts with byte {tag}")


def _open_chunk(data, start, end):
    size = end - start - _chunk_prefix_bytes
    if not 0 <= size <= MAX_CHUNK_BYTES:
        raise BadFrame(f"chunk of {size} bytes, accepted: 0 to {MAX_CHUNK_BYTES}")
    return _length.unpack_from(data, start + 1)[0], bytes(data[start + _chunk_prefix_bytes : end])


def pack(payload):
    """The frame of a message already encoded."""
    size = len(payload)
    if size > MAX_FRAME_BYTES:
        raise ValueError(f"message of {size} bytes, accepted: at most {MAX_FRAME_BYTES}")
    return _length.pack(size) + payload


def pack_chunk(ident, data):
    """The frame of one body chunk; no bytes = end of the body."""
    return _chunk_head.pack(len(data) + _chunk_prefix_bytes, _chunk_tag, ident) + data


def pack_answer(ident, status, block, body):
    """The frame of a whole answer; `block` is the JSON of its headers. Both are within their maximum already."""
    size = _answer_prefix_bytes + len(block) + len(body)
    return _answer_head.pack(size, _answer_tag, ident, status, len(block)) + block + body
