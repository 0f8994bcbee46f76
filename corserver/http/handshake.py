"""The TLS handshake of an accepted connection, within its deadline."""

import contextlib
import ssl
from typing import Final, TypeVar

import trio

from corserver.http.body import PeerLeft

Plain = TypeVar("Plain", bound=trio.abc.Stream)

#: To who speaks HTTP where TLS is spoken.
_SPOKE_HTTP: Final = (
    b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 47\r\n\r\n"
    b"This port speaks HTTPS: write https:// instead\n"
)


async def secured_stream(stream: Plain, tls: ssl.SSLContext, seconds: float) -> trio.SSLStream[Plain]:
    """*stream* under TLS. Raises `PeerLeft` where the peer cannot or does not in *seconds*."""
    secured = trio.SSLStream(stream, tls, server_side=True)
    with trio.move_on_after(seconds) as scope:
        try:
            await secured.do_handshake()
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            if getattr(error.__cause__, "reason", "") == "HTTP_REQUEST":
                with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):  # It may have left.
                    await stream.send_all(_SPOKE_HTTP)
            raise PeerLeft from error
    if scope.cancelled_caught:
        raise PeerLeft
    return secured
