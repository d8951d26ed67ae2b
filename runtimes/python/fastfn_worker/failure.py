"""What an exception of user code says: one text for the answer, a traceback for the log. Promises an answer for any
exception, also one whose own text fails."""

import sys
from os import _exit as exit_now

from . import message
from .handler_call import HandlerMissing
from .result import UndecodableBody

_package = __file__.rpartition("/")[0]


def error_frame(ident, failure, text=None):
    """The `error` message that a failed call owes; `text` in place of the failure's own."""
    text = error_text(failure) if text is None else text
    return message.error(ident, text, error_detail(failure), isinstance(failure, UndecodableBody))


def error_text(failure):
    """`str(exc)`, or the type's name when that says nothing."""
    if isinstance(failure, SystemExit):
        return "handler exited"
    try:
        return str(failure) or type(failure).__name__
    except BaseException:
        return type(failure).__name__


def error_detail(failure):
    """The traceback from user code on; the worker's own frames before it are left out."""
    try:
        import traceback

        return "".join(traceback.format_exception(type(failure), failure, _user_frames(failure)))
    except BaseException:
        return type(failure).__name__


def load_error_text(failure, root):
    """One line for a module that could not be loaded; a syntax error says where, relative to the function's folder."""
    name = type(failure).__name__
    if isinstance(failure, SystemExit):
        return "module exited while it was loaded"
    if isinstance(failure, SyntaxError) and failure.filename:
        place = failure.filename.removeprefix(root.rstrip("/") + "/")
        return f"{name}: {failure.msg} ({place}:{failure.lineno})"
    text = error_text(failure)
    return text if text == name or isinstance(failure, HandlerMissing) else f"{name}: {text}"


def end_process(failure):
    """For a fault of the protocol or of the connection: nothing sensible can be sent any more. Never returns."""
    try:
        sys.__stderr__.write(f"cannot go on: {error_detail(failure)}\n")
        sys.__stderr__.flush()
    finally:
        exit_now(1)


def _user_frames(failure):
    frames = failure.__traceback__
    while frames is not None and _is_machinery(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return frames or failure.__traceback__


def _is_machinery(file):
    return file.startswith((_package, "<frozen importlib"))
