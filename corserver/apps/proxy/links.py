"""Connections to the upstream: opened, kept for a while when they are idle, and used again, the last one first.

Each is asked one request at a time. One that the upstream closed meanwhile is seen to be closed before it is used; what
is closed at the very moment is the exchange's business, which knows whether it may ask again.

This is not httpcore's pool: that sends a request's body to its end before it reads, drops interim answers and trailers,
and takes 850 to 1000 us of CPU for a proxied GET; its HTTP/1.1 connection alone takes 340 to 460, and this 135. Nor can
the pool be had alone: for each idle connection it looks at every other, twice a request, which takes 0.3 ms where half
of 32 are idle, 1.3 ms where half of 100 are, and 7 ms of 256.
"""

import logging
import ssl
from collections import deque
from typing import Final

import trio

from corserver.apps.causes import too_many_files
from corserver.apps.proxy.target import Target
from corserver.http.wire import Asking, KnownHeads

logger = logging.getLogger("corserver")

#: How much is read at once, in bytes.
_RECEIVE: Final = 65536
#: How long an idle connection is kept, in seconds: a bit less than servers do (Node, uvicorn: 5), and how many are.
_IDLE_SECONDS: Final = 4.0
_MOST_IDLE: Final = 256
#: How long it may take to connect, at most, in seconds.
_CONNECT_SECONDS: Final = 10.0


class UpstreamGone(Exception):
    """It cannot be reached, or has closed or reset the connection."""


class UpstreamStalled(Exception):
    """It took nothing of the request, or said nothing, for too long."""


class Link:
    """One connection. *was_used* is whether there was an exchange on it before this one, *is_cut_short* whether the
    end of a request's body may not have been sent."""

    __slots__ = ("_patience", "asking", "idle_since", "is_cut_short", "stream", "was_used")

    def __init__(self, stream: trio.abc.Stream, patience: float, known: KnownHeads) -> None:
        self.stream = stream
        self.asking = Asking(known)
        self.was_used = False
        self.is_cut_short = False
        self.idle_since = 0.0
        self._patience = patience

    async def send(self, data: bytes) -> None:
        """Raises `UpstreamGone` and `UpstreamStalled`."""
        with trio.move_on_after(self._patience) as scope:
            try:
                await self.stream.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                raise UpstreamGone("it closed the connection while it was asked") from error
        if scope.cancelled_caught:
            raise UpstreamStalled(f"it took nothing of the request for {self._patience:g} seconds")

    async def receive(self) -> None:
        """Wait for more of the answer. Raises `UpstreamGone`."""
        try:
            self.asking.receive(bytes(await self.stream.receive_some(_RECEIVE)))
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            is_cut = isinstance(error.__cause__, ssl.SSLEOFError)
            raise UpstreamGone(f"it {'cut' if is_cut else 'reset'} the connection") from error

    @property
    def is_stale(self) -> bool:
        """Whether it was closed, or something came that nobody asked for, or it was idle for too long."""
        stream = self.stream.transport_stream if isinstance(self.stream, trio.SSLStream) else self.stream
        if trio.current_time() - self.idle_since > _IDLE_SECONDS:
            return True
        return isinstance(stream, trio.SocketStream) and stream.socket.is_readable()

    async def close(self) -> None:
        """Close it, without a wait."""
        with trio.CancelScope(shield=True):
            await trio.aclose_forcefully(self.stream)


class Links:
    """All of them. *tls* is for an upstream that speaks it."""

    def __init__(self, target: Target, patience: float, tls: ssl.SSLContext | None) -> None:
        self._target = target
        self._patience = patience
        self._tls = tls
        self._idle: deque[Link] = deque()
        self._known = KnownHeads()

    async def take(self) -> Link:
        """One that is idle, or a new one. Raises as `connect`."""
        while self._idle:
            link = self._idle.pop()
            if not link.is_stale:
                return link
            await link.close()
        return await self.connect()

    async def connect(self) -> Link:
        """A new one. Raises `UpstreamGone` and `UpstreamStalled`, and `HTTPError` 503 where no file can be opened."""
        seconds = min(self._patience, _CONNECT_SECONDS)
        awaited = "accept a connection"
        with trio.move_on_after(seconds):
            stream = await self._open()
            if self._tls is not None:
                awaited = "answer the handshake of TLS"
                stream = await self._secured(stream, self._tls)
            return Link(stream, self._patience, self._known)
        raise UpstreamStalled(f"it did not {awaited} within {seconds:g} seconds")

    async def give_back(self, link: Link) -> None:
        """Keep it for the next exchange, if it can have another."""
        if link.is_cut_short or not link.asking.recycle():
            await link.close()
            return
        link.was_used = True
        link.idle_since = trio.current_time()
        self._idle.append(link)
        if len(self._idle) > _MOST_IDLE:
            await self._idle.popleft().close()

    async def sweep(self) -> None:
        """Close those that are idle for too long, again and again."""
        while True:
            await trio.sleep(_IDLE_SECONDS)
            while self._idle and self._idle[0].is_stale:
                await self._idle.popleft().close()

    async def close(self) -> None:
        """Close those that are idle."""
        while self._idle:
            await self._idle.pop().close()

    async def _open(self) -> trio.abc.Stream:
        target = self._target
        try:
            if target.uds:
                return await trio.open_unix_socket(target.uds)
            return await trio.open_tcp_stream(target.host, target.port)
        except OSError as error:
            cause = _cause(error)
            if (crowded := too_many_files(cause)) is not None:
                logger.warning("no connection to the upstream can be opened for the moment: %s", cause.strerror)
                raise crowded from error
            raise UpstreamGone(f"it cannot be reached: {cause.strerror or cause}") from error

    async def _secured(self, stream: trio.abc.Stream, tls: ssl.SSLContext) -> trio.abc.Stream:
        # Not `https_compatible`: an answer that ends with the connection is whole only where the peer says that it
        # ends it (RFC 9112 §9.8).
        secured = trio.SSLStream(stream, tls, server_hostname=self._target.host)
        try:
            await secured.do_handshake()
        except BaseException as error:
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(stream)
            if isinstance(error, trio.BrokenResourceError):
                raise UpstreamGone(_tls_reason(error.__cause__)) from error
            raise
        return secured


def tls_context(insecure: bool) -> ssl.SSLContext:
    """How an upstream is spoken to that has TLS; *insecure* does not ask who it is."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _cause(error: OSError) -> OSError:
    # trio gives one error with all that were met, address by address.
    causes = error.__cause__.exceptions if isinstance(error.__cause__, BaseExceptionGroup) else (error,)
    return causes[0] if isinstance(causes[0], OSError) else error


def _tls_reason(error: BaseException | None) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return "it does not speak TLS, or none that both know"
