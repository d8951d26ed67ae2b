"""Finds the callable in a loaded module and decides, once, how it is called: with the event alone, with nothing, or
with path parameters as keyword arguments (invocation contract, section 6). Never calls twice."""

_coroutine_flags = 0x80 | 0x100 | 0x200  # CO_COROUTINE, CO_ITERABLE_COROUTINE, CO_ASYNC_GENERATOR
_var_positional = 0x04
_var_keyword = 0x08


class HandlerMissing(Exception):
    """The module offers no callable of the wanted name."""


def find_handler(module, name):
    """The attribute `name`, or `main` in place of a missing `handler`."""
    if not (name.isascii() and name.isidentifier()):
        raise HandlerMissing("invoke.handler must be a valid identifier")
    found = getattr(module, name, None)
    if not callable(found) and name == "handler":
        found = getattr(module, "main", None)
    if not callable(found):
        raise HandlerMissing(f"{name}(event) is required")
    return found


def is_async(function):
    """Whether calls end in an event loop: a coroutine or async generator function, however wrapped."""
    seen = 0
    while function is not None and seen < 32:
        if _is_async_code(function) or _is_async_code(getattr(type(function), "__call__", None)):
            return True
        function = getattr(function, "__wrapped__", None) or getattr(function, "func", None)
        seen += 1
    return False


def _is_async_code(function):
    function = getattr(function, "__func__", function)
    return bool(getattr(getattr(function, "__code__", None), "co_flags", 0) & _coroutine_flags)


def plan_call(function):
    """Returns `call(event)`, with the arguments decided by the signature."""
    signature = _plain_signature(function) or _inspected_signature(function)
    if signature is None:
        return function
    positional, names, takes_rest, takes_any = signature
    if takes_rest:
        return function
    if not positional:
        return lambda event: function()
    if takes_any:
        return lambda event: function(event, **_without(event.get("params"), positional[0]))
    if not names:
        return function
    return _calling_with(function, names)


def positional_count(function):
    """How many positional arguments to pass; None = as many as there are."""
    signature = _plain_signature(function) or _inspected_signature(function)
    if signature is None or signature[2]:
        return None
    return len(signature[0])


def _calling_with(function, names):
    def call(event):
        params = event.get("params")
        if not params:
            return function(event)
        return function(event, **{name: params[name] for name in names if name in params})

    return call


def _without(params, taken):
    """A path parameter named like the event's own parameter cannot be passed beside it."""
    return {name: value for name, value in params.items() if name != taken} if params else {}


def _plain_signature(function):
    """(positional names, names to inject, has *args, has **kw) of an ordinary function. `inspect` says the same but
    costs more than all other imports together."""
    bound = getattr(function, "__self__", None) is not None
    plain = getattr(function, "__func__", function)
    code = getattr(plain, "__code__", None)
    if code is None or hasattr(plain, "__wrapped__") or hasattr(plain, "__signature__"):
        return None
    count = code.co_argcount
    names = code.co_varnames
    positional = names[1 if bound else 0 : count]
    injectable = names[max(code.co_posonlyargcount, 2 if bound else 1) : count + code.co_kwonlyargcount]
    return positional, injectable, bool(code.co_flags & _var_positional), bool(code.co_flags & _var_keyword)


def _inspected_signature(function):
    import inspect

    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None  # Some built-ins do not tell: they get the event.
    kinds = [parameter.kind for parameter in parameters]
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    positional = [parameter.name for parameter in parameters if parameter.kind in by_position]
    injectable = [
        parameter.name
        for index, parameter in enumerate(parameters)
        if parameter.kind in by_name and (index > 0 or parameter.kind is inspect.Parameter.KEYWORD_ONLY)
    ]
    rest = inspect.Parameter.VAR_POSITIONAL in kinds
    return positional, injectable, rest, inspect.Parameter.VAR_KEYWORD in kinds
