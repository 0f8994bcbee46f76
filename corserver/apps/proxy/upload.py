"""A request's body on its way up, beside the answer, which may come before the end of it (RFC 9112 §9.3).

Both directions stream at once: what the upstream answers goes down while the client's body goes up. Where the answer is
an error the rest of the body is not sent (RFC 9112 §9.5: a client should stop then); else it goes up to its end, as
long as the upstream takes it, and the answer to the client ends no sooner.
"""

from collections.abc import Awaitable, Callable
from typing import Final

import trio

from corserver.apps.proxy.links import Link, UpstreamGone
from corserver.http.messages import Request

#: How long a client that expects a 100 (Continue) is kept waiting for the upstream's, in seconds: some send none.
_CONTINUE_SECONDS: Final = 1.0
#: How much of a body that has arrived together with its head is sent together with it, in bytes.
_AT_ONCE: Final = 65536


class Upload:
    """The body of *request* on its way to *link*; *expects* is whether the upstream is asked for a 100 first."""

    def __init__(self, link: Link, request: Request, expects: bool) -> None:
        assert request.peer is not None, "a body comes over a connection"
        self._link = link
        self._request = request
        self._peer = request.peer
        self._scope = trio.CancelScope()
        self._waiting: trio.CancelScope | None = None
        self._may_begin = trio.Event()
        self._ended = trio.Event()
        self._expects = expects
        #: What went wrong, on either side; that the upstream closes the connection is not: its answer may say why.
        self.failure: Exception | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more of it goes up."""
        return self._ended.is_set()

    @property
    def is_held_back(self) -> bool:
        """Whether it has not begun, as the upstream was asked for a 100 and has sent none."""
        return self._expects and not self._may_begin.is_set()

    async def begin(self, head: bytes) -> None:
        """Send *head*, with what has arrived of the body; the rest goes up in a task of its own.

        Raises `HTTPError` for a body that is malformed or too large, `UpstreamGone` and `UpstreamStalled`.
        """
        first, is_whole = (b"", False) if self._expects else self._arrived()
        if is_whole:
            self._ended.set()
            await self._link.send(head + first + self._link.asking.finish(self._request.content.trailers))
            return
        await self._link.send(head + first)
        self._request.start_soon(self._run)
        self._peer.reads_beside = True

    def _arrived(self) -> tuple[bytes, bool]:
        if (whole := self._request.content.whole) is not None:  # Somebody has read it before.
            return self._link.asking.data(whole) if whole else b"", True
        pieces: list[bytes] = []
        size = 0
        while size < _AT_ONCE:
            piece = self._peer.body_at_hand()
            if not piece:
                return b"".join(pieces), piece is not None
            pieces.append(self._link.asking.data(piece))
            size += len(piece)
        return b"".join(pieces), False

    def go_on(self) -> None:
        """The upstream has said that it wants the body; reading it tells the client so."""
        self._may_begin.set()

    async def beside(self, receive: Callable[[], Awaitable[None]]) -> None:
        """Await *receive*, which may be cancelled without a loss, until the body is up or fails."""
        with trio.CancelScope() as self._waiting:
            await receive()
        self._waiting = None

    async def wait_over(self) -> None:
        """Wait until nothing more of it goes up."""
        await self._ended.wait()

    def cancel(self) -> None:
        """Send no more of it: it is over in a moment."""
        self._scope.cancel()

    async def _run(self) -> None:
        try:
            with self._scope:
                await self._send()
        except UpstreamGone:
            pass
        except Exception as error:
            self.failure = error
        finally:
            self._peer.reads_beside = False
            self._ended.set()
            if self._waiting is not None:
                self._waiting.cancel()

    async def _send(self) -> None:
        link = self._link
        if self._expects:
            with trio.move_on_after(_CONTINUE_SECONDS):
                await self._may_begin.wait()
            self._may_begin.set()
        async for piece in self._request.stream():
            await link.send(link.asking.data(piece))
        if end := link.asking.finish(self._request.content.trailers):
            link.is_cut_short = True
            await link.send(end)  # If it is cancelled now, the upstream waits for what never comes.
            link.is_cut_short = False
