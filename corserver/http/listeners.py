"""Listeners: where a server listens, and how many connections it takes."""

import contextlib
import ctypes
import errno
import logging
import os
import resource
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import trio

from corserver.cors.origins import is_loopback_host
from corserver.http.messages import Address

logger = logging.getLogger("corserver")

#: How many connections are accepted before trio's other tasks have a turn.
_BATCH: Final = 64
#: What keeps a connection from being accepted that is no fault of its own, and how long until the next try.
_EXHAUSTED: Final = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS)
_EXHAUSTED_SECONDS: Final = 0.1
#: For classic BPF (socket(7), SO_ATTACH_FILTER), from the TCP header on: drop a SYN, let everything else pass. Without
#: it what connects between the last look into the queue and the close would be reset.
_SO_ATTACH_FILTER: Final = 26
_NO_SYN: Final = b"".join(
    struct.pack("HBBI", *instruction)
    for instruction in ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))
)
#: As many connections as the system lets wait: it cuts this down to its own limit.
BACKLOG: Final = 65535


@dataclass(frozen=True, slots=True)
class BoundAddress:
    """Where a server listens: host and port, or *uds*, the path of a Unix socket."""

    host: str
    port: int
    scheme: str = "http"
    uds: str = ""

    @property
    def url(self) -> str:
        """A URL that reaches it from this machine, without a trailing slash; for a Unix socket once connected to it."""
        if self.uds:
            return f"{self.scheme}://localhost"
        return self.url_of({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host))

    def url_of(self, host: str) -> str:
        """Its URL by another address of the same machine."""
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine reach it, web pages among them. None of those reaches a Unix socket."""
        return self.host == "::1" or is_loopback_host(self.host.encode("ascii", "replace"))

    @property
    def is_everywhere(self) -> bool:
        """Whether it is at every address that this machine has."""
        return self.host in ("0.0.0.0", "::")


class Room:
    """Places for connections. Beyond them nothing is accepted: it waits in the kernel's queue, at no cost to the
    server."""

    __slots__ = ("_left", "_waiting")

    def __init__(self, places: int) -> None:
        self._left = places
        self._waiting = trio.lowlevel.ParkingLot()

    def take(self) -> bool:
        """Take a place, if there is one."""
        if self._left <= 0:
            return False
        self._left -= 1
        return True

    def give(self) -> None:
        """Give a place back."""
        self._left += 1
        self._waiting.unpark_all()

    async def wait(self) -> None:
        """Wait until there is a place."""
        while self._left <= 0:
            await self._waiting.park()


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
            admit(sock, _client(address))


def refuse_more(listener: socket.socket) -> None:
    """Let no more connections into the queue of *listener*, for good, while those in it stay; on Linux. For anybody
    else it is as if nobody answered yet: by the time that it asks again, the listener is closed."""
    if sys.platform == "linux" and listener.family != socket.AF_UNIX:
        program = ctypes.create_string_buffer(_NO_SYN)
        filtering = struct.pack("HP", len(_NO_SYN) // 8, ctypes.addressof(program))
        with contextlib.suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filtering)


def accept_waiting(
    listener: socket.socket, room: Room, admit: Callable[[socket.socket, Address], None], *, is_last: bool
) -> None:
    """Give what waits in the queue of *listener* to *admit*: closing it would reset these connections, whose clients
    may have sent their requests already. *is_last* is whether nobody else accepts from it."""
    if is_last:
        refuse_more(listener)
    with contextlib.suppress(OSError):
        while room.take():
            try:
                sock, address = listener.accept()
            except OSError:
                room.give()
                raise
            sock.setblocking(False)
            admit(sock, _client(address))


def _client(address: Any) -> Address:
    if isinstance(address, tuple):
        return address[0], address[1]
    return os.fsdecode(address)  # A name that is no path is bytes (unix(7), "abstract").


def bound_address(listener: socket.socket, scheme: str) -> BoundAddress:
    """Where *listener* listens."""
    name = listener.getsockname()
    if not isinstance(name, tuple):
        return BoundAddress("", 0, scheme, uds=os.fsdecode(name))
    return BoundAddress(name[0], name[1], scheme)


def room_for_connections() -> int:
    """How many connections the limit on open files leaves, once it is raised as far as it goes: 64 files are kept for
    the rest of the process, three quarters where there are few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    files = 1_000_000 if soft == resource.RLIM_INFINITY else soft
    return max(files - 64, files // 4, 1)


#: How many ports after a taken one are tried where the next free one will do.
PORTS_TO_TRY: Final = 20


async def open_listeners(host: str | None, port: int, *, or_next: int = 0) -> list[socket.socket]:
    """Listen on *host* and *port*, or, if it is taken, on one of the *or_next* ports after it.

    Raises OSError: EADDRINUSE where all are taken, or what else keeps the address from being bound.
    """
    for candidate in range(port, port + or_next + 1):
        found = await trio.socket.getaddrinfo(host, candidate, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        with contextlib.suppress(_PortTaken):
            return _listen(found, 1)[0]
    raise _all_taken(port, or_next)


def open_queues(
    host: str | None, port: int, queues: int, *, or_next: int = 0, apart: bool = hasattr(socket, "SO_REUSEPORT")
) -> list[list[socket.socket]]:
    """As `open_listeners`, so many times on the same address: a list of sockets for each worker.

    They are *apart*, each with a queue of its own among which the system distributes the connections, or share one.
    """
    for candidate in range(port, port + or_next + 1):
        found = socket.getaddrinfo(host, candidate, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        with contextlib.suppress(_PortTaken):
            return _listen(found, queues, apart=apart)
    raise _all_taken(port, or_next)


class _PortTaken(Exception):
    pass


def _all_taken(port: int, or_next: int) -> OSError:
    last = f" to {port + or_next}" if or_next else ""
    return OSError(errno.EADDRINUSE, f"port {port}{last} is taken")


def _listen(found: Sequence[tuple[Any, ...]], queues: int, *, apart: bool = False) -> list[list[socket.socket]]:
    opened: list[list[socket.socket]] = []
    unsupported: OSError | None = None
    try:
        for family, _, _, _, address in dict.fromkeys(found):  # A hosts file may have a line twice.
            try:
                opened.append(_queues(family, address, queues, apart))
            except OSError as error:
                if error.errno != errno.EAFNOSUPPORT:  # A system without IPv6 has such addresses nevertheless.
                    raise
                unsupported = error
        if unsupported is not None and not opened:
            raise unsupported
    except OSError as error:
        for sock in (sock for each in opened for sock in each):
            sock.close()
        if error.errno == errno.EADDRINUSE:
            raise _PortTaken from error
        raise
    return [list(of_one) for of_one in zip(*opened, strict=True)]


def _queues(family: int, address: Any, queues: int, apart: bool) -> list[socket.socket]:
    # The first is bound as any listener is, so that a port that somebody listens on already is taken: with SO_REUSEPORT
    # from the start, it would be shared with another server of the same user.
    opened = [_bound(family, address)]
    try:
        first = opened[0]
        if apart and queues > 1:
            first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        first.listen(BACKLOG)
        for _ in range(queues - 1):
            opened.append(_bound(family, first.getsockname(), reuse_port=True) if apart else first.dup())
            if apart:
                opened[-1].listen(BACKLOG)
    except BaseException:
        for sock in opened:
            sock.close()
        raise
    return opened


def _bound(family: int, address: Any, *, reuse_port: bool = False) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Accepted sockets inherit it on Linux. An answer goes out by one call: there is nothing to wait for.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind(address)
    except BaseException:
        sock.close()
        raise
    return sock
