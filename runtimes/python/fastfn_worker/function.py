"""The loaded function as something to call with an event and the time left for it, whatever its adapter."""

from .handler_call import find_handler, is_async, plan_call


class Function:
    """`call(event, remaining_ms)` returns what the handler returned."""

    def __init__(self, module, load):
        self.env = load["env"]
        self.context = load["context"]
        self.context_parts = [(name, part) for name, part in self.context.items() if type(part) is dict]
        self.streams_body = load.get("streamBody", False)
        bind = _adapters[load["adapter"]]
        self.call, target = bind(module, load["handler"])
        self.is_async = is_async(target)


def _native(module, name):
    handler = find_handler(module, name)
    call = plan_call(handler)
    return lambda event, _remaining_ms: call(event), handler


def _aws_lambda(module, name):
    from .adapters.aws_lambda import bind

    return bind(find_handler(module, name))


def _cloudflare_worker(module, name):
    from .adapters.cloudflare_worker import bind

    return bind(module, name)


_adapters = {"native": _native, "aws-lambda": _aws_lambda, "cloudflare-worker": _cloudflare_worker}
