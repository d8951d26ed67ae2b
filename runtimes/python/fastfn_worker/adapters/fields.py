"""Reading an event's loosely typed parts, for the adapters."""


def text(value):
    """Text of a scalar; '' for nothing."""
    return "" if value is None else str(value)


def fields(value):
    """The dict itself, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def header(event, name, separator=", "):
    """A request header by its lower-case name; repeated ones joined; '' when absent."""
    value = fields(event.get("headers")).get(name)
    return separator.join(map(text, value)) if isinstance(value, list) else text(value)


def raw_target(event):
    """The request target as sent, or the path where that is missing."""
    return text(event.get("raw_path")) or text(event.get("path")) or "/"


def request_id(event):
    return text(fields(event.get("context")).get("request_id")) or text(event.get("id"))


def is_absolute(target):
    return target.lower().startswith(("http://", "https://"))
