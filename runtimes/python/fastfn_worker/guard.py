"""Friendly errors in front of the jail: an audit hook that names what the sandbox refuses, in the words of the sandbox
contract, section 6. The kernel's rules enforce; where this hook cannot tell, it lets pass. It hears of opens, listings
and process starts, in every thread; nothing on the path of a call raises such an event."""

import os
import sys

# The gateway and the other languages keep the same list.
_protected_names = frozenset(
    ("fn.config.json", "fn.env.json", "fn.routes.json", "fn.test_events.json", "fastfn.json")
)
_subprocess_refusal = "subprocess disabled by strict function sandbox"
# What the jail grants every worker of the host itself.
_system_roots = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
    "/etc/crypto-policies",
    "/usr/share",
    "/usr/local/share",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/mime.types",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/sys/devices/system/cpu",
    "/dev/zero",
    "/dev/random",
    "/dev/urandom",
)
_certificate_variables = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_write_flags = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def install_guard(load):
    """From here on until the end of the process; an audit hook cannot be taken out again."""
    checks = _checks(_Roots(load))

    def hook(event, args, find=checks.get):
        check = find(event)
        if check is not None:
            check(args)

    sys.addaudithook(hook)


class _Roots:
    """Where a function may read and write, as the load message grants it."""

    def __init__(self, load):
        writable = [*load["writable"], "/dev/null"]
        worker = os.path.dirname(__file__)
        runtime = [sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.__file__), worker]
        self._list_only = _with_links_resolved([load["root"]])
        self._write = _with_links_resolved(writable)
        operator = [os.environ.get(name, "") for name in _certificate_variables]
        self._read = _with_links_resolved([*load["readable"], *writable, *runtime, *operator, *_system_roots])

    def check_read(self, path):
        self._check(path, self._read)

    def check_write(self, path):
        self._check(path, self._write)

    def check_list(self, path):
        self._check(path, self._read, self._list_only)

    def _check(self, path, below, exact=frozenset()):
        """`path` as given to the system call; descriptors and None (the current folder) pass."""
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        shown = os.path.abspath(os.fsdecode(path))
        real = os.path.realpath(shown)
        if not (_is_below(real, self._write) or _protected_names.isdisjoint((_name(shown), _name(real)))):
            raise PermissionError(f"access to protected function config/env file denied: {shown}")
        if not (_is_below(real, below) or real in exact):
            raise PermissionError(f"path outside strict function sandbox: {shown}")


def _checks(roots):
    def on_open(args):
        path, mode, flags = args
        # os.open() gives no mode, and hides the folder descriptor that a relative path may count from.
        if mode is None and isinstance(path, (str, bytes)) and not os.path.isabs(path):
            return
        if isinstance(flags, int) and flags & _write_flags:
            roots.check_write(path)
        else:
            roots.check_read(path)

    def on_change(args):
        # (path, …, dir_fd): beside a folder descriptor a relative path says nothing.
        if isinstance(args[-1], int) and args[-1] != -1 and len(args) > 1 and not os.path.isabs(args[0]):
            return
        roots.check_write(args[0])

    def on_pair(args):
        source, target, *folders = args
        if all(folder == -1 for folder in folders):
            roots.check_write(source)
            roots.check_write(target)

    checks = {
        "open": on_open,
        "os.listdir": lambda args: roots.check_list(args[0]),
        "os.scandir": lambda args: roots.check_list(args[0]),
        "os.mkdir": on_change,
        "os.rmdir": on_change,
        "os.remove": on_change,
        "os.truncate": lambda args: roots.check_write(args[0]),
        "os.rename": on_pair,
        "os.link": on_pair,
        "os.symlink": lambda args: on_change(args[1:]),
        "os.system": _refuser("os.system disabled by strict function sandbox"),
        "ctypes.dlopen": _library_check(roots),
    }
    for event in ("subprocess.Popen", "os.posix_spawn", "os.spawn", "os.exec", "os.fork", "os.forkpty", "pty.spawn"):
        checks[event] = _refuser(_subprocess_refusal)
    return checks


def _refuser(text):
    def refuse(_args):
        raise PermissionError(text)

    return refuse


def _library_check(roots):
    """A dependency may load the libraries it brought along; the C library would be a way to everything. Importing
    ctypes opens the program itself (no name), once."""
    unnamed_opens = []

    def check(args):
        name = args[0]
        if name is None and not unnamed_opens:
            unnamed_opens.append(name)
            return
        path = os.fsdecode(name) if name else ""
        if "/" not in path or path.startswith(("/usr/", "/lib")):
            raise PermissionError("ctypes disabled by strict function sandbox")
        roots.check_read(path)

    return check


def _with_links_resolved(paths):
    found = set()
    for path in paths:
        if path.startswith("/") and path != "/":
            found.add(os.path.realpath(path))
    return frozenset(found)


def _is_below(path, roots):
    while path not in roots:
        cut = path.rfind("/")
        if cut <= 0:
            return False
        path = path[:cut]
    return True


def _name(path):
    return path.rpartition("/")[2]
