"""Listeners: where a server listens, and how many connections it takes."""

import contextlib
import errno
import resource
from dataclasses import dataclass

import trio

from corserver.cors.origins import is_loopback_host


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


class CappedListener(trio.abc.Listener[trio.SocketStream]):
    """A listener that accepts only while *room* is left; whoever closes a stream gives its place back.

    What is not accepted waits in the kernel's queue, where it costs the server nothing.
    """

    def __init__(self, listener: trio.SocketListener, room: trio.Semaphore) -> None:
        self._listener = listener
        self._room = room

    async def accept(self) -> trio.SocketStream:
        """The next connection, once there is room."""
        await self._room.acquire()
        try:
            return await self._listener.accept()
        except BaseException:
            self._room.release()
            raise

    async def aclose(self) -> None:
        """Stop listening."""
        await self._listener.aclose()


def bound_address(listener: trio.SocketListener, scheme: str) -> BoundAddress:
    """Where *listener* listens."""
    host, port = listener.socket.getsockname()[:2]
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


async def open_listeners(host: str | None, port: int, *, or_next: int = 0) -> list[trio.SocketListener]:
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


async def _listen(host: str | None, port: int) -> list[trio.SocketListener]:
    try:
        return await trio.open_tcp_listeners(port, host=host)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _PortTaken from error
        raise
