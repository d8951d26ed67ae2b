"""What passes on the connection while a plain handler runs, for its one invocation: credit for its answer, pieces of its
request body, a cancel. Whoever waits for one of them takes the others as they come, so that body and answer may flow at
the same time."""

from . import message
from .limits import INITIAL_WINDOW_BYTES

_grant_step_bytes = INITIAL_WINDOW_BYTES // 4


class Cancelled(Exception):
    """The gateway asked for the end of an invocation."""


class Exchange:
    """One invocation's; `over` when its end has been sent."""

    __slots__ = ("_connection", "_is_whole", "_pieces", "_taken", "ident", "over", "reason", "room")

    def __init__(self, connection, ident):
        self.ident = ident
        self.room = INITIAL_WINDOW_BYTES
        self.over = False
        # Why it was cancelled; None when it was not.
        self.reason = None
        self._connection = connection
        self._pieces = []
        self._is_whole = False
        self._taken = 0
        for item in connection.take_back(self._is_own):
            self._take(item)

    def wait(self):
        """Takes the next item, waiting for it. Cancelled when that is what it says, or what was said before."""
        self._refuse_cancelled()
        self._take(self._connection.receive_new())
        self._refuse_cancelled()

    def poll(self):
        """Takes what has arrived; Cancelled likewise."""
        while True:
            self._refuse_cancelled()
            item = self._connection.receive_waiting()
            if item is None:
                return
            self._take(item)

    def next_piece(self):
        """The next bytes of the request's body, as soon as there are any; none at its end."""
        while not self._pieces and not self._is_whole:
            self.wait()
        if not self._pieces:
            return b""
        piece = self._pieces.pop(0)
        self._give_back(len(piece))
        return piece

    def whole_body(self):
        return b"".join(iter(self.next_piece, b""))

    def _refuse_cancelled(self):
        if self.reason is not None:
            raise Cancelled

    def _is_own(self, item):
        if type(item) is tuple:
            return item[0] == self.ident
        return item["type"] in ("cancel", "credit") and item["id"] == self.ident

    def _take(self, item):
        if not self._is_own(item):
            if type(item) is dict and item["type"] == "ping":
                self._connection.send(message.pong(item["n"]))
            else:
                self._connection.put_back(item)
        elif type(item) is tuple:
            self._take_piece(item[1])
        elif item["type"] == "cancel":
            self.reason = item["reason"]
        else:
            self.room += item["bytes"]

    def _take_piece(self, piece):
        if piece:
            self._pieces.append(piece)
        else:
            self._is_whole = True

    def _give_back(self, count):
        self._taken += count
        if self._taken >= _grant_step_bytes and not self._is_whole:
            self._connection.send(message.credit(self.ident, self._taken))
            self._taken = 0
