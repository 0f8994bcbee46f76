"""One WebSocket, between the app, in tasks of its own, and the connection, in the server's.

The two meet here without waiting for each other. What arrives is queued, and reading stops while the queue is full.
What the app sends is on its way (`outgoing`); an app that is ahead by too much waits.

The app's side may be another event loop in this thread: it waits for events of the kind that it is given.
"""

import contextlib
from collections.abc import Callable
from enum import Enum, unique
from typing import Any, Final, Protocol

import trio

from corserver.apps.websocket.closed import ABNORMAL, WebSocketClosed
from corserver.apps.websocket.frames import CloseArrived, Frames, PingArrived
from corserver.apps.websocket.handshake import Handshake
from corserver.apps.websocket.incoming import Incoming
from corserver.apps.websocket.options import WebSocketOptions
from corserver.apps.websocket.outgoing import Outgoing
from corserver.http.header_lines import HeadersLike
from corserver.http.messages import Response

_RECEIVE: Final = 65536
_SILENT: Final = "no answer to a ping"


class Event(Protocol):
    """What `trio.Event` and `asyncio.Event` have in common."""

    def set(self) -> Any:
        """Let all who wait go on."""

    async def wait(self) -> Any:
        """Wait until it is set."""


@unique
class State(Enum):
    """How far a WebSocket is."""

    #: The app has not said whether it accepts.
    UNDECIDED = "undecided"
    #: It has, and the connection is about to be there.
    ACCEPTED = "accepted"
    OPEN = "open"
    #: Our close frame is sent, and nothing of the app's can be any more.
    CLOSING = "closing"
    CLOSED = "closed"


class Session:
    """One WebSocket. It is the `Response.upgrade` of its own 101.

    *event* makes what the app's side waits for.
    """

    def __init__(
        self, handshake: Handshake, options: WebSocketOptions, event: Callable[[], Event] = trio.Event
    ) -> None:
        self._handshake = handshake
        self._options = options
        self._event = event
        self.state = State.UNDECIDED
        self._answer: Response | None = None
        self._error: Exception | None = None
        #: Set once the app has answered the handshake.
        self.decision = trio.Event()
        self._frames = Frames(options)
        self._incoming = Incoming(options)
        #: What the reader waits for while too much has arrived.
        self._room: trio.Event | None = None
        #: What the app waits for, whichever it is: it looks again at the next news.
        self._news: Event | None = None
        #: Set: who waits for it lets others have their turn, where the loop has it so.
        self._turn = event()
        self._turn.set()
        self._end: WebSocketClosed | None = None
        self._outgoing = Outgoing(self._tell, self._lose)
        #: How many times something has arrived.
        self._pieces = 0
        #: How it is to be closed once it is open.
        self._early_close: tuple[int, str] | None = None
        #: Cancelled when it is over at once, and when nothing more is to be read.
        self._scope = trio.CancelScope()
        self._reading = trio.CancelScope()

    # ------------------------------------------------------------------------------------------------- the app's side

    @property
    def end(self) -> WebSocketClosed | None:
        """How it was closed, None while it is not."""
        return self._end

    @property
    def is_decided(self) -> bool:
        """Whether the app has accepted it, or answered in another way."""
        return self.state is not State.UNDECIDED

    @property
    def is_closed(self) -> bool:
        """Whether nothing more can be sent, nor arrive."""
        return self.state is State.CLOSED

    async def accept(self, subprotocol: str | None = None, headers: HeadersLike = ()) -> None:
        """Accept it, and wait until it is open. Raises ValueError, and `WebSocketClosed` where the peer has left."""
        if self.is_closed:
            raise self._closure()
        if self.is_decided:
            raise RuntimeError("a WebSocket is accepted once, before anything is sent or received")
        deflate = self._handshake.deflate(self._options)
        self._answer = self._handshake.response(subprotocol, headers, deflate, self)
        self._frames = Frames(self._options, deflate)
        self.state = State.ACCEPTED
        self.decision.set()
        await self.opened()

    async def opened(self) -> None:
        """Wait until it is open. Raises `WebSocketClosed` where it will not be."""
        while self.state in (State.UNDECIDED, State.ACCEPTED):
            await self._wait()
        if not self._outgoing.is_open:
            raise self._closure()

    def deny(self, answer: Response | Exception) -> None:
        """Answer in another way, or have the connection raise; nothing if it is decided already."""
        if self.is_decided:
            return
        if isinstance(answer, Response):
            self._answer = answer
        else:
            self._error = answer
        self._finish(ABNORMAL, "it was not accepted")
        self.decision.set()

    async def receive(self) -> str | bytes:
        """The next message. Raises `WebSocketClosed` once there is none."""
        if self._incoming:
            await self._turn.wait()
        while not self._incoming:
            if self._end is not None:
                raise self._closure()
            await self._wait()
        message = self._incoming.take()
        if self._room is not None and not self._is_full():
            self._room.set()
        return message

    async def send(self, message: str | bytes) -> None:
        """Send a message, and wait while the peer is behind by too much. Raises `WebSocketClosed`."""
        await self._turn.wait()
        if self.state is not State.OPEN:
            raise self._closure()
        self._outgoing.put(self._frames.message(message))
        while self._outgoing.unsent > self._options.unsent and not self.is_closed:
            await self._wait()
        if self._end is not None and self._end.code == ABNORMAL:
            raise self._closure()

    def close(self, code: int, reason: str = "") -> None:
        """Begin to close it, if nobody has. What has arrived and was not received is dropped."""
        if self.state is State.ACCEPTED:
            self._early_close = self._early_close or (code, reason)
        if self.state is not State.OPEN:
            return
        self._outgoing.put(self._frames.close(code, reason))
        if not self.is_closed:  # The peer may have turned out to be gone.
            self.state, self._end = State.CLOSING, WebSocketClosed(code, reason)
            self._scope.deadline = trio.current_time() + self._options.close_seconds
            self._incoming.clear()
            self._tell()

    async def wait_closed(self) -> None:
        """Wait until the connection is no more needed."""
        while not self.is_closed:
            await self._wait()

    async def _wait(self) -> None:
        if self._news is None:
            self._news = self._event()
        await self._news.wait()

    def _tell(self) -> None:
        news, self._news = self._news, None
        if news is not None:
            news.set()
        if self._room is not None:
            self._room.set()

    def _closure(self) -> WebSocketClosed:
        end = self._end
        return WebSocketClosed(ABNORMAL) if end is None else WebSocketClosed(end.code, end.reason)

    # ------------------------------------------------------------------------------------------ the connection's side

    async def decided(self) -> Response:
        """The app's answer to the handshake. Raises what `deny` was given."""
        await self.decision.wait()
        if self._error is not None:
            raise self._error
        assert self._answer is not None, "what is decided has an answer"
        return self._answer

    async def __call__(self, stream: Any, received: bytes) -> None:
        """Lead it from its 101 to its end. *received* has arrived already."""
        with self._scope:
            async with trio.open_nursery() as nursery:
                self._outgoing.open(stream, nursery)
                self.state = State.OPEN
                self._tell()
                if self._early_close is not None:
                    self.close(*self._early_close)
                keeper = trio.CancelScope()
                if self._options.ping_seconds is not None:
                    nursery.start_soon(self._keep, keeper, self._options.ping_seconds)
                with self._reading:
                    await self._read(stream, received)
                keeper.cancel()
                self._finish(ABNORMAL)
        self._finish(ABNORMAL)

    def stop(self) -> None:
        """The server stops."""
        self.close(1001, "the server stops")

    async def aclose(self) -> None:
        """The 101 could not be sent."""
        self._finish(ABNORMAL)

    async def _read(self, stream: trio.abc.Stream, received: bytes) -> None:
        data: bytes | bytearray = received
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            data = data or await stream.receive_some(_RECEIVE)
            while data:
                self._pieces += 1
                for arrived in self._frames.received(data):
                    if arrived is None:
                        await trio.lowlevel.checkpoint()
                        continue
                    if isinstance(arrived, CloseArrived):
                        self._close_arrived(arrived)
                        return
                    self._take(arrived)
                    while self._is_full():
                        await self._wait_for_room()
                data = await stream.receive_some(_RECEIVE)

    def _take(self, arrived: str | bytes | PingArrived) -> None:
        if isinstance(arrived, PingArrived):
            self._outgoing.put(arrived.pong)
        elif self.state is State.OPEN:
            self._incoming.put(arrived)
            self._tell()

    def _is_full(self) -> bool:
        return self.state is State.OPEN and (self._incoming.is_full or self._outgoing.unsent > self._options.unsent)

    async def _wait_for_room(self) -> None:
        self._room = trio.Event()
        await self._room.wait()
        self._room = None

    def _close_arrived(self, arrived: CloseArrived) -> None:
        # RFC 6455 §5.5.1 and §7.1.7: a close is answered with one, and so is what breaks the rules.
        self._outgoing.put(self._frames.close(arrived.code, arrived.reason))
        self._scope.deadline = min(self._scope.deadline, trio.current_time() + self._options.close_seconds)
        self._finish(arrived.code, arrived.reason)

    def _finish(self, code: int, reason: str = "") -> None:
        if not self.is_closed:
            self.state = State.CLOSED
            self._end = self._end or WebSocketClosed(code, reason)
            self._tell()

    def _lose(self) -> None:
        """The peer is gone, or takes nothing."""
        self._finish(ABNORMAL)
        self._scope.cancel()

    async def _keep(self, keeper: trio.CancelScope, seconds: float) -> None:
        with keeper:
            while True:
                before = self._pieces
                await trio.sleep(seconds)
                if self.state is not State.OPEN:
                    return
                if self._has_heard(before):
                    continue
                self._outgoing.put(self._frames.ping())
                await trio.sleep(self._options.pong_seconds)
                if not (self._has_heard(before) or self.is_closed):
                    self._outgoing.put(self._frames.close(1011, _SILENT))
                    self._scope.deadline = trio.current_time() + self._options.close_seconds
                    self._finish(ABNORMAL, _SILENT)
                    self._reading.cancel()

    def _has_heard(self, before: int) -> bool:
        # While nothing is read, nobody can be heard.
        return self._pieces != before or self._room is not None
