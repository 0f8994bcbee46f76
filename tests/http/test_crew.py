"""The crew: who waits keeps nobody else waiting, and a context ends with its turn."""

import contextvars
import weakref
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
import trio.testing

from corserver.http.crew import Crew

variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="")


async def test_visitors_who_need_not_wait_are_served_in_order_by_one_task() -> None:
    served: list[tuple[int, trio.lowlevel.Task]] = []

    async def serve(visitor: int) -> None:
        served.append((visitor, trio.lowlevel.current_task()))

    async with trio.open_nursery() as nursery:
        crew = Crew(nursery, serve)
        for _ in range(3):
            for visitor in range(50):
                crew.call(visitor)
            await trio.testing.wait_all_tasks_blocked()
        assert [visitor for visitor, _ in served] == [*range(50)] * 3
        assert len({task for _, task in served}) == len(nursery.child_tasks) == 1
        nursery.cancel_scope.cancel()


async def test_a_visitor_who_waits_keeps_nobody_waiting() -> None:
    go_on = trio.Event()
    served: list[int] = []

    async def serve(visitor: int) -> None:
        if visitor % 2:
            await go_on.wait()
        served.append(visitor)

    async with trio.open_nursery() as nursery:
        crew = Crew(nursery, serve)
        for visitor in range(20):
            crew.call(visitor)
        await trio.testing.wait_all_tasks_blocked()
        assert served == [*range(0, 20, 2)]
        crew.call(100)  # Who comes while all are at work.
        await trio.testing.wait_all_tasks_blocked()
        assert served[-1] == 100
        go_on.set()
        await trio.testing.wait_all_tasks_blocked()
        assert sorted(served) == [*range(20), 100]
        nursery.cancel_scope.cancel()


async def test_who_has_taken_long_gives_way_to_the_other_tasks() -> None:
    turn = 0
    served: list[int] = []

    async def serve(visitor: int) -> None:
        served.append(turn)
        crew.give_way()

    async def count_turns() -> None:
        nonlocal turn
        while True:
            await trio.lowlevel.checkpoint()
            turn += 1

    async with trio.open_nursery() as nursery:
        crew = Crew(nursery, serve)
        nursery.start_soon(count_turns)
        for _ in range(3):
            for visitor in range(10):
                crew.call(visitor)
            while len(served) % 10 or not served:
                await trio.lowlevel.checkpoint()
            assert max(map(served.count, served)) <= 2, "one in a turn, which the other task begins or ends"
            served.clear()
        nursery.cancel_scope.cancel()


async def test_members_that_nobody_needs_go() -> None:
    go_on = trio.Event()

    async def serve(visitor: int) -> None:
        await go_on.wait()

    async with trio.open_nursery() as nursery:
        crew = Crew(nursery, serve)
        for visitor in range(20):
            crew.call(visitor)
        await trio.testing.wait_all_tasks_blocked()
        go_on.set()
        await trio.testing.wait_all_tasks_blocked()
        assert len(nursery.child_tasks) >= 20
        crew.dismiss_spare()
        await trio.testing.wait_all_tasks_blocked()
        assert len(nursery.child_tasks) >= 20, "they were needed"
        crew.call(1)
        await trio.testing.wait_all_tasks_blocked()
        crew.dismiss_spare()
        await trio.testing.wait_all_tasks_blocked()
        assert len(nursery.child_tasks) == 1
        crew.dismiss_spare()
        await trio.testing.wait_all_tasks_blocked()
        assert len(nursery.child_tasks) == 0
        nursery.cancel_scope.cancel()


async def test_once_it_stops_no_member_stays_and_who_is_called_for_is_served_still() -> None:
    go_on = trio.Event()
    served: list[int] = []

    async def serve(visitor: int) -> None:
        if visitor == 1:
            await go_on.wait()
        served.append(visitor)

    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            crew = Crew(nursery, serve)
            for visitor in range(3):
                crew.call(visitor)
            await trio.testing.wait_all_tasks_blocked()
            crew.stop()
            crew.call(3)
            await trio.testing.wait_all_tasks_blocked()
            assert (served, len(nursery.child_tasks)) == ([0, 2, 3], 1)
            go_on.set()
    assert served == [0, 2, 3, 1]


class Door:
    """People come in when `come` is called."""

    def __init__(self) -> None:
        self.crew: Crew[str]
        self.coming: list[str] = []
        self.told: list[str] = []
        self._somebody = trio.lowlevel.ParkingLot()
        self._is_shut = False

    async def wait(self) -> None:
        while not self.coming:
            await self._somebody.park()
            if self._is_shut:
                raise trio.ClosedResourceError

    def look(self) -> None:
        while self.coming:
            self.crew.call(self.coming.pop(0))

    def all_begun(self) -> None:
        self.told.append("all begun")

    def shut(self) -> None:
        self._is_shut = True
        self.told.append("shut")
        self._somebody.unpark_all()

    async def come(self, *names: str) -> None:
        self.coming.extend(names)
        self._somebody.unpark_all()
        await trio.testing.wait_all_tasks_blocked()


@asynccontextmanager
async def opened(serve: Callable[[str], Coroutine[Any, Any, None]]) -> AsyncIterator[tuple[Door, trio.Nursery]]:
    """A door, and a crew one of whom is at it. The crew is to end by itself, soon after the block."""
    door = Door()
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            door.crew = Crew(nursery, serve, door)
            door.crew.open()
            await trio.testing.wait_all_tasks_blocked()
            yield door, nursery


async def test_who_is_at_the_door_sees_to_those_who_come_and_another_takes_the_place_of_who_has_to_wait() -> None:
    go_on = trio.Event()
    served: list[tuple[str, trio.lowlevel.Task]] = []

    async def serve(visitor: str) -> None:
        door.told.append(visitor)
        if "waits" in visitor:
            await go_on.wait()
        served.append((visitor, trio.lowlevel.current_task()))

    async with opened(serve) as (door, nursery):
        door.told.clear()
        await door.come("a", "b")
        assert door.told == ["a", "b", "all begun"]
        assert {task for _, task in served} == set(nursery.child_tasks), "the one at the door saw to both"
        await door.come("c", "waits", "d")
        assert door.told[3:] == ["c", "waits", "d", "all begun"]
        await door.come("e")
        door.crew.call("f")  # By somebody else.
        await trio.testing.wait_all_tasks_blocked()
        assert [name for name, _ in served] == [*"abcdef"]
        door.crew.stop()
        await door.come("g")
        assert "shut" not in door.told, "one is at work still, and may need what comes in by the door"
        go_on.set()
    assert [name for name, _ in served] == [*"abcdefg", "waits"]
    assert door.told.count("shut") == 1


async def test_a_crew_that_stops_with_nothing_to_do_leaves_the_door() -> None:
    async def serve(visitor: str) -> None:
        door.crew.stop()

    async with opened(serve) as (door, _):
        door.crew.stop()
    async with opened(serve) as (door, _):
        await door.come("who stops it")


async def test_each_turn_has_a_context_of_its_own_and_so_has_what_it_starts() -> None:
    seen: list[str] = []
    started: list[str] = []

    async def remember(name: str) -> None:
        await trio.lowlevel.checkpoint()
        started.append(variable.get() + name)

    async def serve(visitor: str) -> None:
        seen.append(variable.get())
        variable.set(visitor)
        await trio.lowlevel.checkpoint()
        seen.append(variable.get())
        async with trio.open_nursery() as inner:
            inner.start_soon(remember, visitor)
        seen.append(variable.get())

    async with trio.open_nursery() as nursery:
        crew = Crew(nursery, serve)
        for visitor in "ab":
            crew.call(visitor)
            await trio.testing.wait_all_tasks_blocked()
        assert seen == ["", "a", "a", "", "b", "b"]
        assert started == ["aa", "bb"]
        nursery.cancel_scope.cancel()


async def test_a_cancellation_reaches_who_is_served_and_what_is_raised_comes_out() -> None:
    cleaned: list[str] = []

    async def serve(visitor: str) -> None:
        try:
            await trio.sleep_forever()
        finally:
            cleaned.append(visitor)
            if visitor == "raises":
                raise KeyError(visitor)

    async def cancel_both() -> None:
        async with trio.open_nursery() as nursery:
            crew = Crew(nursery, serve)
            crew.call("waits")
            crew.call("raises")
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    with pytest.raises(ExceptionGroup) as caught:
        await cancel_both()
    assert [type(error) for error in caught.value.exceptions] == [KeyError]
    assert sorted(cleaned) == ["raises", "waits"]


@pytest.mark.parametrize("waits", [False, True])
async def test_a_member_that_rests_keeps_neither_its_visitor_nor_what_its_context_held(waits: bool) -> None:
    class Thing:
        pass

    held: contextvars.ContextVar[Thing] = contextvars.ContextVar("held")
    alive: list[weakref.ref[Thing]] = []

    async def serve(visitor: Thing) -> None:
        held.set(Thing())
        alive.extend([weakref.ref(visitor), weakref.ref(held.get())])
        if waits:
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        crew = Crew(nursery, serve)
        crew.call(Thing())
        await trio.testing.wait_all_tasks_blocked()
        assert len(nursery.child_tasks) == 1
        assert [ref() for ref in alive] == [None, None]
        nursery.cancel_scope.cancel()
