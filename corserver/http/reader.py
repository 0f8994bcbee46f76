"""Reads requests off a connection, each part under its deadline: heads, and bodies as somebody wants them."""

import contextlib
from typing import Final

import trio

from corserver.cors.fetch import Field
from corserver.http.body import Body, PeerLeft
from corserver.http.gate import Head, RefusedHead, body_too_large
from corserver.http.limits import Limits
from corserver.http.messages import HTTPError
from corserver.http.transport import Transport
from corserver.http.wire import Wire
from corserver.http.wire.response_heads import interim

_NOT_WATCHED: Final = "whether a client has left can be waited for until its request is answered, not longer"
#: How long a body that nobody read may take to arrive for the connection to be kept.
_DRAIN_SECONDS: Final = 1.0


class Pace:
    """How much patience there is with a peer that sends a body: a while between pieces, and a rate from the first on.

    Only the time spent waiting for the peer counts, so that a handler may read as slowly as it likes. The framing of
    chunks is none of the body: who sends that alone is sending, and has sent nothing.
    """

    __slots__ = ("_has_begun", "_limits", "received", "waited")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._has_begun = False
        #: bytes of the body that came, and seconds that were waited for them since anything came
        self.received = 0
        self.waited = 0.0

    @property
    def seconds(self) -> float:
        """How long to wait for the next piece."""
        if not (self._has_begun or self.received):
            return self._limits.body_seconds
        earned = self._limits.rate_grace_seconds + self.received / self._limits.body_rate
        return max(0.0, min(self._limits.body_seconds, earned - self.waited))

    def came(self, seconds: float) -> None:
        """Something came, for which somebody has waited so long."""
        self.waited += seconds if self._has_begun or self.received else 0.0
        self._has_begun = True


class _Watch:
    """Somebody who waits for the peer to leave: *scope* ends it, and *gone* is set when it has ended."""

    __slots__ = ("gone", "scope")

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self.gone = trio.Event()


class Reader:
    """What the peer sends, as it is wanted."""

    __slots__ = ("_bodies", "_error", "_interim", "_limits", "_pace", "_transport", "_watch", "_wire", "reads_beside")

    def __init__(self, transport: Transport, wire: Wire, limits: Limits) -> None:
        self._transport = transport
        self._wire = wire
        self._limits = limits
        self._pace: Pace | None = None
        self._error: HTTPError | None = None
        #: How many bodies there were: who still has an earlier one is not given the bytes of another's.
        self._bodies = 0
        #: Whoever sends an interim answer has it.
        self._interim: trio.Lock | None = None
        #: Who waits for the peer to leave, until the next request is read.
        self._watch: _Watch | None = None
        #: As `Peer`.
        self.reads_beside = False

    @property
    def is_watched(self) -> bool:
        """Whether somebody waits for the peer to leave."""
        return self._watch is not None

    def take_received(self) -> bytes:
        """What arrived for the next request while nothing was under way; empty where that must be waited for."""
        self._pace, self._error, self.reads_beside = None, None, False
        if self._watch is not None:
            self._watch.scope.cancel()
        transport = self._transport
        data, transport.received = transport.received, b""
        return data

    async def next_head(self) -> Head | None:
        """The next head, or None when there will be none. Raises `RefusedHead`."""
        wire, transport = self._wire, self._transport
        self._pace, self._error, self.reads_beside = None, None, False
        if self._watch is not None:
            await self._watch.gone.wait()
        began = transport.since
        while wire.is_silent:
            if wire.at_eof:
                return None
            data = await transport.idle()
            if not data:
                return None
            if (head := wire.take_head(data)) is not None:
                return head
            began = trio.current_time()
        head = wire.next_head()
        return await self._rest_of_head(began) if head is None else head

    async def _rest_of_head(self, began: float) -> Head | None:
        # Of the first head, the time counts from the connection's start: nobody is kept by a byte.
        wire, limits = self._wire, self._limits
        start = began if self._transport.served else self._transport.since
        with trio.CancelScope(deadline=start + limits.head_seconds):
            while (head := wire.next_head()) is None:
                if wire.at_eof:
                    return None
                wire.receive(await self._transport.receive())
            return head
        if wire.is_silent:
            return None
        refusal = RefusedHead(408, f"the head did not arrive within {limits.head_seconds:g} seconds")
        refusal.beginning = wire.beginning
        raise refusal

    def body(self) -> Body:
        """The body of the request that is under way. Read after the rest of it was dropped it raises RuntimeError."""
        self._bodies += 1
        number = self._bodies

        async def receive() -> bytes:
            if number != self._bodies:
                raise RuntimeError("a body is read before the request is answered: what was left of it is dropped")
            return await self.next_body()

        return Body(receive, lambda: self._wire.trailers if number == self._bodies else ())

    async def next_body(self) -> bytes:
        """The next piece of the request's body, `b""` at its end. Raises `HTTPError` 413, 408 or 400."""
        if self._error is not None:
            raise self._error
        try:
            return await self._next_body()
        except HTTPError as error:
            # Where the body ends is not known any more, and what comes is not to be taken for a part of it.
            self._error, self._wire.must_close = error, True
            raise

    async def _next_body(self) -> bytes:
        wire, limits = self._wire, self._limits
        pace = self._pace = self._pace or Pace(limits)
        if wire.is_pausing:
            await trio.lowlevel.checkpoint()
        while (piece := self._take_body(pace)) is None:
            if wire.awaits_continue and wire.can_start():
                await self._send_interim(wire.go_on())
            data, start = b"", trio.current_time()
            with trio.move_on_after(pace.seconds) as scope:
                data = await self._transport.receive()
            if scope.cancelled_caught:
                raise HTTPError(408, "the request body arrives too slowly")
            pace.came(trio.current_time() - start)
            wire.receive(data)
        return piece

    def _take_body(self, pace: Pace) -> bytes | None:
        piece, most = self._wire.next_body(), self._limits.body
        pace.received += len(piece or b"")
        if most is not None and pace.received > most:
            raise body_too_large(most)
        return piece

    # ------------------------------------------------------------------------------------------------ as `body.Peer`

    @property
    def server(self) -> tuple[str, int] | None:
        """As `Peer`."""
        return self._transport.server

    @property
    def awaits_continue(self) -> bool:
        """As `Peer`."""
        return self._wire.awaits_continue

    async def inform(self, status: int, fields: tuple[Field, ...]) -> None:
        """As `Peer`."""
        if self._wire.can_start() and not self._transport.is_at_rest():
            await self._send_interim(interim(status, fields))

    async def _send_interim(self, data: bytes) -> None:
        self._interim = self._interim or trio.Lock()
        async with self._interim:
            await self._transport.send(data)

    def body_at_hand(self) -> bytes | None:
        """As `Peer`."""
        if self._error is not None:
            raise self._error
        self._pace = self._pace or Pace(self._limits)
        try:
            return None if self._wire.is_pausing else self._take_body(self._pace)
        except HTTPError as error:
            self._error, self._wire.must_close = error, True
            raise

    def body_is_read(self) -> bool:
        """As `Peer`."""
        return self._error is None and self._wire.body_is_read

    async def next_or_left(self) -> bytes | None:
        """As `Peer`."""
        try:
            return await self.next_body()
        except PeerLeft:
            return None

    def has_left(self) -> bool:
        """As `Peer`."""
        return self._wire.has_ended or self._transport.has_left()

    async def wait_left(self) -> None:
        """As `Peer`: what arrives meanwhile is of the next requests, and kept, as long as it is not too much."""
        watch = self._watch = _Watch()
        try:
            with watch.scope, contextlib.suppress(PeerLeft):
                await self._watch_until_left()
        except trio.BusyResourceError:  # The next request is waited for already.
            raise RuntimeError(_NOT_WATCHED) from None
        finally:
            self._watch = None
            watch.gone.set()
        if watch.scope.cancelled_caught:
            raise RuntimeError(_NOT_WATCHED)

    async def _watch_until_left(self) -> None:
        wire, transport = self._wire, self._transport
        while not wire.has_ended:
            if wire.buffered > self._limits.head:
                await trio.sleep_forever()
            if isinstance(transport.stream, trio.SocketStream):
                try:
                    await trio.lowlevel.wait_readable(transport.stream.socket)
                except (OSError, ValueError, trio.ClosedResourceError) as error:  # It is closed, on our side.
                    raise PeerLeft from error
            if transport.is_at_rest():  # What arrives is for whoever waits for the next request.
                raise RuntimeError(_NOT_WATCHED)
            wire.receive(await transport.receive())

    def give_up(self, reason: str) -> None:
        """Nothing more of the body can be read, for this *reason*."""
        self._error = HTTPError(400, reason)

    def can_drain(self, head: Head | None) -> bool:
        """Whether what is unread of the body is little enough to be read and dropped, so that the connection is
        kept."""  # A body of unknown length, or one that the peer holds back, is not worth the wait.
        if head is None or head.section.content_length is None or self._wire.awaits_continue:
            return False
        received = 0 if self._pace is None else self._pace.received
        return head.section.content_length - received <= self._limits.drain

    async def drain(self) -> None:
        """Read and drop the rest of the body, as long as it comes quickly."""
        self._bodies += 1
        # Busy where somebody waits for it: then the connection ends.
        with trio.move_on_after(_DRAIN_SECONDS), contextlib.suppress(HTTPError, trio.BusyResourceError):
            while await self.next_body():
                pass
