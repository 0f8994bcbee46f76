"""Waiting for the upstream on behalf of a client that may leave meanwhile: then nobody waits any more."""

from collections.abc import Awaitable, Callable
from typing import Final

import trio

from corserver.apps.proxy.links import UpstreamStalled
from corserver.http.messages import PeerLeft, Request

#: How long nobody looks whether the client is still there, in seconds: most answers come sooner.
_UNWATCHED: Final = 0.25


async def attentive(receive: Callable[[], Awaitable[None]], request: Request, patience: float) -> None:
    """Await *receive*, which may be cancelled without a loss, while the client is there.

    The request's body must have been read. Raises `PeerLeft`, `UpstreamStalled` after *patience* seconds, and what
    *receive* raises.
    """
    with trio.move_on_after(min(_UNWATCHED, patience)) as brief:
        await receive()
    if brief.cancelled_caught:
        await _watched(receive, request, patience)


async def _watched(receive: Callable[[], Awaitable[None]], request: Request, patience: float) -> None:
    outcome: Exception | None = UpstreamStalled(f"it said nothing for {patience:g} seconds")

    async def watch() -> None:
        nonlocal outcome
        await request.client_left()
        outcome = PeerLeft()
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        with trio.move_on_after(max(0.0, patience - _UNWATCHED)):
            try:
                await receive()
                outcome = None
            except Exception as error:
                outcome = error
        nursery.cancel_scope.cancel()
    if outcome is not None:
        raise outcome
