"""TLS on an accepted connection: the handshake, within its deadline, and the words with which it ends.

trio drops what TLS has to say when it fails: the alert to who comes without a certificate, with another version or with
what is no TLS (RFC 8446 §6.2 wants it to be sent), and the end of our side while the peer still sends. So who secures a
stream here keeps the buffer that these wait in.
"""

import contextlib
import ssl
from typing import Any, Final, cast

import trio

from corserver.http.body import PeerLeft
from corserver.http.limits import Limits
from corserver.http.transport import Transport

#: To who speaks HTTP where TLS is spoken.
_SPOKE_HTTP: Final = (
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 47\r\n\r\n"
    b"This port speaks HTTPS: write https:// instead\n"
)
#: What OpenSSL calls bytes that are no TLS, of any version: four methods it knows, and CONNECT.
_NO_TLS: Final = ("HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER")


async def secured(stream: trio.abc.Stream, tls: ssl.SSLContext, limits: Limits) -> Transport:
    """*stream* under TLS. Raises `PeerLeft` where the peer cannot or does not within `handshake_seconds`."""
    transport = _Secured(stream, tls, limits)
    with trio.move_on_after(limits.handshake_seconds):
        try:
            await transport.stream.do_handshake()
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            is_no_tls = getattr(error.__cause__, "reason", "") in _NO_TLS
            await transport.say_at_last(_SPOKE_HTTP if is_no_tls else b"")
            raise PeerLeft from error
        transport.since = trio.current_time()  # The handshake has had a deadline of its own.
        return transport
    raise PeerLeft


class _Kept:
    """*tls* for trio's stream, which keeps what that has to send for who may have to send it instead."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self.outgoing = ssl.MemoryBIO()

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, **options: Any) -> ssl.SSLObject:
        """As the context's."""
        self.outgoing = outgoing
        return self._tls.wrap_bio(incoming, outgoing, **options)


class _Secured(Transport):
    """*plain* under TLS."""

    __slots__ = ("_kept", "_plain", "_secured")

    def __init__(self, plain: trio.abc.Stream, tls: ssl.SSLContext, limits: Limits) -> None:
        self._kept = _Kept(tls)
        self._secured = trio.SSLStream(plain, cast(ssl.SSLContext, self._kept), server_side=True)
        super().__init__(self._secured, limits)
        self._plain = Transport(plain, limits)

    @property
    def stream(self) -> "trio.SSLStream[trio.abc.Stream]":
        """The stream."""
        return self._secured

    def _ask_name(self) -> tuple[str, int] | None:
        return self._plain.server

    async def idle(self) -> bytes | None:
        """As `Transport`. Where nothing more comes, the peer is told the end (RFC 9112 §9.8), as far as it listens."""
        data = await super().idle()
        if not data:
            with trio.move_on_after(self._limits.linger_idle_seconds):
                await self.stream.aclose()
        return data

    async def linger(self) -> None:
        """As `Transport`: our end is close_notify (RFC 9112 §9.8)."""
        try:
            with trio.move_on_after(self._limits.linger_idle_seconds):
                await self.stream.unwrap()
        except trio.BrokenResourceError:  # The peer goes on, instead of ending its side too.
            await self.say_at_last()
        except (trio.ClosedResourceError, trio.BusyResourceError):
            pass

    async def say_at_last(self, words: bytes = b"") -> None:
        """Send what TLS could not, and *words*; then end our side, and drop what still comes."""
        with contextlib.suppress(PeerLeft):
            await self._plain.send(self._kept.outgoing.read() + words)
            await self._plain.linger()

    async def cut(self) -> None:
        """As `Transport`."""
        await self._plain.cut()
