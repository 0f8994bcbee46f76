"""What a hosted app needs of an event loop; `loops` has the two that there are."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from corserver.http.messages import Request

logger = logging.getLogger("corserver")

AsyncFunction = Callable[..., Awaitable[Any]]


class Event(Protocol):
    """What `trio.Event` and `asyncio.Event` have in common."""

    def set(self) -> Any:
        """Let all who wait go on."""

    async def wait(self) -> Any:
        """Wait until it is set."""


class Loop(Protocol):
    """An event loop, as this server sees it. What runs on it is called *the app's* side here."""

    def start(self, request: Request, fn: AsyncFunction, *args: Any) -> Any:
        """Run `fn(*args)` on the app's side, in a task of its own, which is returned for the two below."""

    def see_out(self, request: Request, task: Any) -> None:
        """The task may go on now, but the server waits for it when it stops, within its grace."""

    def cancel(self, task: Any) -> None:
        """Nobody waits for the task any more."""

    def event(self) -> Event:
        """Something that the app's side can wait for."""

    async def turn(self) -> None:
        """Let others have a turn, on the app's side and on the server's, before the app goes on."""

    async def run(self, fn: AsyncFunction, *args: Any) -> Any:
        """Run `fn(*args)` on the app's side; to be awaited on the server's."""

    def from_trio(self, fn: AsyncFunction) -> AsyncFunction:
        """*fn*, which is the server's, as the app's side can call it."""


def log_exit(error: BaseException) -> None:
    """Say that the app ends the program, if *error* says so: the server stops, and its user may wonder why."""
    group = error if isinstance(error, BaseExceptionGroup) else BaseExceptionGroup("", [error])
    if group.subgroup(SystemExit) is not None:
        logger.error("the app ends the program: the server stops", exc_info=error)
