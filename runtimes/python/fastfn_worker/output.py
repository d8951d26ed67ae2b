"""What handlers print: stdout and stderr become `log` messages of the invocation that printed, bounded per invocation.
Promises that a finished line is sent at once, so that it is not lost when the handler hangs or dies."""

import io
import sys
from contextvars import ContextVar
from time import monotonic

from . import message
from .limits import MAX_LOG_TEXT_BYTES

# A line that does not end is sent in pieces of this many bytes.
_hold_bytes = 8_192
# Output outside invocations has the same bound, per this many seconds.
_loose_window_seconds = 60

_current = ContextVar("fastfn_capture", default=None)


class Capture:
    """The output of one invocation; id 0 is everything outside."""

    # Most invocations print nothing: set here, these cost nothing.
    ended = False
    _held = None

    def __init__(self, ident, limit, send):
        self.ident = ident
        self._limit = self._left = limit
        self.send = send

    def add(self, stream, data):
        """Takes what was written; sends what is complete."""
        if self._left < 0:
            return
        self._left -= len(data)
        if self._left < 0:
            data = data[: self._left] + f"\n[output cut: more than {self._limit} bytes]\n".encode()
        if self._held is None:
            self._held = {"stdout": b"", "stderr": b""}
        held = self._held[stream] + data
        end = held.rfind(b"\n") + 1
        if not end and len(held) >= _hold_bytes:
            end = _whole_characters(held)
        if end:
            self.send(_log_frames(self.ident, stream, held[:end]))
        self._held[stream] = held[end:]

    def flush(self):
        """Sends the unfinished lines."""
        if self._held is None:
            return
        for stream, held in self._held.items():
            if held:
                self._held[stream] = b""
                self.send(_log_frames(self.ident, stream, held))

    def end(self):
        """The invocation has ended: what its threads and tasks still print belongs to nobody."""
        if self._held is not None:
            self.flush()
        self.ended = True


class LooseCapture(Capture):
    """Everything outside invocations: bounded per window, as it has no end."""

    def __init__(self, limit, send):
        super().__init__(0, limit, send)
        self._window_end = monotonic() + _loose_window_seconds

    def add(self, stream, data):
        now = monotonic()
        if now > self._window_end:
            self._window_end = now + _loose_window_seconds
            self._left = self._limit
        super().add(stream, data)


class Output:
    """Owns sys.stdout and sys.stderr of the process."""

    def __init__(self, limit, send):
        self._limit = limit
        self._send = send
        self.loose = LooseCapture(limit, send)

    def send_to(self, send):
        """From here on frames leave by this way."""
        self._send = self.loose.send = send

    def install(self):
        """From here on nothing that Python code prints goes to the process's own descriptors."""
        for descriptor, name in ((1, "stdout"), (2, "stderr")):
            raw = _CapturedStream(self, name, descriptor)
            # Errors as the standard streams have them; stderr must be able to print anything.
            errors = "replace" if name == "stdout" else "backslashreplace"
            setattr(sys, name, io.TextIOWrapper(raw, "utf-8", errors, write_through=True))

    def begin(self, ident):
        """What is printed in this context now belongs to the invocation; returns its capture."""
        capture = Capture(ident, self._limit, self._send)
        _current.set(capture)
        return capture

    def outside(self):
        """What is printed in this context from now on belongs to no invocation, also before the one begun has ended."""
        _current.set(None)

    def current(self):
        """The capture of whoever prints now."""
        capture = _current.get()
        return self.loose if capture is None or capture.ended else capture


class _CapturedStream(io.RawIOBase):
    def __init__(self, output, name, descriptor):
        self._output = output
        self._stream = name
        self._descriptor = descriptor

    def writable(self):
        return True

    def write(self, data):
        data = bytes(data)
        self._output.current().add(self._stream, data)
        return len(data)

    def flush(self):
        self._output.current().flush()

    def fileno(self):
        # faulthandler and the like write to the descriptor itself; the gateway drains it too.
        return self._descriptor

    def close(self):
        """A handler that closes its stdout must not silence the next one."""


def _whole_characters(data):
    """How much of the data does not end inside a UTF-8 character."""
    for back in range(1, 4):
        byte = data[-back]
        if byte >= 0xC0:
            return len(data) - back
        if byte < 0x80:
            break
    return len(data)


def _log_frames(ident, stream, data):
    text = data.decode("utf-8", "replace")
    # Characters are at most four bytes long.
    step = MAX_LOG_TEXT_BYTES if text.isascii() else MAX_LOG_TEXT_BYTES // 4
    return b"".join(message.log(ident, stream, text[at : at + step]) for at in range(0, len(text), step))
