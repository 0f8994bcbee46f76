"""How one process's server is stopped by signals: the first lets answers finish, another one cuts them off.

An app may take long to start and to end, and nobody knows how long. Meanwhile the second signal ends the process.
"""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import trio

from corserver.cli.options.settings import Settings
from corserver.cli.output import notices
from corserver.http.health import LEAVING_SECONDS
from corserver.http.server import Server

#: How long it may take to stop before somebody who waits is told why, in seconds.
_PATIENCE: Final = 0.2


async def start_unless_signalled(
    nursery: trio.Nursery, start: Callable[..., Awaitable[None]], signals: AsyncIterator[int]
) -> Server | None:
    """The server that *start* starts in *nursery*; None where a signal came first."""
    server: Server | None = None
    was_signalled = False
    async with trio.open_nursery() as watching:

        @watching.start_soon
        async def give_up() -> None:
            nonlocal was_signalled
            await anext(signals)
            was_signalled = True
            _end_at_next_signal()
            watching.cancel_scope.cancel()

        server = await nursery.start(start)
        watching.cancel_scope.cancel()
    if was_signalled and server is not None:  # As it started, so that there was nothing to give up any more.
        server.stop()
        server = None
    return server


async def stop_on_signal(server: Server, signals: AsyncIterator[int], settings: Settings) -> bool:
    """Wait until signals have stopped *server*. Whether another signal cut answers off."""
    output = settings.output
    await _begin_to_stop(server, signals, settings.drain_seconds)
    with trio.move_on_after(_PATIENCE) as brief:
        await server.wait_stopped()
    if brief.cancelled_caught and output.is_for_people:
        notices.print_stopping(server.connections, aside=output.banner_is_aside)
    cut_off = False
    async with trio.open_nursery() as nursery:

        async def wait_for_second() -> None:
            nonlocal cut_off
            await anext(signals)
            cut_off = True
            server.stop(grace=0)

        nursery.start_soon(wait_for_second)
        await server.wait_stopped()
        nursery.cancel_scope.cancel()
    _end_at_next_signal()
    return cut_off


def _end_at_next_signal() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


async def _begin_to_stop(server: Server, signals: AsyncIterator[int], drain_seconds: float) -> None:
    """Wait for a signal. After a SIGTERM the server goes on for so long, or until another one comes."""
    if await anext(signals) != signal.SIGTERM or not drain_seconds:
        server.stop()
        return
    server.drain()
    with trio.move_on_after(drain_seconds) as scope:
        await anext(signals)
    if scope.cancelled_caught:
        server.retire(LEAVING_SECONDS)
    else:
        server.stop()
