"""A request's body, as its handler reads it: by chunk or whole, once from the connection."""

from collections.abc import AsyncIterator, Awaitable, Callable

import trio

from corserver.cors.fetch import Field
from corserver.http.forms import Form


class Body:
    """A request's body: read once from the connection, by chunk or whole. Whole it is remembered."""

    __slots__ = ("_receive", "_trailers", "_whole", "form", "peer_left")

    def __init__(
        self,
        receive: Callable[[], Awaitable[bytes]],
        trailers: Callable[[], tuple[Field, ...]] = tuple,
        peer_left: Callable[[], Awaitable[None]] = trio.sleep_forever,
    ) -> None:
        self._receive = receive
        self._trailers = trailers
        self._whole: bytes | None = None
        #: Waits until who sends it has left.
        self.peer_left = peer_left
        self.form: Form | None = None  # What `Request.form` read.

    @property
    def trailers(self) -> tuple[Field, ...]:
        """The trailer lines (RFC 9110 §6.5), once the body was read to its end; those about framing are left out."""
        return self._trailers()

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


async def nothing() -> bytes:
    """What is received of a body that is empty."""
    return b""
