"""A body of rows as CSV, for answers whose content type asks for it; the same text in every language."""

from .wire_json import encode


def to_csv(value):
    """Lists are rows, dicts are rows under a header row of the first one's keys; LF between rows."""
    rows = [value] if isinstance(value, dict) else list(value)
    if not rows or rows == [{}]:
        return ""
    if isinstance(rows[0], dict):
        keys = list(rows[0])
        rows = [keys, *([row.get(key) if isinstance(row, dict) else None for key in keys] for row in rows)]
    return "\n".join(",".join(map(_cell, row if isinstance(row, (list, tuple)) else [row])) for row in rows)


def _cell(value):
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = encode(value) if isinstance(value, (dict, list, tuple)) else str(value)
    if any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
