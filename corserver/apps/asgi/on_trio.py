"""trio, the server's own loop, for hosted apps."""

from typing import Any

import trio

from corserver.apps.asgi.loop import AsyncFunction, Event, log_exit
from corserver.http.messages import Request


class TrioLoop:
    """The server's own loop."""

    def start(self, request: Request, fn: AsyncFunction, *args: Any) -> Any:
        """As `Loop`: in the server's nursery, which waits for it."""
        request.start_soon(fn, *args)

    def see_out(self, request: Request, task: Any) -> None:
        """As `Loop`."""

    def cancel(self, task: Any) -> None:
        """As `Loop`: the server's nursery is cancelled for all."""

    def event(self) -> Event:
        """As `Loop`."""
        return trio.Event()

    async def turn(self) -> None:
        """As `Loop`."""
        await trio.lowlevel.checkpoint()

    async def run(self, fn: AsyncFunction, *args: Any) -> Any:
        """As `Loop`."""
        try:
            return await fn(*args)
        except BaseException as error:
            log_exit(error)
            raise

    def from_trio(self, fn: AsyncFunction) -> AsyncFunction:
        """As `Loop`."""
        return fn
