"""A visitor of the lobby: a connection's socket, and its transport once there is a task for it."""

import contextlib
import socket
from collections.abc import Callable
from enum import Enum
from typing import Final, Protocol

import trio

from corserver.http.body import PeerLeft
from corserver.http.connection import Connection
from corserver.http.fileslice import CHUNK, FileSlice
from corserver.http.limits import Limits
from corserver.http.messages import Address
from corserver.http.sendfile import FileSending, send_at_once
from corserver.http.transport import Transport, name_of

#: A whole answer up to this size is joined and goes out by one call; of a longer one the body is not copied.
_JOINED: Final = 16384


class State(Enum):
    """Where a visitor is; `lobby` says what that means."""

    WAITING = "waiting"
    BUSY = "busy"
    LEAVING = "leaving"


#: By name: an enum takes its time to find a member (Python 3.11).
WAITING, BUSY, LEAVING = State


class Host(Protocol):
    """What a visitor needs of the lobby."""

    is_stopping: bool

    def seat(self, visitor: "Visitor") -> None:
        """It waits for its next request."""

    def post(self, visitor: "Visitor") -> None:
        """Send what is owed to it once the tasks that run now have run; it waits for its next request."""

    def dismiss(self, visitor: "Visitor") -> None:
        """Let it go, if nothing is under way."""

    def carry(self, visitor: "Visitor", sending: FileSending) -> None:
        """Go on with a file whenever there is room for it, and wake its task in the end."""

    def put_down(self, visitor: "Visitor") -> FileSending:
        """Go on with its file no longer."""

    def forget(self, visitor: "Visitor") -> None:
        """It is about to be closed."""


class Visitor(Transport):
    """A socket that waits in the lobby. It becomes a stream of trio's only where one is needed.

    What is *owed* is the end of the answers so far, and goes ahead of whatever is sent next.
    """

    __slots__ = (
        "_host",
        "_socket",
        "client",
        "connection",
        "fd",
        "is_posted",
        "is_watched",
        "owed",
        "receive_now",
        "sending",
        "state",
        "until",
    )

    def __init__(self, host: Host, sock: socket.socket, client: Address, limits: Limits) -> None:
        super().__init__(None, limits)
        self._host = host
        self._socket = sock
        #: The socket's own: it raises BlockingIOError where there is nothing, or OSError where the peer has left.
        self.receive_now = sock.recv
        self.client = client
        self.fd = sock.fileno()
        self.state = WAITING
        #: What is made of it once the lobby cannot answer; a long silence ends it, for it is not small.
        self.connection: Connection | None = None
        self.owed = b""
        #: Whether the lobby is about to send what is owed.
        self.is_posted = False
        #: The file that the lobby goes on with.
        self.sending: FileSending | None = None
        #: When it has to be gone, if it is leaving.
        self.until = 0.0
        #: Whether the lobby is told when something arrives.
        self.is_watched = False

    @property
    def stream(self) -> trio.abc.Stream:
        """The socket as a stream of trio's."""
        if self._stream is None:
            self._stream = trio.SocketStream(trio.socket.from_stdlib_socket(self._socket))
        return self._stream

    def _ask_name(self) -> tuple[str, int] | None:
        return name_of(self._socket)

    def has_left(self) -> bool:
        """As `Transport`."""
        if not self.peer_left:
            try:
                return not self._socket.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                return False
            except OSError:
                self.peer_left = True
        return self.peer_left

    async def idle(self) -> bytes | None:
        """As `Transport`: the next request is waited for in the lobby."""
        while not self.rest():
            await self.send(b"")
            if self.until or self._host.is_stopping:
                if self.until:
                    await self.linger()
                return b""
        return None

    def is_at_rest(self) -> bool:
        """As `Transport`."""
        return self.state is WAITING

    def rest(self) -> bool:
        """As `Transport`: in the lobby, whose deadlines count."""
        if self.until or self._host.is_stopping or (self.owed and not self.is_posted):
            return False
        self._host.seat(self)
        return True

    def stop_idling(self) -> None:
        """As `Transport`."""
        self._host.dismiss(self)

    async def send(self, head: bytes, body: bytes = b"") -> None:
        """As `Transport`, at once as far as the socket takes it."""
        if self.owed:
            head, self.owed = self.owed + head, b""
        try:
            if len(head) + len(body) <= _JOINED:
                head, body = head + body, b""
                sent = self._socket.send(head)
            else:
                sent = self._socket.sendmsg((head, body))
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self.peer_left = True
            raise PeerLeft from error
        if sent < len(head):
            await self._send(memoryview(head)[sent:])
            sent = len(head)
        if sent < len(head) + len(body):
            await self._send(memoryview(body)[sent - len(head) :])

    def post(self, head: bytes, body: bytes) -> bool:
        """As `Transport`: a short one, by the lobby, with those of the others who are seen to now."""
        host = self._host
        if len(head) + len(body) > _JOINED or self.until or host.is_stopping:
            return False
        self.owed = self.owed + head + body if self.owed else head + body
        self.served += 1
        host.post(self)
        return True

    def send_now(self, data: bytes) -> int:
        """As `Transport`."""
        try:
            return 0 if self.owed else self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self.peer_left = True
            raise PeerLeft from error

    async def send_file(self, head: bytes, file: FileSlice, count: Callable[[int], None]) -> None:
        """As `Transport`: the kernel copies it (sendfile(2))."""
        if self.owed:
            head, self.owed = self.owed + head, b""
        try:
            try:
                sent = self._socket.send(head, socket.MSG_MORE)
            except BlockingIOError:
                sent = 0
            if sent < len(head):
                await self._send(memoryview(head)[sent:])
            sent = send_at_once(self._socket, file)
            count(sent)
            if sent < file.length:
                await self._send_rest(FileSending(self._socket, file, sent, count))
            elif sent > CHUNK:  # A small file keeps nobody waiting.
                await trio.lowlevel.checkpoint()
        except (BrokenPipeError, ConnectionError, PeerLeft) as error:
            self.peer_left = True
            raise PeerLeft from error

    async def _send_rest(self, sending: FileSending) -> None:
        is_done = False
        while not is_done:
            self._host.carry(self, sending)
            is_done = await trio.lowlevel.wait_task_rescheduled(self._stop_carrying)
            if not is_done:
                is_done = sending.send() if sending.is_at_hand() else await trio.to_thread.run_sync(sending.send)

    def _stop_carrying(self, raise_cancel: object) -> trio.lowlevel.Abort:
        self._host.put_down(self)
        return trio.lowlevel.Abort.SUCCEEDED

    async def _send(self, data: bytes | memoryview) -> None:
        # As much at once as the socket takes, which is at least a third of its buffer once it can be written again.
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.send(view) :]
            except BlockingIOError:
                await self._writable()
            except OSError as error:
                self.peer_left = True
                raise PeerLeft from error

    async def _writable(self) -> None:
        with trio.move_on_after(self._limits.write_seconds) as scope:
            await trio.lowlevel.wait_writable(self._socket)
        if scope.cancelled_caught:
            self.peer_left = True
            raise PeerLeft

    def push(self, data: bytes = b"") -> None:
        """Send what the socket takes; the rest is owed. Raises OSError where the peer has left."""
        if self.owed:
            data, self.owed = self.owed + data, b""
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self.owed = data[sent:]

    async def aclose(self) -> None:
        """As `Transport`: the descriptor may be another's in a moment, so that the lobby is to know."""
        self._host.forget(self)
        await self.stream.aclose()

    async def close(self) -> None:
        """As `Transport`."""
        self._host.forget(self)
        if self.owed:
            with contextlib.suppress(OSError):
                self.push()
        if self._stream is None:
            self._socket.close()
        else:
            await trio.aclose_forcefully(self._stream)

    @property
    def due(self) -> float:
        """When its time is over."""
        limits = self._limits
        if self.sending is not None:
            return self.sending.since + limits.write_seconds
        if self.state is BUSY or self.is_posted:  # The time counts from when its answer is sent.
            return float("inf")
        if self.state is LEAVING:
            return min(self.until, self.since + limits.linger_idle_seconds)
        return self.since + (limits.idle_seconds if self.served else limits.head_seconds)

    def end(self) -> None:
        """End our side. Raises OSError where the peer has left."""
        self._socket.shutdown(socket.SHUT_WR)

    def shed(self, earliest: float) -> None:
        """Become small again, if nothing was under way since *earliest*."""
        if self.since <= earliest:
            self._stream = self.connection = None

    def close_now(self) -> None:
        """Close, without a stream having been made."""
        self._socket.close()
