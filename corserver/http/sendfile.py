"""A part of a file on its way into a socket, copied by the kernel (sendfile(2)).

What a large file costs, beside the copying, is to be seen to again and again once the socket has room, by code that the
copying has driven out of the caches. So that is to be seldom, and little is to happen then:

* A piece is as large as a socket's buffer becomes. With little left in it, and not as soon as a third is free, there is
  room for the next one (TCP_NOTSENT_LOWAT, on Linux).
* Who is quick has a buffer that is half as large again as Linux would make it, where the system allows that: it holds
  references to the page cache only, which the quick soon give back. Others do not, for it counts as TCP's memory.
* The lobby, which hears of the room, sends the next piece itself, to the end. Only where there is something else to do
  a task has to: for an error, which it meets too when it tries again, and a disk that has to be waited for.
* The deadline is the lobby's to look at, as that of any visitor. Little room is no sign that the peer takes nothing, so
  what is left in the socket is looked at as well.
"""

import contextlib
import fcntl
import functools
import math
import os
import socket
import struct
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Final

import outcome
import trio

from corserver.http.body import PeerLeft
from corserver.http.fileslice import FileShrank, FileSlice

#: How much is sent before others have their turn: what a socket's buffer becomes. Linux would make it 4 MiB (tcp(7),
#: tcp_wmem). It doubles what it is asked for, and asking below that would make it smaller for good (socket(7)).
PIECE: Final = 6 * 1024 * 1024
_ASKED_FOR: Final = PIECE // 2
_MOST_TO_ASK_FOR: Final = Path("/proc/sys/net/core/wmem_max")
#: Who is quick makes room for more within so many seconds of a piece of at least so much.
_MUCH: Final = 2 * 1024 * 1024
_QUICK_SECONDS: Final = 0.2
#: While room is waited for, half of this may be left to send when there is some (at ten gigabits a second it lasts for
#: 0.4 ms); at other times there is no such bound.
_LITTLE: Final = 1024 * 1024
_UNBOUNDED: Final = 2**31 - 1
#: How much a peer has to take within `write_seconds`, as of any response.
_PROGRESS: Final = 16384
_INT: Final = struct.Struct("i")


def send_at_once(sock: socket.socket, file: FileSlice) -> int:
    """Send a first piece of *file*, as far as *sock* takes it and no disk has to be waited for: how many bytes that
    is. Raises OSError."""
    length = min(file.length, PIECE)
    if not length or not file.is_at_hand(file.offset, length):
        return 0
    try:
        return os.sendfile(sock.fileno(), file.fileno(), file.offset, length)
    except BlockingIOError:
        return 0


Over = Callable[["FileSending", "outcome.Value[bool] | outcome.Error"], None]


def _nobody(sending: "FileSending", result: "outcome.Value[bool] | outcome.Error") -> None:
    raise AssertionError("whoever has it carried says who is to be told")


class FileSending:
    """*file*, of which *sent* bytes were sent to *sock*, and the rest is to be. *count* is told of the bytes."""

    __slots__ = (
        "_at",
        "_count",
        "_end",
        "_file",
        "_is_tcp",
        "_left",
        "_piece",
        "_socket",
        "_waits_from",
        "over",
        "since",
    )

    def __init__(self, sock: socket.socket, file: FileSlice, sent: int, count: Callable[[int], None]) -> None:
        self._socket = sock
        self._file = file
        self._count = count
        self._at, self._end = file.offset + sent, file.offset + file.length
        #: Who is told when no room is waited for any more: with whether all was sent, or what went wrong.
        self.over: Over = _nobody
        self._is_tcp = sys.platform == "linux"
        #: How large the last piece was, and since when there is no room for the next.
        self._piece = sent
        self._waits_from = 0.0
        #: Since when room is waited for, in vain, and what was in the socket then, as far as that is known.
        self.since = 0.0
        self._left = math.inf

    def wake_me(self) -> None:
        """Let the task that runs now be told, by being woken."""
        task = trio.lowlevel.current_task()
        self.over = lambda _, result: trio.lowlevel.reschedule(task, result)

    def is_at_hand(self) -> bool:
        """Whether the next piece can be sent without waiting for a disk."""
        return self._file.is_at_hand(self._at, min(self._end - self._at, PIECE))

    def send(self) -> bool:
        """Send the next piece, as far as the socket takes it. Whether it was the last. Waits for the disk, if it must.
        Raises `FileShrank` and OSError."""
        length = min(self._end - self._at, PIECE)
        try:
            sent = os.sendfile(self._socket.fileno(), self._file.fileno(), self._at, length)
        except BlockingIOError:
            return False
        if not sent:
            raise FileShrank(f"the file ends at byte {self._at} now: it was longer when its answer began")
        self._at += sent
        self._piece = sent
        self._count(sent)
        return self._at == self._end

    def wait(self, now: float) -> None:
        """Wait for room from now on."""
        self.since = self._waits_from = now
        self._left = math.inf
        self._let_be_unsent(_LITTLE)

    def look(self, now: float) -> None:
        """Wait from *now* on, if the peer has taken some of what is in the socket: where the system tells (tcp(7))."""
        with contextlib.suppress(OSError):
            (left,) = _INT.unpack(fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, bytes(_INT.size)))
            if left <= self._left - _PROGRESS:
                self._left, self.since = left, now

    def go_on(self, now: float) -> bool:
        """Send the next piece, as there is room. Whether to wait for room again."""
        self._let_be_unsent(_UNBOUNDED)
        if self._piece >= _MUCH and now - self._waits_from < _QUICK_SECONDS:
            self._enlarge()
        try:
            if not self.is_at_hand() or self.send():
                return False
        except Exception:  # Whoever goes on meets it too.
            return False
        self.wait(now)
        return True

    def stop(self) -> None:
        """No room is waited for any more: say whether all was sent."""
        self.over(self, outcome.Value(self._at == self._end))

    def give_up(self) -> None:
        """The same, as the peer took nothing for too long."""
        self.over(self, outcome.Error(PeerLeft()))

    def _let_be_unsent(self, most: int) -> None:
        if self._is_tcp:
            try:
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, most)
            except OSError:  # A Unix socket.
                self._is_tcp = False

    def _enlarge(self) -> None:
        if self._is_tcp and may_be_enlarged():
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ASKED_FOR)


@functools.cache
def may_be_enlarged(most_to_ask_for: Path = _MOST_TO_ASK_FOR) -> bool:
    """Whether a socket's buffer may become a `PIECE`. It is not known of every system and every container."""
    try:
        return int(most_to_ask_for.read_text()) >= _ASKED_FOR
    except (OSError, ValueError):
        return False
