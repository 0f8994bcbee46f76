"""What an operating system offers to watch many sockets by one: epoll, kqueue, or nothing.

Both can be waited for like a socket, so that trio need not know what is in them. Both are level-triggered here: what
was not read is reported again, and so is a socket at its end, so who does not want to hear of one has to take it out.
A socket is watched for what arrives or for room to send, not for both.
"""

import select
from collections.abc import Sequence
from typing import Any, Final, Protocol

#: What it has depends on the system, which a check of types does not see through.
_select: Final[Any] = select


class Poller(Protocol):
    """A set of sockets, by file descriptor."""

    def fileno(self) -> int:
        """The set's own descriptor: readable while a socket of the set is."""

    def add(self, fd: int) -> None:
        """Watch *fd*."""

    def remove(self, fd: int) -> None:
        """Watch *fd* no longer; to be called before it is closed."""

    def turn_to_sending(self, fd: int) -> None:
        """Watch *fd* for room to send, and not for what arrives."""

    def turn_to_receiving(self, fd: int) -> None:
        """The reverse."""

    def ready(self, most: int) -> Sequence[int]:
        """Which are readable, or at their end, or have room, now; at most so many."""

    def close(self) -> None:
        """Give the set back."""


class EpollPoller:
    """Linux (epoll(7))."""

    __slots__ = ("_epoll",)

    def __init__(self) -> None:
        self._epoll = _select.epoll()

    def fileno(self) -> int:
        """As `Poller`."""
        fd: int = self._epoll.fileno()
        return fd

    def add(self, fd: int) -> None:
        """As `Poller`."""
        self._epoll.register(fd, _select.EPOLLIN)

    def remove(self, fd: int) -> None:
        """As `Poller`."""
        self._epoll.unregister(fd)

    def turn_to_sending(self, fd: int) -> None:
        """As `Poller`."""
        self._epoll.modify(fd, _select.EPOLLOUT)

    def turn_to_receiving(self, fd: int) -> None:
        """As `Poller`."""
        self._epoll.modify(fd, _select.EPOLLIN)

    def ready(self, most: int) -> Sequence[int]:
        """As `Poller`."""
        return [fd for fd, _ in self._epoll.poll(0, most)]

    def close(self) -> None:
        """As `Poller`."""
        self._epoll.close()


class KqueuePoller:
    """macOS and the BSDs (kqueue(2)); *bsd* has what their `select` has."""

    __slots__ = ("_bsd", "_kqueue")

    def __init__(self, bsd: Any = _select) -> None:
        self._bsd = bsd
        self._kqueue = bsd.kqueue()

    def fileno(self) -> int:
        """As `Poller`."""
        fd: int = self._kqueue.fileno()
        return fd

    def add(self, fd: int) -> None:
        """As `Poller`."""
        self._kqueue.control([self._bsd.kevent(fd, self._bsd.KQ_FILTER_READ, self._bsd.KQ_EV_ADD)], 0, 0)

    def remove(self, fd: int) -> None:
        """As `Poller`."""
        self._kqueue.control([self._bsd.kevent(fd, self._bsd.KQ_FILTER_READ, self._bsd.KQ_EV_DELETE)], 0, 0)

    def turn_to_sending(self, fd: int) -> None:
        """As `Poller`."""
        self._turn(fd, self._bsd.KQ_FILTER_READ, self._bsd.KQ_FILTER_WRITE)

    def turn_to_receiving(self, fd: int) -> None:
        """As `Poller`."""
        self._turn(fd, self._bsd.KQ_FILTER_WRITE, self._bsd.KQ_FILTER_READ)

    def _turn(self, fd: int, old: int, new: int) -> None:
        changes = [self._bsd.kevent(fd, old, self._bsd.KQ_EV_DELETE), self._bsd.kevent(fd, new, self._bsd.KQ_EV_ADD)]
        self._kqueue.control(changes, 0, 0)

    def ready(self, most: int) -> Sequence[int]:
        """As `Poller`."""
        return [event.ident for event in self._kqueue.control(None, most, 0)]

    def close(self) -> None:
        """As `Poller`."""
        self._kqueue.close()


def open_poller() -> Poller | None:
    """The system's, None where there is none: then each connection waits for itself."""
    if hasattr(select, "epoll"):
        return EpollPoller()
    return KqueuePoller() if hasattr(select, "kqueue") else None
