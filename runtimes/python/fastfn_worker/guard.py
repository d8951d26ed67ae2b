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
_package = os.path.dirname(__file__)
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
        runtime = (sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.__file__), _package)
        operator = [os.environ[name] for name in _certificate_variables if name in os.environ]
        self._root = load["root"]
        self._write = _Folders((*load["writable"], "/dev/null"))
        readable = (*load["readable"], *load["writable"], *runtime, *operator, *_system_roots, "/dev/null")
        self._read = _Folders(readable)
        self._list = _Folders((*readable, load["root"]))

    def check_read(self, path):
        shown = self._unprotected(path)
        # What is not there is not refused: programs look for optional files.
        if shown and not self._read.hold(shown) and not self._is_missing(shown):
            _refuse_path(shown)

    def check_write(self, path):
        shown = self._unprotected(path)
        if shown and not self._write.hold(shown):
            _refuse_path(shown)

    def check_list(self, path):
        shown = self._unprotected(path)
        if shown and not self._list.hold(shown):
            _refuse_path(shown)

    def _unprotected(self, path):
        """The absolute path; None for descriptors and for no path (the current folder), which pass."""
        if not isinstance(path, (str, bytes, os.PathLike)):
            return None
        shown = os.path.abspath(os.fsdecode(path))
        if shown.rpartition("/")[2] in _protected_names and not self._write.hold(shown):
            raise PermissionError(f"access to protected function config/env file denied: {shown}")
        return shown

    def _is_missing(self, path):
        return path.startswith(f"{self._root}/") and not os.path.lexists(path)


class _Folders:
    """Files and folders with all that is below. Links are only looked into for a path that would be refused: a link
    out of these folders is the kernel's to refuse."""

    def __init__(self, paths):
        self._given = frozenset(path.rstrip("/") or "/" for path in paths if path.startswith("/"))
        self._resolved = None

    def hold(self, path):
        if _is_below(path, self._given):
            return True
        if self._resolved is None:
            self._resolved = frozenset(map(os.path.realpath, self._given))
        return _is_below(os.path.realpath(path), self._resolved)


def _refuse_path(path):
    raise PermissionError(f"path outside strict function sandbox: {path}")


def _checks(roots):
    """What is done at each audit event: the arguments are those of the Python documentation's table of events."""
    on_change = _change_check(roots)
    checks = {
        "open": _open_check(roots),
        "os.listdir": lambda args: roots.check_list(args[0]),
        "os.scandir": lambda args: roots.check_list(args[0]),
        "os.truncate": lambda args: roots.check_write(args[0]),
        "os.rename": _pair_check(roots),
        "os.link": _pair_check(roots),
        "os.symlink": lambda args: on_change(args[1:]),
        "os.system": _refuser("os.system disabled by strict function sandbox"),
        "ctypes.dlopen": _library_check(roots),
    }
    for event in ("os.mkdir", "os.rmdir", "os.remove", "os.chmod", "os.chown", "os.utime"):
        checks[event] = on_change
    for event in ("subprocess.Popen", "os.posix_spawn", "os.spawn", "os.exec", "os.fork", "os.forkpty", "pty.spawn"):
        checks[event] = _refuser(_subprocess_refusal)
    return checks


def _open_check(roots):
    def check(args):
        path, mode, flags = args
        # os.open() gives no mode, and hides the folder descriptor that a relative path may count from.
        if mode is None and isinstance(path, (str, bytes)) and not os.path.isabs(path):
            return
        if isinstance(flags, int) and flags & _write_flags:
            roots.check_write(path)
        else:
            roots.check_read(path)

    return check


def _change_check(roots):
    def check(args):
        # (path, …, dir_fd): beside a folder descriptor a relative path says nothing.
        path, folder = args[0], args[-1]
        if folder == -1 or os.path.isabs(path):
            roots.check_write(path)

    return check


def _pair_check(roots):
    def check(args):
        source, target, *folders = args
        if all(folder == -1 for folder in folders):
            roots.check_write(source)
            roots.check_write(target)

    return check


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


def _is_below(path, roots):
    while path not in roots:
        cut = path.rfind("/")
        if cut <= 0:
            return "/" in roots
        path = path[:cut]
    return True

