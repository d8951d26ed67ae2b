"""Runs AWS Lambda handlers unchanged: API Gateway payload 2.0 in, Lambda context beside it (invocation contract, 8.1
and 8.2; field names are those of the AWS documentation)."""

import time

from ..handler_call import positional_count
from .fields import fields, header, is_absolute, raw_target, request_id, text

_months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def bind(handler):
    """`call(event, remaining_ms)` passes as many of (event, context) as the handler declares."""
    count = positional_count(handler)
    count = 2 if count is None else min(count, 2)

    def call(event, remaining_ms):
        return handler(*(lambda_event(event), LambdaContext(event, remaining_ms))[:count])

    return call, handler


def lambda_event(event):
    target, mark, sent_query = raw_target(event).partition("?")
    path = target if target.startswith("/") or is_absolute(target) else f"/{target}"
    method = (text(event.get("method")) or "GET").upper()
    query = fields(event.get("query"))
    cookies = [cookie.strip() for cookie in header(event, "cookie", "; ").split(";")]
    return {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": sent_query if sent_query else _encoded(query),
        "cookies": [cookie for cookie in cookies if cookie] or None,
        "headers": _joined(fields(event.get("headers"))),
        "queryStringParameters": _joined(query) or None,
        "pathParameters": _joined(fields(event.get("params"))) or None,
        "requestContext": _request_context(event, method, path),
        "body": event["body_base64"] if event["is_base64"] else event["body"] or "",
        "isBase64Encoded": event["is_base64"],
    }


def _request_context(event, method, path):
    client = fields(event.get("client"))
    epoch = event.get("ts")
    if not isinstance(epoch, (int, float)):
        epoch = int(time.time() * 1000)
    host = header(event, "host")
    return {
        "accountId": "fastfn",
        "apiId": "fastfn",
        "domainName": host,
        "domainPrefix": host.partition(".")[0],
        "http": {
            "method": method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": text(client.get("ip")),
            "userAgent": text(client.get("ua")),
        },
        "requestId": request_id(event),
        "routeKey": f"{method} {path}",
        "stage": "$default",
        "time": _access_log_time(epoch),
        "timeEpoch": epoch,
    }


class LambdaContext:
    """The second argument of a Lambda handler, in both spellings that are in use."""

    callback_waits_for_empty_event_loop = False

    def __init__(self, event, remaining_ms):
        context = fields(event.get("context"))
        self.aws_request_id = self.awsRequestId = request_id(event)
        self.function_name = self.functionName = text(context.get("function_name"))
        self.function_version = self.functionVersion = text(context.get("version")) or "$LATEST"
        self.invoked_function_arn = text(context.get("invoked_function_arn"))
        self.memory_limit_in_mb = self.memoryLimitInMB = text(context.get("memory_limit_in_mb"))
        self.fastfn = event.get("context")
        self._deadline = time.monotonic() + remaining_ms / 1000

    def get_remaining_time_in_millis(self):
        """Milliseconds until the deadline, never negative."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))

    def done(self, *_ignored):
        """Does nothing: the return value is the answer."""

    fail = succeed = done


def _joined(values):
    """AWS joins repeated headers and query keys with a comma. A key without a value (`?a`) is true here and '' there."""
    return {
        name: ",".join("" if item is True else text(item) for item in (value if isinstance(value, list) else [value]))
        for name, value in values.items()
        if value is not None
    }


def _encoded(query):
    if not query:
        return ""
    from urllib.parse import urlencode

    pairs = [
        (name, "" if item is True else text(item))
        for name, value in query.items()
        for item in (value if isinstance(value, list) else [value])
        if item is not None
    ]
    return urlencode(pairs)


def _access_log_time(epoch):
    """`12/Mar/2020:19:03:58 +0000`, whatever the locale says."""
    at = time.gmtime(epoch / 1000)
    return f"{at.tm_mday:02}/{_months[at.tm_mon - 1]}/{at.tm_year}:{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} +0000"
