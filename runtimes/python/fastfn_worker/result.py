"""What a handler returned → (status, headers, body, proxy), by the shorthand that all languages share (invocation
contract, section 9). `body` is None, str, bytes, or an iterator to be streamed. Promises that what it lets through
is accepted by the gateway; anything else is a ResultError, which is the handler's failure (HTTP 500)."""

from .headers import ResultError, content_type, header_lines, text_of
from .wire_json import encode

_envelope_keys = frozenset(
    ("status", "statusCode", "headers", "body", "body_base64", "is_base64", "isBase64Encoded", "proxy")
)
_status_keys = frozenset(("status", "statusCode"))
_content_keys = _envelope_keys - _status_keys
_base64_characters = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_json_type = {"content-type": "application/json"}
_bytes_type = {"content-type": "application/octet-stream"}
_bytes_types = (bytes, bytearray, memoryview)


class UndecodableBody(ResultError):
    """A body in a coding that it is not in. Told apart, because it is the answer that is bad and not the call."""


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
    if result.get("is_base64", result.get("isBase64Encoded")):
        return _checked_status(_written_status(result)), header_lines(result.get("headers")), _decoded_body(result), proxy
    return _envelope(_written_status(result), result.get("headers"), result.get("body"), proxy)


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
        return _from_text(_exact(result))
    if isinstance(result, _bytes_types):
        return 200, _bytes_type, bytes(result), None
    if isinstance(result, list):
        return 200, _json_type, encode(result), None
    if isinstance(result, (bool, int, float)):
        return _from_text(text_of(result))
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
    """`status` alone makes an answer only when it is an HTTP status, or when there is nothing else that it could be the
    status of: `{"status": "active"}` and `{"status": 1, "name": "x"}` are data, `{"status": 600}` is a mistake."""
    if not _content_keys.isdisjoint(result):
        return False
    status = _number_of(_written_status(result))
    if status is None:
        return True
    return not _is_http_status(status) and not _status_keys.issuperset(result)


def _written_status(result):
    status = result.get("status")
    return result.get("statusCode") if status is None else status


def _number_of(status):
    """The number that a handler wrote, as a number or as text; None when it is neither."""
    if isinstance(status, bool) or not isinstance(status, (int, float, str)):
        return None
    try:
        number = float(status)
    except (ValueError, OverflowError):
        return None
    return None if number != number else number


def _is_http_status(number):
    return 100 <= number <= 599 and number == int(number)


def _decoded_body(result):
    data = result.get("body_base64")
    if data is None and "is_base64" not in result:
        data = result.get("body")
    if isinstance(data, _bytes_types):
        return bytes(data)
    if not isinstance(data, str):
        raise ResultError("body_base64 must be a non-empty string when is_base64=true")
    return _decoded_base64(data)


def _decoded_base64(text):
    """Both alphabets, with or without padding, like the other languages."""
    from binascii import a2b_base64

    plain = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    if not _base64_characters.issuperset(plain) or len(plain) % 4 == 1:
        raise UndecodableBody("invalid body_base64")
    return a2b_base64(plain + "=" * (-len(plain) % 4))


def _envelope(status, headers, body, proxy):
    status = _checked_status(status)
    lines = header_lines(headers)
    if body is None or isinstance(body, str):
        return status, lines, _exact(body) if body else None, proxy
    if isinstance(body, _bytes_types):
        return status, _with_default(lines, _bytes_type), bytes(body), proxy
    if isinstance(body, (dict, list, tuple)):
        text = _csv(body) if "text/csv" in content_type(lines) else encode(body)
        return status, _with_default(lines, _json_type), text, proxy
    if is_stream(body):
        return status, lines, body, proxy
    return status, lines, text_of(body), proxy


def _exact(text):
    """The characters of a text of any class, whatever its own `__str__` makes of them."""
    return text if type(text) is str else str.__str__(text)


def _csv(rows):
    from .csv_text import to_csv

    return to_csv(rows)


def _with_default(lines, kind):
    if not lines:
        return kind
    return lines if content_type(lines) else {**lines, **kind}


def _checked_status(status):
    if status is None:
        return 200
    number = _number_of(status)
    if number is None or not _is_http_status(number):
        raise ResultError("status must be a valid HTTP code")
    return int(number)


def is_whole(reply):
    """Whether the body is there, not still to come."""
    body = reply[2]
    return body is None or isinstance(body, (str, bytes))


def is_stream(value):
    """Whether the pieces of a body come one by one: an iterator, an async iterator."""
    kind = type(value)
    return hasattr(kind, "__next__") or hasattr(kind, "__anext__")


def is_awaitable(value):
    """Whether the handler's result is still to come; also a generator made by types.coroutine."""
    if hasattr(type(value), "__await__"):
        return True
    code = getattr(value, "gi_code", None)
    return bool(code and code.co_flags & 0x100)
