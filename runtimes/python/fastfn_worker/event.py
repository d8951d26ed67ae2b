"""The event as a handler sees it: the gateway's event plus body and environment. Every key is
always there; None means absent; a body that is no UTF-8 comes as `body_base64`, one that is read while it arrives as a file."""


def build_event(message, data, function):
    """`data` is the whole body in bytes when it came as chunks, the file to read it from where the handler reads it itself,
    else None. The handler owns what it is given."""
    event = message["event"]
    body = message["body"]
    event["body"] = body["text"] if body["kind"] == "text" else None
    event["is_base64"] = False
    event["body_base64"] = None
    if type(data) is bytes:
        _set_bytes(event, data)
    elif data is not None:
        event["body"] = data
    incoming = event.get("env")
    env = function.env
    event["env"] = {**incoming, **env} if incoming else env.copy()
    event["context"] = _own_context(function, event.get("context", {}))
    return event


def _own_context(function, of_call):
    # What one handler changes in it must not reach the next.
    context = function.context.copy()
    for name, part in function.context_parts:
        context[name] = part.copy()
    context.update(of_call)
    return context


def _set_bytes(event, data):
    if not data:
        return
    try:
        event["body"] = data.decode()
    except UnicodeDecodeError:
        from binascii import b2a_base64

        event["body"] = None
        event["is_base64"] = True
        event["body_base64"] = b2a_base64(data, newline=False).decode()


def body_bytes(event):
    """The body's bytes again, for adapters whose handlers want bytes."""
    if event["is_base64"]:
        from binascii import a2b_base64

        return a2b_base64(event["body_base64"])
    return (event["body"] or "").encode()
