"""The peer's bytes, received and sent under deadlines.

A peer that leaves, or takes nothing of its answer in time, is `PeerLeft`, whatever trio calls it: the one exception
that ends a connection without a word.
"""

import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Final

import trio

from corserver.http.body import PeerLeft
from corserver.http.fileslice import FileSlice
from corserver.http.limits import Limits

#: How much is received at once, and how much is sent under one deadline, in bytes. The latter measures progress: a
#: piece in `write_seconds` is about as slow as `body_rate` lets a peer send.
_RECEIVE: Final = 65536
_SEND: Final = 16384

#: Told that all was sent, or what kept it from being.
Ended = Callable[[BaseException | None], None]


class Transport:
    """A stream, as the server uses it."""

    __slots__ = ("_idling", "_is_stopped", "_limits", "_name", "_stream", "peer_left", "received", "served", "since")

    def __init__(self, stream: trio.abc.Stream | None, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._idling: trio.CancelScope | None = None
        self._is_stopped = False
        #: Our address and port, once somebody asked.
        self._name: tuple[str, int] | None = None
        #: What has arrived already while nothing was under way.
        self.received = b""
        #: Since when nothing is under way, and how many requests there were.
        self.since = trio.current_time()
        self.served = 0
        #: Whether `PeerLeft` was raised, which somebody between here and the connection may have caught or wrapped.
        self.peer_left = False

    @property
    def stream(self) -> trio.abc.Stream:
        """The stream."""
        assert self._stream is not None, "it has one from the start, or makes it when it is asked"
        return self._stream

    async def idle(self) -> bytes | None:
        """What arrives next while nothing is under way; `b""` if nothing will, or nothing did for too long.

        None if it is waited for elsewhere, as `rest` says. Raises `PeerLeft`.
        """
        if self._is_stopped:
            return b""
        limits = self._limits
        patience = limits.idle_seconds if self.served else limits.head_seconds
        data = b""
        with trio.CancelScope(deadline=self.since + patience) as self._idling:
            data = await self.receive()
        self._idling = None
        return data

    def is_at_rest(self) -> bool:
        """Whether it was left so."""
        return False

    def rest(self) -> bool:
        """Leave the wait for the next request to somebody else, who calls the connection again; False: nobody does."""
        return False

    def stop_idling(self) -> None:
        """Nothing more is to be waited for, if nothing is under way."""
        self._is_stopped = True
        if self._idling is not None:
            self._idling.cancel()

    @property
    def server(self) -> tuple[str, int] | None:
        """Our address and port, None for a stream that has none, such as one of a Unix socket."""
        if self._name is None:
            self._name = self._ask_name()
        return self._name

    def _ask_name(self) -> tuple[str, int] | None:
        return name_of(self.stream.socket) if isinstance(self.stream, trio.SocketStream) else None

    def has_left(self) -> bool:
        """Whether the peer is known to have ended its side, without waiting."""
        return self.peer_left

    async def receive(self) -> bytes:
        """What arrives next, `b""` when the peer has ended its side. Raises `PeerLeft`."""
        try:
            return bytes(await self.stream.receive_some(_RECEIVE))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            self.peer_left = True
            raise PeerLeft from error

    async def send(self, head: bytes, body: bytes = b"") -> None:
        """Send *head* and *body*, together if they are short, so that they travel in one segment.

        Raises `PeerLeft`, also if a piece is not taken within `write_seconds`.
        """
        if len(head) + len(body) <= _SEND:
            await self._send(head + body)
        else:
            await self._send(head)
            await self._send(body)

    def send_now(self, data: bytes) -> int:
        """Send what can be sent without waiting; how many bytes that was. Raises `PeerLeft`."""
        return 0

    async def send_file(
        self, head: bytes, file: FileSlice, count: Callable[[int], None], ended: Ended | None = None
    ) -> bool:
        """Send *head* and a part of a file, and *count* the bytes of the latter. Raises `PeerLeft` and `FileShrank`.

        Where *ended* is given, what cannot be sent at once may be left to somebody else, who calls it in the end, and
        so may the wait for the next request, as `rest` says: False.
        """
        await self.send(head)
        pieces = aiter(file)
        while piece := pieces.read_some() if pieces.is_at_hand() else await trio.to_thread.run_sync(pieces.read_some):
            await self.send(piece)
            count(len(piece))
        return True

    def post(self, head: bytes, body: bytes) -> bool:
        """Have what ends an exchange sent in a moment, and `rest`; False: it must be sent."""
        return False

    async def _send(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        for start in range(0, len(view), _SEND):
            with trio.move_on_after(self._limits.write_seconds) as scope:
                try:
                    await self.stream.send_all(view[start : start + _SEND])
                except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                    self.peer_left = True
                    raise PeerLeft from error
            if scope.cancelled_caught:
                self.peer_left = True
                raise PeerLeft

    async def send_while_dropping(self, head: bytes, body: bytes = b"", *, after: float = 0.0) -> bool:
        """Send as `send` does, to a peer that still sends: what it sends is read and dropped, within bounds.

        Such a peer may not read before it has written, so that neither side would move. *after* is how many seconds
        it has to take what is sent before anything is dropped. Returns whether that began. Raises `PeerLeft`.
        """
        left = dropping = False

        async def drop() -> None:
            nonlocal dropping
            await trio.sleep(after)
            dropping = True
            await self.drop_input()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(drop)
            try:
                await self.send(head, body)
            except PeerLeft:
                left = True
            nursery.cancel_scope.cancel()
        if left:
            raise PeerLeft
        return dropping

    async def linger(self) -> None:
        """End our side and drop what still comes: a close with unread input would reset the connection, and the reset
        can overtake the answer (RFC 9112 §9.6)."""
        with (
            trio.move_on_after(self._limits.linger_idle_seconds),
            contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError),
        ):
            if isinstance(self.stream, trio.abc.HalfCloseableStream):
                await self.stream.send_eof()
        await self.drop_input()

    async def drop_input(self) -> None:
        """Read and drop until the peer ends its side or pauses for `linger_idle_seconds`, at most `linger_seconds`."""
        # Busy where an app reads the body already: then nothing has to be dropped.
        with trio.move_on_after(self._limits.linger_seconds), contextlib.suppress(PeerLeft, trio.BusyResourceError):
            received = True
            while received:
                received = False
                with trio.move_on_after(self._limits.linger_idle_seconds):
                    received = bool(await self.receive())

    async def cut(self) -> None:
        """Reset the connection, so that an answer without its end cannot be taken for a whole one."""
        if isinstance(self.stream, trio.SocketStream):
            with contextlib.suppress(OSError, trio.ClosedResourceError):
                self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self.close()

    async def aclose(self) -> None:
        """Close the stream, as whoever has taken it over does."""
        await self.stream.aclose()

    async def close(self) -> None:
        """Close at once."""
        await trio.aclose_forcefully(self.stream)


def name_of(sock: socket.socket | trio.socket.SocketType) -> tuple[str, int] | None:
    """A socket's own address and port; None where it has neither, as a Unix socket, or is closed."""
    with contextlib.suppress(OSError):
        name = sock.getsockname()
        return (name[0], name[1]) if isinstance(name, tuple) else None
    return None
