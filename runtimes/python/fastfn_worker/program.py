"""A worker's life: load one function, say whether it is ready, serve it until the gateway goes away. Everything that
can fail before the first call is told to the gateway in one `load_failed`."""

import gc
import sys
from os import _exit as exit_now

from . import message
from .connection import Connection, exit_when_peer_is_gone
from .failure import end_process, error_detail, load_error_text
from .function import Function
from .loader import load_module, prepare_process
from .output import Output

_gateway_descriptor = 3
_protocol = 1


def run():
    """Never returns: ends the process."""
    connection = Connection(_gateway_descriptor)
    load = connection.receive()
    if type(load) is not dict or load.get("type") != "load" or load.get("protocol") != _protocol:
        sys.exit("cannot run the worker: the first message must be a load of protocol 1")
    output = Output(load["maxOutputBytes"], connection.send)
    try:
        worker = _load(load, connection, output)
    except BaseException as failure:
        output.loose.flush()
        connection.send(message.load_failed(load_error_text(failure, load["root"]), error_detail(failure)))
        exit_now(1)
    output.loose.flush()
    # What is loaded by now stays: the collector need not look at it again.
    gc.freeze()
    connection.send(message.ready(worker.concurrency, "%d.%d.%d" % sys.version_info[:3]))
    try:
        worker.serve()
    except BaseException as failure:
        end_process(failure)


def _load(load, connection, output):
    output.install()
    prepare_process(load)
    if load["strict"]:
        from .guard import install_guard

        install_guard(load)
    function = Function(load_module(load["entry"]), load)
    exit_when_peer_is_gone(_gateway_descriptor)
    return _worker_class(function)(connection, function, output)


def _worker_class(function):
    """Only the one that is needed: asyncio takes longer to import than all else together."""
    if function.is_async:
        from .async_worker import AsyncWorker

        return AsyncWorker
    from .sync_worker import SyncWorker

    return SyncWorker
