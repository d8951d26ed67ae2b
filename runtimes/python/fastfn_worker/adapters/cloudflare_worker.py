"""Runs handlers written as fetch(request, env, ctx) (invocation contract, 8.3)."""

import sys
import time

from ..background import run_in_background
from ..event import body_bytes
from ..failure import error_text
from ..handler_call import HandlerMissing, positional_count
from ..wire_json import encode
from .fields import fields, header, is_absolute, raw_target, request_id, text


def bind(module, name):
    """`fetch`, or else the configured name; gets as many of its three arguments as it declares."""
    handler = getattr(module, "fetch", None)
    if not callable(handler):
        handler = getattr(module, name, None)
    if not callable(handler):
        raise HandlerMissing("cloudflare-worker adapter requires fetch(request, env, ctx)")
    count = positional_count(handler)
    count = 3 if count is None else min(count, 3)

    def call(event, _remaining_ms):
        return handler(*(Request(event), event["env"], Context(request_id(event)))[:count])

    return call, handler


class Request:
    """The request as such handlers read it; `body` is bytes."""

    def __init__(self, event):
        self.method = (text(event.get("method")) or "GET").upper()
        self.headers = dict(fields(event.get("headers")))
        self.url = _url(event)
        self.body = body_bytes(event)

    async def text(self):
        return self.body.decode("utf-8", "replace")

    async def json(self):
        """The parsed body; None when there is none."""
        import json

        return json.loads(self.body) if self.body.strip() else None


class Context:
    """The third argument: `waitUntil` lets work go on after the answer."""

    def __init__(self, ident):
        self.request_id = self.requestId = ident

    def wait_until(self, work):
        """Runs an awaitable without holding up the answer; a failure is one line in the log."""
        try:
            run_in_background(_reported(work, self.request_id))
        except Exception as failure:
            _report("wait_until_schedule_error", self.request_id, failure)

    def pass_through_on_exception(self):
        """Does nothing: there is no origin behind a function."""

    waitUntil = wait_until
    passThroughOnException = pass_through_on_exception


async def _reported(work, ident):
    try:
        await work
    except BaseException as failure:
        _report("wait_until_rejection", ident, failure)


def _report(event, ident, failure):
    line = {
        "t": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "component": "python_worker",
        "event": event,
        "request_id": ident,
        "error": error_text(failure),
    }
    sys.stderr.write(encode(line) + "\n")


def _url(event):
    target = raw_target(event)
    if is_absolute(target):
        return target
    # Not x-forwarded-proto: anybody may send that. This is what a trusted proxy said.
    forwarded = fields(fields(event.get("context")).get("forwarded"))
    scheme = text(forwarded.get("proto")) or "http"
    host = text(forwarded.get("host")) or header(event, "host") or "127.0.0.1"
    slash = "" if target.startswith("/") else "/"
    return f"{scheme}://{host}{slash}{target}"
