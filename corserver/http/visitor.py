"""A visitor of the lobby: a connection's socket, and its transport once there is a task for it."""

import contextlib
import socket
from collections.abc import Callable
from enum import Enum
from typing import Protocol

import outcome
import trio

from corserver.http.body import PeerLeft
from corserver.http.connection import Connection
from corserver.http.fileslice import CHUNK, FileSlice
from corserver.http.limits import Limits
from corserver.http.messages import Address
from corserver.http.sendfile import FileSending, send_at_once
from corserver.http.socket_transport import JOINED, SocketTransport
from corserver.http.transport import Ended


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

    def call(self, visitor: "Visitor") -> None:
        """Have it served by a task."""

    def give_way(self) -> None:
        """Whoever is served now has taken its time."""

    def carry(self, visitor: "Visitor", sending: FileSending) -> None:
        """Go on with a file whenever there is room for it, and say so in the end."""

    def put_down(self, visitor: "Visitor") -> FileSending:
        """Go on with its file no longer."""

    def forget(self, visitor: "Visitor") -> None:
        """It is about to be closed."""


class Visitor(SocketTransport):
    """A socket that waits in the lobby. What is *owed* may be a file, too."""

    __slots__ = (
        "_ended",
        "_host",
        "client",
        "connection",
        "fd",
        "is_posted",
        "is_watched",
        "owed_file",
        "sending",
        "state",
        "until",
    )

    def __init__(self, host: Host, sock: socket.socket, client: Address, limits: Limits) -> None:
        super().__init__(sock, limits)
        self._host = host
        self.client = client
        self.fd = sock.fileno()
        self.state = WAITING
        #: What is made of it once the lobby cannot answer; a long silence ends it, for it is not small.
        self.connection: Connection | None = None
        #: Whether the lobby is about to send what is owed.
        self.is_posted = False
        #: The file that the lobby goes on with, and one that it left to a task.
        self.sending: FileSending | None = None
        self.owed_file: FileSending | None = None
        #: Who is to be told that either has ended, where no task waits for it.
        self._ended: Ended | None = None
        #: When it has to be gone, if it is leaving.
        self.until = 0.0
        #: Whether the lobby is told when something arrives.
        self.is_watched = False

    async def idle(self) -> bytes | None:
        """As `Transport`: the next request is waited for in the lobby."""
        while self.owed_file is not None or not self.rest():
            await self._send_owed()
            if self.until or self._host.is_stopping:
                if self.until:
                    await self.linger()
                return b""
        return None

    def is_at_rest(self) -> bool:
        """As `Transport`."""
        return self.state is WAITING or self._ended is not None

    def rest(self) -> bool:
        """As `Transport`: in the lobby, whose deadlines count."""
        if self.until or self._host.is_stopping or (self.owed and not self.is_posted):
            return False
        self._host.seat(self)
        return True

    def stop_idling(self) -> None:
        """As `Transport`."""
        self._host.dismiss(self)

    def post(self, head: bytes, body: bytes) -> bool:
        """As `Transport`: a short one, by the lobby, with those of the others who are seen to now."""
        host = self._host
        if len(head) + len(body) > JOINED or self.until or host.is_stopping:
            return False
        self.owed = self.owed + head + body if self.owed else head + body
        self.served += 1
        host.post(self)
        return True

    async def send_file(
        self, head: bytes, file: FileSlice, count: Callable[[int], None], ended: Ended | None = None
    ) -> bool:
        """As `Transport`: the kernel copies it (sendfile(2)), and the lobby goes on with it."""
        if self.owed:
            head, self.owed = self.owed + head, b""
        try:
            try:
                sent = self._socket.send(head, socket.MSG_MORE)
            except BlockingIOError:
                sent = 0
            if sent < len(head):
                await self._send(memoryview(head)[sent:])
                ended = None  # Something else may be under way by now.
            sent = send_at_once(self._socket, file)
        except ConnectionError as error:
            self.peer_left = True
            raise PeerLeft from error
        count(sent)
        if sent > CHUNK:  # A small file keeps nobody waiting.
            self._host.give_way()
        is_whole = sent == file.length
        if ended is None or self.until or self._host.is_stopping:
            if not is_whole:
                await self._send_rest(FileSending(self._socket, file, sent, count))
            return True
        self.served += 1
        if is_whole:
            ended(None)
            self.since = trio.current_time()
            self._host.seat(self)
        else:
            self._ended, sending = ended, FileSending(self._socket, file, sent, count)
            sending.over = self._go_on_without_task
            self._host.carry(self, sending)
        return False

    def _go_on_without_task(self, sending: FileSending, result: "outcome.Value[bool] | outcome.Error") -> None:
        ended, self.since = self._ended, trio.current_time()
        assert ended is not None, "it was left to the lobby"
        if isinstance(result, outcome.Error):
            ended(result.error)
            self.state, self._ended = WAITING, None
            self._host.dismiss(self)
            return
        if result.value:
            ended(None)
            self._ended = None
        else:
            self.owed_file = sending
        if self._host.is_stopping:
            self.until = self.since
        if result.value and not self.until:
            self._host.seat(self)
        else:
            self._host.call(self)

    async def _send_owed(self) -> None:
        if self.owed_file is None:
            await self.send(b"")
            return
        sending, self.owed_file = self.owed_file, None
        ended, self._ended = self._ended, None
        assert ended is not None, "it was left to the lobby"
        try:
            await self._send_rest(sending)
        except BaseException as error:
            ended(error)
            if not isinstance(error, Exception):
                raise
            await self.cut()
            raise PeerLeft from error
        ended(None)

    async def _send_rest(self, sending: FileSending) -> None:
        sending.wake_me()
        is_done = False
        try:
            while not is_done:
                self._host.carry(self, sending)
                is_done = await trio.lowlevel.wait_task_rescheduled(self._stop_carrying)
                if not is_done:
                    is_done = sending.send() if sending.is_at_hand() else await trio.to_thread.run_sync(sending.send)
        except (ConnectionError, PeerLeft) as error:
            self.peer_left = True
            raise PeerLeft from error

    def _stop_carrying(self, raise_cancel: object) -> trio.lowlevel.Abort:
        self._host.put_down(self)
        return trio.lowlevel.Abort.SUCCEEDED

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

    def shed(self, earliest: float) -> None:
        """Become small again, if nothing was under way since *earliest*."""
        if self.since <= earliest:
            self._stream = self.connection = None
