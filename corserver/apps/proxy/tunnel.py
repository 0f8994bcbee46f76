"""Two streams joined: what comes out of one goes into the other, until both have ended (RFC 9110 §7.8)."""

import contextlib

import trio

from corserver.apps.proxy.links import Link
from corserver.http.messages import UpgradeHandler

_RECEIVE = 65536


def tunnel(link: Link) -> UpgradeHandler:
    """What takes over a client's connection once the upstream has answered 101 on *link*."""

    async def join(client: trio.abc.Stream, read: bytes) -> None:
        early = link.asking.take_rest()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_copy, client, link.stream, read, nursery.cancel_scope)
                nursery.start_soon(_copy, link.stream, client, early, nursery.cancel_scope)
        finally:
            await link.close()

    return join


async def _copy(
    source: trio.abc.ReceiveStream, sink: trio.abc.SendStream, first: bytes, scope: trio.CancelScope
) -> None:
    with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        if first:
            await sink.send_all(first)
        while data := await source.receive_some(_RECEIVE):
            await sink.send_all(data)
        if isinstance(sink, trio.abc.HalfCloseableStream):
            await sink.send_eof()
            return
    scope.cancel()
