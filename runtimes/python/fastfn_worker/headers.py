"""A handler's headers as lines that can be sent: text, checked, bounded. The gateway checks again; here a bad header is
the handler's failure, with a message that names it."""

from .limits import MAX_HEADER_BYTES, MAX_HEADERS_TOTAL_BYTES, MAX_RESULT_HEADERS
from .wire_json import encode, quote, utf8

# Functions mostly answer with the same few headers: those are checked once, and encoded once.
_most_known = 64
_longest_known = 512
_known_lines = {}
_known_blocks = {}
_texts_alone = frozenset((str,))

# RFC 9110 5.6.2 token.
_token_characters = frozenset("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


class ResultError(Exception):
    """The handler returned something that is no answer."""


def header_lines(headers):
    """Text, or a list of texts for a repeated header. None values are left out; ResultError for what cannot be sent.
    The caller must not change what it gets."""
    if headers is None:
        return {}
    if not isinstance(headers, dict):
        raise ResultError("headers must be an object")
    # Of any other type what is equal need not be the same text: 1 and True.
    if not (_texts_alone.issuperset(map(type, headers)) and _texts_alone.issuperset(map(type, headers.values()))):
        return _checked_lines(headers)
    items = tuple(headers.items())
    lines = _known_lines.get(items)
    if lines is None:
        lines = _checked_lines(headers)
        _remember(_known_lines, items, lines)
    return lines


def header_block(lines):
    """The JSON of checked headers in an answer frame."""
    try:
        items = tuple(lines.items())
        block = _known_blocks.get(items)
    except TypeError:  # A list of repeated lines has no hash.
        return utf8(encode(lines))
    if block is None:
        block = utf8(encode(lines))
        _remember(_known_blocks, items, block)
    return block


def _remember(known, items, value):
    """What is never the same twice must not fill the memory."""
    if sum(len(name) + len(line) for name, line in items) > _longest_known:
        return
    if len(known) >= _most_known:
        known.clear()
    known[items] = value


def _checked_lines(headers):
    lines = {}
    for name, value in headers.items():
        if isinstance(value, (list, tuple)):
            lines[str(name)] = [text_of(item) for item in value if item is not None]
        elif value is not None:
            lines[str(name)] = text_of(value)
    _refuse_unsendable(lines)
    return lines


def content_type(lines):
    """In lower case; '' when there is none."""
    for name, value in lines.items():
        if name.lower() == "content-type":
            return str(value).lower()
    return ""


def text_of(value):
    """Text as the other languages write it: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refuse_unsendable(lines):
    count = total = 0
    for name, value in lines.items():
        if not name or not _token_characters.issuperset(name) or name == "__proto__":
            raise ResultError(f"cannot send a header named {quote(name)}")
        for line in value if type(value) is list else (value,):
            size = len(name) + len(line)
            count += 1
            total += size
            if size > MAX_HEADER_BYTES:
                raise ResultError(f"cannot send header {name}: over {MAX_HEADER_BYTES} bytes")
            if not (line.isascii() and line.isprintable()) and any(map(_is_unsendable, line)):
                raise ResultError(f"cannot send header {name}: a control or wide character in it")
    if count > MAX_RESULT_HEADERS:
        raise ResultError(f"cannot send {count} header lines: at most {MAX_RESULT_HEADERS}")
    if total > MAX_HEADERS_TOTAL_BYTES:
        raise ResultError(f"cannot send headers over {MAX_HEADERS_TOTAL_BYTES} bytes")


def _is_unsendable(character):
    """RFC 9110 5.5: CR, LF and NUL would split the answer; beyond U+00FF nothing can be sent."""
    return character != "\t" and not (" " <= character <= "~" or "\x80" <= character <= "\xff")
