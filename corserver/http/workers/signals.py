"""Signals as something to wait for, beside pipes; and whether a terminal is there to send them."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from typing import Final

#: What the supervisor hears of.
HEARD: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)


def ignore(number: int, frame: object) -> None:
    """Does nothing. Not SIG_IGN, which programs that are started would inherit."""


class Signals:
    """The signals that have come: readable while there are some."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def fileno(self) -> int:
        """The descriptor to wait for."""
        return self._socket.fileno()

    def take(self) -> Sequence[signal.Signals]:
        """Which have come."""
        with contextlib.suppress(BlockingIOError):
            return [signal.Signals(number) for number in self._socket.recv(4096)]
        return []


@contextlib.contextmanager
def caught_signals() -> Iterator[Signals]:
    """Catch what is `HEARD`, in the main thread; a SIGHUP that was ignored before stays so (nohup)."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        fd_before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        before = {number: signal.getsignal(number) for number in HEARD}
        try:
            for number in HEARD:
                if number is not signal.SIGHUP or before[number] is not signal.SIG_IGN:
                    signal.signal(number, ignore)
            yield Signals(ours)
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_DFL if handler is None else handler)
            signal.set_wakeup_fd(fd_before)


def has_terminal() -> bool:
    """Whether the process has a terminal that controls it."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
