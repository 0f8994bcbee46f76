"""A connection in the hands of another protocol: its stream, under the deadlines that the server's own answers have."""

import logging

import trio

from corserver.http.body import PeerLeft
from corserver.http.gate import Head
from corserver.http.messages import Response, UpgradeHandler
from corserver.http.transport import Transport
from corserver.http.wire.response_heads import interim

logger = logging.getLogger("corserver")


def switching(head: Head | None, response: Response) -> bytes:
    """The 101 to a request with this *head* (RFC 9110 §7.8). A 1xx carries no CORS lines: what follows is not HTTP."""
    asked = [value for name, value in head.fields if name == b"upgrade"] if head else []
    return interim(101, (*response.headers, (b"Connection", b"Upgrade"), (b"Upgrade", b", ".join(asked))))


async def run_upgraded(upgrade: UpgradeHandler, transport: Transport, rest: bytes) -> None:
    """Let *upgrade* have the connection, and what was read of it already. Raises `PeerLeft`."""
    try:
        await upgrade(_upgraded(transport), rest)
        await transport.linger()
    except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
        raise PeerLeft from error
    except Exception:
        logger.exception("an upgraded connection's handler raised")


def _upgraded(transport: Transport) -> trio.abc.Stream:
    """The stream of *transport*. What a peer does not take in time breaks it. TLS has no half-closed streams."""
    is_half_closeable = isinstance(transport.stream, trio.abc.HalfCloseableStream)
    return _HalfCloseable(transport) if is_half_closeable else _Upgraded(transport)


class _Upgraded(trio.abc.Stream):
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """As trio's. Raises BrokenResourceError, also where a piece is not taken within `write_seconds`."""
        await trio.lowlevel.checkpoint()
        try:
            await self._transport.send(bytes(data))
        except PeerLeft as error:
            raise trio.BrokenResourceError from error

    def send_now(self, data: bytes) -> int:
        """Send what can be sent without waiting; how many bytes that was. Raises BrokenResourceError.

        Not while `send_all` is under way.
        """
        try:
            return self._transport.send_now(data)
        except PeerLeft as error:
            raise trio.BrokenResourceError from error

    async def wait_send_all_might_not_block(self) -> None:
        """As trio's."""
        await self._transport.stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """As trio's."""
        return bytes(await self._transport.stream.receive_some(max_bytes))

    async def aclose(self) -> None:
        """As trio's."""
        await self._transport.aclose()


class _HalfCloseable(_Upgraded, trio.abc.HalfCloseableStream):
    async def send_eof(self) -> None:
        """As trio's."""
        stream = self._transport.stream
        assert isinstance(stream, trio.abc.HalfCloseableStream), "it is made for one"
        await stream.send_eof()


def stop(upgrade: UpgradeHandler) -> None:
    """Tell what has taken a connection over, if it wants to know, that the server stops."""
    tell = getattr(upgrade, "stop", None)
    if tell is not None:
        tell()
