"""A connection in the hands of another protocol: its stream, under the deadlines that the server's own answers have."""

import trio

from corserver.http.body import PeerLeft
from corserver.http.messages import UpgradeHandler
from corserver.http.transport import Transport


def upgraded(transport: Transport) -> trio.abc.Stream:
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
