"""The record of a run: waited for, and bounded."""

import trio

from corserver.cors.decision import CORSRequest, Decision
from corserver.http.log import Entry
from corserver.tools.demo.record import Record

REQUEST = CORSRequest(b"GET", (b"https://a.example",))
ENTRY = Entry(0.0, None, b"GET", b"/run/1/data", 200, 0, 0.0, Decision.ungoverned(REQUEST))


async def test_it_is_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    record = Record()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(add_later, record)
        assert len(await record.wait_for(1)) == 1
    assert trio.current_time() < 0.6
    assert len(await record.wait_for(2)) == 1  # Nothing more comes: what there is counts.
    assert trio.current_time() > 1


async def add_later(record: Record) -> None:
    await trio.sleep(0.5)
    record.add(ENTRY)


async def test_it_does_not_grow_for_ever() -> None:
    record = Record()
    for _ in range(1000):
        record.add(ENTRY)
    assert len(await record.wait_for(50)) == 50
