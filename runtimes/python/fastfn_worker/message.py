"""The messages that a worker sends, as frames; each text is cut to the maximum that the gateway accepts. The fields
are those of src/protocol/messages.ts."""

from .frame import pack
from .limits import MAX_ERROR_TEXT_BYTES
from .wire_json import encode, quote, utf8


def ready(concurrency, version):
    return pack(utf8(f'{{"type":"ready","concurrency":{concurrency},"runtime_version":{quote(version)}}}'))


def load_failed(error, detail):
    line = " ".join(error.split())
    return pack(utf8(f'{{"type":"load_failed","error":{_bounded(line)},"detail":{_bounded_tail(detail)}}}'))


def error(ident, text, detail, undecodable=False):
    texts = f'"error":{_bounded(text)},"detail":{_bounded_tail(detail)}'
    mark = ',"undecodable":true' if undecodable else ""
    return pack(utf8(f'{{"type":"error","id":{ident},{texts}{mark}}}'))


def log(ident, stream, text):
    return pack(utf8(f'{{"type":"log","id":{ident},"stream":"{stream}","text":{quote(text)}}}'))


def pong(n):
    return pack(utf8(f'{{"type":"pong","n":{int(n)}}}'))


def credit(ident, count):
    return pack(utf8(f'{{"type":"credit","id":{ident},"bytes":{count}}}'))


def result(ident, status, headers, body, proxy=None):
    """`body` is the JSON of a WireBody; the rest are plain values. ValueError when it fits no frame."""
    lines = encode(headers) if headers else "{}"
    directive = "" if proxy is None else f',"proxy":{encode(proxy)}'
    return pack(
        utf8(f'{{"type":"result","id":{ident},"status":{status},"headers":{lines},"body":{body}{directive}}}')
    )


def _bounded(text):
    data = utf8(text)
    if len(data) > MAX_ERROR_TEXT_BYTES:
        data = data[: MAX_ERROR_TEXT_BYTES - 3] + b"..."
    return quote(data.decode("utf-8", "ignore"))


def _bounded_tail(text):
    """Keeps the end: that is where a traceback says what happened."""
    data = utf8(text)
    if len(data) > MAX_ERROR_TEXT_BYTES:
        data = b"..." + data[3 - MAX_ERROR_TEXT_BYTES :]
    return quote(data.decode("utf-8", "ignore"))
