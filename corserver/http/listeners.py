"""Listeners: where a server listens, and how many connections it takes."""

import contextlib
import errno
import logging
import resource
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import trio

from corserver.cors.origins import is_loopback_host
from corserver.http.messages import Address

logger = logging.getLogger("corserver")

#: How many connections are accepted before trio's other tasks have a turn.
_BATCH: Final = 64
#: What keeps a connection from being accepted that is no fault of its own, and how long until the next try.
_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)
_EXHAUSTED_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class BoundAddress:
    """Where a server listens."""

    host: str
    port: int
    scheme: str = "http"

    @property
    def url(self) -> str:
        """A URL that reaches it from this machine, without a trailing slash."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host)
        return f"{self.scheme}://{host or (f'[{self.host}]' if ':' in self.host else self.host)}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host == "::1" or is_loopback_host(self.host.encode("ascii", "replace"))


class Room:
    """Places for connections. Beyond them nothing is accepted: it waits in the kernel's queue, at no cost to the
    server."""

    __slots__ = ("_freed", "_left")

    def __init__(self, places: int) -> None:
        self._left = places
        self._freed = trio.Event()

    def take(self) -> bool:
        """Take a place, if there is one."""
        if self._left <= 0:
            return False
        self._left -= 1
        return True

    def give(self) -> None:
        """Give a place back."""
        self._left += 1
        self._freed.set()

    async def wait(self) -> None:
        """Wait until there is a place."""
        while self._left <= 0:
            self._freed = trio.Event()
            await self._freed.wait()


async def accept(listener: socket.socket, room: Room, admit: Callable[[socket.socket, Address], None]) -> None:
    """Give what *listener* accepts to *admit*, while there is room, until cancelled."""
    while True:
        await room.wait()
        await trio.lowlevel.wait_readable(listener)
        for _ in range(_BATCH):
            if not room.take():
                break
            try:
                sock, address = listener.accept()
            except BlockingIOError:
                room.give()
                break
            except OSError as error:
                room.give()
                if error.errno in _EXHAUSTED:
                    logger.warning("no connection can be accepted for the moment: %s", error.strerror)
                    await trio.sleep(_EXHAUSTED_SECONDS)
                    break
                continue  # It left before it was accepted.
            sock.setblocking(False)
            admit(sock, address[:2] if isinstance(address, tuple) else address)


def bound_address(listener: socket.socket, scheme: str) -> BoundAddress:
    """Where *listener* listens."""
    host, port = listener.getsockname()[:2]
    return BoundAddress(host, port, scheme)


def room_for_connections() -> int:
    """How many connections the limit on open files leaves, once it is raised as far as it goes: 64 files are kept for
    the rest of the process, three quarters where there are few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    files = 1_000_000 if soft == resource.RLIM_INFINITY else soft
    return max(files - 64, files // 4, 1)


async def open_listeners(host: str | None, port: int, *, or_next: int = 0) -> list[socket.socket]:
    """Listen on *host* and *port*, or, if it is taken, on one of the *or_next* ports after it.

    Raises OSError: EADDRINUSE where all are taken, or what else keeps the address from being bound.
    """
    for candidate in range(port, port + or_next + 1):
        with contextlib.suppress(_PortTaken):
            return await _listen(host, candidate)
    last = f" to {port + or_next}" if or_next else ""
    raise OSError(errno.EADDRINUSE, f"port {port}{last} is taken")


class _PortTaken(Exception):
    pass


async def _listen(host: str | None, port: int) -> list[socket.socket]:
    try:
        opened = await trio.open_tcp_listeners(port, host=host)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _PortTaken from error
        raise
    listeners = [socket.socket(fileno=listener.socket.detach()) for listener in opened]
    for listener in listeners:
        listener.setblocking(False)
        # Accepted sockets inherit it on Linux. An answer goes out by one call: there is nothing to wait for.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listeners
