"""What is kept of the exchanges: so many, numbered, and given out once."""

import pytest
import trio

from corserver.tools.inspect.ring import Ring
from tests.cli.output.test_text_lines import ENTRY


def test_the_oldest_makes_room_and_numbers_go_on() -> None:
    ring = Ring(kept=3)
    assert ring.after(0) == []
    for batch in ([1, 2], [3, 4, 5], [6, 7, 8, 9, 10]):
        ring([ENTRY._replace(sent=number) for number in batch])
    assert [(number, entry.sent) for number, entry in ring.after(0)] == [(8, 8), (9, 9), (10, 10)]
    assert [number for number, _ in ring.after(9)] == [10]
    assert ring.after(10) == []
    kept = [ring.get(number) for number in range(12)]
    assert [entry.sent if entry else None for entry in kept] == [None] * 8 + [8, 9, 10, None]


async def test_whoever_waits_is_told(autojump_clock: object) -> None:
    ring = Ring()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ring.wait)
        await trio.testing.wait_all_tasks_blocked()
        ring([ENTRY])
    ring.end()
    with trio.fail_after(1):
        await ring.wait()


@pytest.mark.parametrize("number", [-1, 0, 2])
def test_what_is_not_there_is_none(number: int) -> None:
    ring = Ring()
    ring([ENTRY])
    assert ring.get(number) is None
