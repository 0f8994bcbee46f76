"""A request's body, as its handler reads it, and who sends it; and a response's body that trailers follow."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, Protocol

from corserver.cors.fetch import Field
from corserver.http.forms import Form


class PeerLeft(Exception):
    """The peer closed or reset the connection, or stopped taking what it is sent. An app may raise it, too."""


class BodyWithTrailers(AsyncIterator[bytes]):
    """A response's body, streamed, and what is to be said behind it, where it is chunked (RFC 9110 §6.5)."""

    __slots__ = ()

    #: Header lines, known once the body was read to its end.
    trailers: tuple[Field, ...]


class Peer(Protocol):
    """Who sends the body, for those who answer while it still may come, or while its sender may leave."""

    @property
    def server(self) -> tuple[str, int] | None:
        """Our address and port on the connection, None where it has none."""

    def body_at_hand(self) -> bytes | None:
        """The next piece of the body, `b""` at its end, None while it has not arrived. Raises `HTTPError`."""

    def body_is_read(self) -> bool:
        """Whether nothing is left of the body."""

    async def next_body(self) -> bytes:
        """The next piece, `b""` at the end. Raises `HTTPError`, and what a connection whose peer left does."""

    async def next_or_left(self) -> bytes | None:
        """The same, None where the peer has left."""

    def has_left(self) -> bool:
        """Whether it is known to have ended its side."""

    #: Set it while the body is read beside the answer: nothing of it is dropped then.
    reads_beside: bool

    @property
    def awaits_continue(self) -> bool:
        """Whether it holds the body back until it is told to go on, which reading does (RFC 9110 §10.1.1)."""

    async def inform(self, status: int, fields: tuple[Field, ...]) -> None:
        """Send it an interim answer, unless the answer has begun. Raises what a connection whose peer left does."""

    async def wait_left(self) -> None:
        """Wait until it ends its side; to be cancelled before anything else is read."""


class Body:
    """A request's body: read once from the connection, by chunk or whole. Whole it is remembered."""

    __slots__ = ("_receive", "_trailers", "_whole", "form")

    def __init__(
        self,
        receive: Callable[[], Awaitable[bytes]],
        trailers: Callable[[], tuple[Field, ...]] = tuple,
    ) -> None:
        self._receive = receive
        self._trailers = trailers
        self._whole: bytes | None = None
        self.form: Form | None = None  # What `Request.form` read.

    @property
    def trailers(self) -> tuple[Field, ...]:
        """The trailer lines (RFC 9110 §6.5), once the body was read to its end; those about framing are left out."""
        return self._trailers()

    @property
    def whole(self) -> bytes | None:
        """All of it, if it was read whole before."""
        return self._whole

    async def read(self) -> bytes:
        """All of it. Raises `HTTPError` 413 beyond the limit, 408 if the peer is too slow, 400 if it ends early."""
        if self._whole is None:
            whole = bytearray()
            async for chunk in self:
                whole += chunk
            self._whole = bytes(whole)
        return self._whole

    def __aiter__(self) -> "_Pieces":
        """The chunks as they arrive, none of them empty. Raises as `read`."""
        return _Pieces(self._receive) if self._whole is None else _Pieces(_once(self._whole))


class _Pieces(AsyncIterator[bytes]):
    # No async generator: a handler that raises in the middle of one leaves it to the garbage collector, with a warning.
    __slots__ = ("_receive",)

    def __init__(self, receive: Callable[[], Awaitable[bytes]]) -> None:
        self._receive = receive

    async def __anext__(self) -> bytes:
        chunk = await self._receive()
        if not chunk:
            raise StopAsyncIteration
        return chunk


def _once(whole: bytes) -> Callable[[], Awaitable[bytes]]:
    pieces = [b"", whole]

    async def receive() -> bytes:
        return pieces.pop() if pieces else b""

    return receive


async def _nothing() -> bytes:
    return b""


#: The body of every message that has none.
NO_BODY: Final = Body(_nothing)
