"""What a handler returned → (status, headers, body, proxy), by the shorthand that all languages share (invocation
contract, section 9). `body` is None, str, bytes, or an iterator to be streamed. Promises that what it lets through
is accepted by the gateway; anything else is a ResultError, which is the handler's failure (HTTP 500)."""

from .limits import MAX_HEADER_BYTES, MAX_HEADERS_TOTAL_BYTES, MAX_RESULT_HEADERS
from .wire_json import encode

_envelope_keys = frozenset(
    ("status", "statusCode", "headers", "body", "body_base64", "is_base64", "isBase64Encoded", "proxy")
)
# A `status` that is no number means data, unless one of these says that an answer was meant.
_answer_keys = _envelope_keys - {"status", "statusCode"}
# RFC 9110 5.6.2 token.
_token_characters = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_json_type = {"content-type": "application/json"}
_bytes_types = (bytes, bytearray, memoryview)


class ResultError(Exception):
    """The handler returned something that is no answer."""


def to_reply(result):
    """The reply that a handler's result stands for."""
    kind = type(result)
    if kind is dict:
        return _from_dict(result)
    if result is None or kind is str:
        return _from_text(result)
    if kind is list:
        return 200, _json_type, encode(result), None
    return _from_other(result)


def _from_dict(result):
    if _envelope_keys.isdisjoint(result) or _is_data(result):
        return 200, _json_type, encode(result), None
    proxy = result.get("proxy")
    if proxy is not None and not isinstance(proxy, dict):
        raise ResultError("proxy must be an object when provided")
    status = result.get("status")
    if status is None:
        status = result.get("statusCode")
    return _envelope(status, result.get("headers"), _body_of(result), proxy)


def _from_text(text):
    if not text:
        return 200, {}, None, None
    head = text.strip().lower()
    is_html = head.startswith(("<!doctype html", "<html")) or "<body" in head or "</html>" in head
    kind = "text/html" if is_html else "text/plain"
    return 200, {"content-type": f"{kind}; charset=utf-8"}, text, None


def _from_other(result):
    if isinstance(result, tuple):
        body, status, headers = (*result[:3], *(None, None, None)[len(result) :])
        return _envelope(status, headers, body, None)
    if isinstance(result, dict):
        return _from_dict(result)
    if isinstance(result, str):
        return _from_text(str(result))
    if isinstance(result, _bytes_types):
        return 200, {"content-type": "application/octet-stream"}, bytes(result), None
    if isinstance(result, list):
        return 200, _json_type, encode(result), None
    if isinstance(result, (bool, int, float)):
        return _from_text(_text_of(result))
    if any(hasattr(result, name) for name in ("status", "headers", "body")):
        return _from_object(result)
    if is_stream(result):
        return 200, {}, result, None
    raise ResultError(f"handler response must be an object or tuple, found {type(result).__name__}")


def _from_object(result):
    status = getattr(result, "status", None)
    headers = getattr(result, "headers", None)
    return _envelope(
        status if isinstance(status, int) else None,
        headers if isinstance(headers, dict) else None,
        getattr(result, "body", None),
        None,
    )


def _is_data(result):
    """`{"status": "active"}` is data; `{"status": 700}` is an answer with a fault."""
    if not _answer_keys.isdisjoint(result):
        return False
    status = result.get("status")
    if status is None:
        status = result.get("statusCode")
    return not _is_number(status)


def _is_number(value):
    if isinstance(value, str):
        digits = value.strip()
        return digits.isascii() and digits.removeprefix("-").isdigit()
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _body_of(result):
    flag = "is_base64" if "is_base64" in result else "isBase64Encoded"
    if not result.get(flag):
        return result.get("body")
    data = result.get("body_base64")
    if data is None and flag == "isBase64Encoded":
        data = result.get("body")
    if isinstance(data, _bytes_types):
        return bytes(data)
    if not isinstance(data, str):
        raise ResultError("body_base64 must be a non-empty string when is_base64=true")
    from binascii import a2b_base64

    try:
        return a2b_base64(data)
    except ValueError as error:
        raise ResultError(f"body_base64 must be base64: {error}") from None


def _envelope(status, headers, body, proxy):
    lines = {} if headers is None else _checked_headers(headers)
    status = _checked_status(status)
    if body is None or isinstance(body, str):
        return status, lines, body or None, proxy
    if isinstance(body, _bytes_types):
        return status, lines, bytes(body), proxy
    if isinstance(body, (dict, list, tuple)):
        return status, *_structured(lines, body), proxy
    if is_stream(body):
        return status, lines, body, proxy
    return status, lines, _text_of(body), proxy


def _structured(lines, body):
    name = next((name for name in lines if name.lower() == "content-type"), None)
    if name is None:
        return {**lines, **_json_type}, encode(body)
    if "text/csv" in str(lines[name]).lower():
        from .csv_text import to_csv

        return lines, to_csv(body)
    return lines, encode(body)


def _checked_status(status):
    if status is None:
        return 200
    if _is_number(status):
        value = float(status) if isinstance(status, str) else status
        if value == value // 1 and 100 <= value <= 599:
            return int(value)
    raise ResultError("status must be a valid HTTP code")


def _checked_headers(headers):
    if not isinstance(headers, dict):
        raise ResultError("headers must be an object")
    lines = {}
    for name, value in headers.items():
        if value is None:
            continue
        if isinstance(value, (list, tuple)):
            lines[str(name)] = [_text_of(item) for item in value if item is not None]
        else:
            lines[str(name)] = _text_of(value)
    _refuse_unsendable(lines)
    return lines


def _refuse_unsendable(lines):
    count = total = 0
    for name, value in lines.items():
        if not name or not _token_characters.issuperset(name):
            raise ResultError("header name must be a token")
        for line in value if type(value) is list else (value,):
            size = len(name) + len(line)
            count += 1
            total += size
            if size > MAX_HEADER_BYTES:
                raise ResultError(f"header {name} is over {MAX_HEADER_BYTES} bytes")
            if not (line.isascii() and line.isprintable()) and any(map(_is_unsendable, line)):
                raise ResultError(f"header {name} has a control or wide character")
    if count > MAX_RESULT_HEADERS or total > MAX_HEADERS_TOTAL_BYTES:
        raise ResultError(f"headers are over {MAX_RESULT_HEADERS} lines or {MAX_HEADERS_TOTAL_BYTES} bytes")


def _is_unsendable(character):
    """RFC 9110 5.5: CR, LF and NUL would split the answer; beyond U+00FF nothing can be sent."""
    return character != "\t" and not (" " <= character <= "~" or "\x80" <= character <= "\xff")


def _text_of(value):
    """Text as the other languages write it: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_stream(value):
    """Whether the pieces of a body come one by one: an iterator, an async iterator."""
    kind = type(value)
    return hasattr(kind, "__next__") or hasattr(kind, "__anext__")


def is_awaitable(value):
    """Whether the handler's result is still to come; also a generator made by types.coroutine."""
    code = getattr(value, "gi_code", None)
    return hasattr(type(value), "__await__") or bool(code and code.co_flags & 0x100)
