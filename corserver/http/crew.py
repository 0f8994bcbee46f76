"""The crew: tasks that see to one visitor after another, so that most turns cost no task of their own.

A task of trio's that is woken costs more than many a handler. So whoever calls for a visitor puts it in line, and a
member of the crew begins with one after the other. Most handlers answer without waiting; where one has to wait, its
member goes on with it alone, and first wakes another, who goes on with the line: so nobody keeps anybody else waiting.

Most visitors come in by a door (`Door`). One of the crew is there, looks who came, and sees to them itself: where none
of them has to wait, a batch of visitors costs the turn of one task. Where one has to, the next member takes the door.

Each turn runs in a context of its own (PEP 567), so that no context variable outlives the request it was set for.
"""

import contextvars
import types
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, Protocol, TypeVar

import outcome
import trio

V = TypeVar("V")
#: A turn that has to wait: its context, its coroutine, and what that waits for.
Begun = tuple[contextvars.Context, Coroutine[Any, Any, None], Any]


class Door(Protocol):
    """Where visitors come in."""

    async def wait(self) -> None:
        """Wait until somebody is there. Raises `trio.ClosedResourceError` once nobody is waited for any more."""

    def look(self) -> None:
        """See to who is there, and call for those who need a member."""

    def all_begun(self) -> None:
        """Those who were called for have been begun with."""

    def shut(self) -> None:
        """Nobody is waited for any more."""


class Crew(Generic[V]):
    """Calls *serve* with each visitor that is called for, in tasks of *nursery*; `open` has one wait at the *door*."""

    __slots__ = (
        "_at_work",
        "_door",
        "_is_at_door",
        "_is_coming",
        "_is_stopping",
        "_is_tired",
        "_line",
        "_nursery",
        "_resting",
        "_serve",
        "_spare",
        "is_beginning",
    )

    def __init__(
        self, nursery: trio.Nursery, serve: Callable[[V], Coroutine[Any, Any, None]], door: Door | None = None
    ) -> None:
        self._nursery = nursery
        self._serve = serve
        self._door = door
        self._line: deque[V] = deque()
        self._resting: list[trio.lowlevel.Task] = []
        #: How many members go on with a turn that had to wait.
        self._at_work = 0
        self._is_at_door = False
        #: Whether a member will look at the line without being woken.
        self._is_coming = False
        self._is_stopping = False
        #: Whether those of the line are being begun with: the door is told when they have been.
        self.is_beginning = False
        #: Whether trio's other tasks are to have a turn before the next in line.
        self._is_tired = False
        #: How many members were never needed since `dismiss_spare`.
        self._spare = 0

    def open(self) -> None:
        """From now on one of the crew is at the door."""
        self._wake()

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
        """Let each member go once it has nothing to do. Who is called for from now on is served still.

        The door stays open until the last turn has ended.
        """
        self._is_stopping = True
        self._dismiss(len(self._resting))
        self._shut_door_if_done()

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
        is_needed = True
        while is_needed:
            begun = self._begin()
            if begun is not None:
                if self._line or self._door is not None:
                    self._wake()
                self._at_work += 1
                await _go_on_in(*begun)
                self._at_work -= 1
                del begun  # Not to be kept while this member rests.
            elif self._line:
                await trio.lowlevel.checkpoint()
            elif self._door is None or self._is_at_door:
                is_needed = not self._is_stopping and await self._rest()
            else:
                is_needed = not self._is_done() and await self._wait_at(self._door)
        self._shut_door_if_done()

    def _begin(self) -> Begun | None:
        """Begin with those in line, until one has to wait, or has taken its time."""
        line, serve = self._line, self._serve
        self._is_coming = self.is_beginning = True
        self._is_tired = False
        begun = None
        while line and begun is None and not self._is_tired:
            context, serving = contextvars.copy_context(), serve(line.popleft())
            try:
                trap = context.run(serving.send, None)
            except StopIteration:  # It did not have to wait.
                continue
            begun = context, serving, trap
        self._is_coming = bool(line) and begun is None
        self.is_beginning = False
        # Where one has to wait, its successor tells the door: nothing may come between a trap and trio's seeing it.
        if begun is None and self._door is not None:
            self._door.all_begun()
        return begun

    async def _wait_at(self, door: Door) -> bool:
        self._is_at_door = True
        try:
            await door.wait()
        except trio.ClosedResourceError:
            return False
        finally:
            self._is_at_door = False
        self._is_coming = True
        door.look()
        return True

    def _is_done(self) -> bool:
        return self._is_stopping and not (self._at_work or self._is_coming)

    def _shut_door_if_done(self) -> None:
        if self._is_at_door and self._is_done():
            assert self._door is not None, "somebody is there"
            self._door.shut()

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
