"""The crew: tasks that see to one visitor after another, so that most turns cost no task of their own.

A task of trio's that is woken costs more than many a handler. So whoever calls for a visitor puts it in line, and a
member of the crew serves the line until it is empty. Before it begins with one while others are in line, it wakes a
successor, once: if a handler has to wait, the successor runs, and goes on with the line; if none had to, the successor
finds nothing to do. Most handlers answer without waiting, so a batch of visitors costs the turns of two tasks, and a
handler that waits keeps nobody else waiting.

Each turn runs in a context of its own (PEP 567), so that no context variable outlives the request it was set for.
"""

import contextvars
import types
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

import outcome
import trio

V = TypeVar("V")


class Crew(Generic[V]):
    """Calls *serve* with each visitor that is called for, in tasks of *nursery*."""

    __slots__ = ("_is_coming", "_is_stopping", "_is_tired", "_line", "_nursery", "_resting", "_serve", "_spare")

    def __init__(self, nursery: trio.Nursery, serve: Callable[[V], Coroutine[Any, Any, None]]) -> None:
        self._nursery = nursery
        self._serve = serve
        self._line: deque[V] = deque()
        self._resting: list[trio.lowlevel.Task] = []
        #: Whether a member was woken and has not looked at the line yet.
        self._is_coming = False
        self._is_stopping = False
        #: Whether the one that works now is to leave the line to its successor.
        self._is_tired = False
        #: How many members were never needed since `dismiss_spare`.
        self._spare = 0

    def call(self, visitor: V) -> None:
        """Put *visitor* in line."""
        self._line.append(visitor)
        if not self._is_coming:
            self._wake()

    def give_way(self) -> None:
        """Who is served now has taken its time: let trio's other tasks have their turn before the next in line."""
        self._is_tired = True

    def dismiss_spare(self) -> None:
        """Let go of the members that nobody has needed since the last time."""
        self._dismiss(min(self._spare, len(self._resting)))
        self._spare = len(self._resting)

    def stop(self) -> None:
        """Let each member go once it has nothing to do. Who is called for from now on is served still."""
        self._is_stopping = True
        self._dismiss(len(self._resting))

    def _dismiss(self, number: int) -> None:
        for _ in range(number):
            trio.lowlevel.reschedule(self._resting.pop(0), outcome.Value(False))

    def _wake(self) -> None:
        self._is_coming = True
        if self._resting:
            trio.lowlevel.reschedule(self._resting.pop(), outcome.Value(True))
        else:
            self._nursery.start_soon(self._work)
        self._spare = min(self._spare, len(self._resting))

    async def _work(self) -> None:
        line, serve = self._line, self._serve
        is_needed = True
        while is_needed:
            self._is_coming = self._is_tired = False
            while line and not self._is_tired:
                visitor = line.popleft()
                if line and not self._is_coming:
                    self._wake()
                context, serving = contextvars.copy_context(), serve(visitor)
                try:
                    trap = context.run(serving.send, None)
                except StopIteration:
                    pass  # It did not have to wait.
                else:
                    await _go_on_in(context, serving, trap)
                    del trap
                del visitor, context, serving  # Not to be kept while this member rests.
            is_needed = not self._is_stopping and await self._rest()

    async def _rest(self) -> bool:
        task = trio.lowlevel.current_task()

        def abort(raise_cancel: object) -> trio.lowlevel.Abort:
            self._resting.remove(task)
            return trio.lowlevel.Abort.SUCCEEDED

        self._resting.append(task)
        is_needed: bool = await trio.lowlevel.wait_task_rescheduled(abort)
        return is_needed


@types.coroutine
def _go_on_in(
    context: contextvars.Context, coroutine: Coroutine[Any, Any, None], trap: Any
) -> Generator[Any, Any, None]:
    while True:
        step: Callable[..., Any] = coroutine.send
        try:
            value = yield trap
        except BaseException as error:
            step, value = coroutine.throw, error
        try:
            trap = context.run(step, value)
        except StopIteration:
            return
