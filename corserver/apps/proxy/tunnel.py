"""Two streams joined: what comes out of one goes into the other, until both have ended (RFC 9110 §7.8).

Either may be silent for as long as it likes, but has to take what it is sent: while one takes nothing, nobody sees that
the other has left.
"""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Final

import trio

from corserver.apps.proxy.links import Link, UpstreamGone, UpstreamStalled

_RECEIVE: Final = 65536


class Tunnel:
    """What takes over a client's connection once the upstream has answered 101 on *link*; a `Response`'s upgrade.

    It ends when the server does: nobody here knows where what goes through it could be ended, so nothing is waited for.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._scope = trio.CancelScope()

    async def __call__(self, client: trio.abc.Stream, read: bytes) -> None:
        """Join *client*, of which *read* has arrived already, with the upstream."""
        upstream, early = self._link.stream, self._link.asking.take_rest()
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    scope = nursery.cancel_scope
                    nursery.start_soon(_copy, client, upstream, self._link.send, read, scope)
                    nursery.start_soon(_copy, upstream, client, client.send_all, early, scope)
        finally:
            await self._link.close()

    def stop(self) -> None:
        """The server stops."""
        self._scope.cancel()

    async def aclose(self) -> None:
        """The 101 could not be sent."""
        await self._link.close()


async def _copy(
    source: trio.abc.ReceiveStream,
    sink: trio.abc.SendStream,
    send: Callable[[bytes], Awaitable[None]],
    first: bytes,
    scope: trio.CancelScope,
) -> None:
    with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError, UpstreamGone, UpstreamStalled):
        if first:
            await send(first)
        while data := await source.receive_some(_RECEIVE):
            await send(bytes(data))
        if isinstance(sink, trio.abc.HalfCloseableStream):
            await sink.send_eof()
            return
    scope.cancel()
