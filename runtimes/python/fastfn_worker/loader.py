"""Loads the one function of this process: environment, import path, module. Promises that user code finds nothing of
the worker in `__main__`, `sys.argv` or on the import path."""

import _frozen_importlib
import _frozen_importlib_external
import os
import sys

_ModuleType = type(sys)


def prepare_process(load):
    """What user code can see of its process, before any of it runs."""
    for name, value in load["env"].items():
        # What an environment cannot hold is still in event["env"].
        if name and "=" not in name and "\0" not in name and "\0" not in value:
            os.environ[name] = value
    sys.argv = [load["entry"]]
    sys.orig_argv = [sys.executable]
    sys.modules["__main__"] = _ModuleType("__main__")
    sys.path += _import_folders(load)
    _offer_exit()


def load_module(entry):
    """Runs the file, whatever its name (`[id].py`), and returns its module."""
    name = _module_name(entry)
    loader = _frozen_importlib_external.SourceFileLoader(name, entry)
    spec = _frozen_importlib_external.spec_from_file_location(name, entry, loader=loader)
    module = _frozen_importlib.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _import_folders(load):
    """After the standard library, on purpose: in a routes folder `token.py` or `email.py` is an URL, and must not
    break whatever in the library imports a module of that name."""
    folder = load["entry"].rpartition("/")[0]
    own = [load["root"], *([folder] if folder != load["root"] else [])]
    dependencies = [f"{folder}/.deps"]
    # `[id]` folders share what the folder above them has installed.
    parent, _, name = folder.rpartition("/")
    if name.startswith("[") and name.endswith("]"):
        dependencies.append(f"{parent}/.deps")
    return own + [path for path in dependencies if os.path.isdir(path)] + load["dependencies"]


def _module_name(entry):
    stem = entry.rpartition("/")[2].removesuffix(".py")
    free = stem.isidentifier() and stem not in sys.modules and stem not in sys.stdlib_module_names
    return stem if free else "fastfn_function"


def _offer_exit():
    """`exit` and `quit` come from the site module, which is not loaded; scripts moved into handlers use them."""
    import builtins

    builtins.exit = builtins.quit = sys.exit
