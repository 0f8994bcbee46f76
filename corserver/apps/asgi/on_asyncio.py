"""asyncio for hosted apps, by the library trio-asyncio, in the server's thread."""

import asyncio
import functools
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import trio
import trio_asyncio

from corserver.apps.asgi.asyncio_loop import complete, of_request
from corserver.apps.asgi.loop import AsyncFunction, Event
from corserver.http.messages import Request

logger = logging.getLogger("corserver")


class AsyncioTasks:
    """A loop of trio-asyncio's, which is open."""

    def __init__(self, loop: trio_asyncio.TrioEventLoop) -> None:
        self._loop = loop

    def start(self, request: Request, fn: AsyncFunction, *args: Any) -> Any:
        """As `Loop`."""
        return self._loop.create_task(_coroutine(fn, args))

    def see_out(self, request: Request, task: Any) -> None:
        """As `Loop`."""
        if not task.done():
            request.start_soon(_wait_for, task)

    def cancel(self, task: Any) -> None:
        """As `Loop`."""
        task.cancel()

    def event(self) -> Event:
        """As `Loop`."""
        return asyncio.Event()

    async def turn(self) -> None:
        """As `Loop`."""
        await asyncio.sleep(0)

    async def run(self, fn: AsyncFunction, *args: Any) -> Any:
        """As `Loop`. A cancellation of the caller is one of the task."""
        return await trio_asyncio.aio_as_trio(fn, loop=self._loop)(*args)

    def from_trio(self, fn: AsyncFunction) -> AsyncFunction:
        """As `Loop`."""
        return functools.wraps(fn)(trio_asyncio.trio_as_aio(fn, loop=self._loop))


@asynccontextmanager
async def open_asyncio() -> AsyncGenerator[AsyncioTasks, None]:
    """An asyncio loop, whose tasks are cancelled in the end; the one that is open around here, if there is one."""
    around = trio_asyncio.current_loop.get()
    if around is not None:
        yield AsyncioTasks(around)
        return
    async with trio_asyncio.open_loop() as loop:
        # trio-asyncio's own handler ends the loop, and all that are served with it, for one task that nobody awaited.
        loop.set_exception_handler(_tell)
        with complete(loop) as completed:
            await completed.synchronize()  # The callback that it waits for is not run by what is completed.
            async with trio.open_nursery() as nursery:
                nursery.start_soon(completed.raise_exit)
                yield AsyncioTasks(completed)
                nursery.cancel_scope.cancel()


async def _coroutine(fn: AsyncFunction, args: tuple[Any, ...]) -> None:
    of_request.set(True)
    await fn(*args)


async def _wait_for(task: "asyncio.Task[None]") -> None:
    try:
        await trio_asyncio.run_aio_future(task)
    except asyncio.CancelledError:  # By somebody else.
        await trio.lowlevel.checkpoint()


def _tell(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    if not isinstance(error, SystemExit):  # That was told as it was raised.
        logger.error("asyncio: %s", context.get("message", "an error"), exc_info=error)
