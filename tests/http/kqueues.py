"""A kqueue to test with: the system's own, or that of the library libkqueue in the shape of `select`."""

import contextlib
import ctypes
import ctypes.util
import functools
import os
import select
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from corserver.http.polling import EpollPoller, KqueuePoller, Poller


class Kevent(ctypes.Structure):
    """`struct kevent`, as libkqueue's sys/event.h has it."""

    _fields_ = (
        ("ident", ctypes.c_size_t),
        ("filter", ctypes.c_short),
        ("flags", ctypes.c_ushort),
        ("fflags", ctypes.c_uint),
        ("data", ctypes.c_ssize_t),
        ("udata", ctypes.c_void_p),
    )


class Timespec(ctypes.Structure):
    """`struct timespec`."""

    _fields_ = (("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long))


class Kqueue:
    """As `select.kqueue`, as far as a poller needs it.

    A kqueue of a kernel's is readable while it has an event. libkqueue's own descriptor is one end of a pipe and never
    is; the epoll set behind it is, which is therefore what is to be waited for.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        before = _epoll_sets()
        self._fd = self._checked(library.kqueue())
        #: With the first one the library opens a set for itself too, after this one's.
        self._behind = min(_epoll_sets() - before)

    def _checked(self, result: int) -> int:
        if result < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        return result

    def fileno(self) -> int:
        return self._behind

    def control(self, changes: Sequence[Kevent] | None, most: int, seconds: float) -> list[Kevent]:
        given, found = (Kevent * len(changes or ()))(*(changes or ())), (Kevent * most)()
        wait = Timespec(int(seconds), int(seconds % 1 * 1e9))
        count = self._library.kevent(self._fd, given, len(given), found, most, ctypes.byref(wait))
        return list(found[: self._checked(count)])

    def close(self) -> None:
        """Close it, and wait until a thread of the library has closed what is behind it: its number is given again."""
        os.close(self._fd)
        while self._behind in _epoll_sets():
            os.sched_yield()


def _epoll_sets() -> set[int]:
    """This process's own, by descriptor."""
    found = set()
    for fd in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # That of the listing itself.
            if "eventpoll" in os.readlink(fd):
                found.add(int(fd.name))
    return found


def bsd_select() -> Any | None:
    """What `select` is on macOS and the BSDs, None where there is no kqueue at all."""
    if hasattr(select, "kqueue"):
        return select
    name = ctypes.util.find_library("kqueue")
    if name is None:
        return None
    library = ctypes.CDLL(name, use_errno=True)
    return SimpleNamespace(
        kqueue=lambda: Kqueue(library),
        kevent=Kevent,
        KQ_FILTER_READ=-1,
        KQ_FILTER_WRITE=-2,
        KQ_EV_ADD=1,
        KQ_EV_DELETE=2,
    )


@functools.cache
def openers() -> dict[str, Callable[[], Poller]]:
    """How a poller is opened, by the name of what it is made of: all that can be had here."""
    bsd = bsd_select()
    found: dict[str, Callable[[], Poller]] = {"epoll": EpollPoller} if hasattr(select, "epoll") else {}
    return found if bsd is None else {**found, "kqueue": functools.partial(KqueuePoller, bsd)}
