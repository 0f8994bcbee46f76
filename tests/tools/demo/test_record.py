"""The record of a run: what the log and the app say of an exchange, waited for, and bounded."""

import trio

from corserver.cors.decision import CORSRequest, Decision
from corserver.cors.scopes import Path
from corserver.http.header_lines import Headers
from corserver.http.log import Entry
from corserver.http.messages import Request
from corserver.tools.demo.record import Record, app_was_asked
from corserver.tools.demo.runs import Answered

PREFLIGHT = CORSRequest(b"OPTIONS", (b"https://a.example",), (b"PUT",))


def entry(request: CORSRequest) -> Entry:
    return Entry(0.0, None, request.method, b"/run/1/data", 200, 0, 0.0, Decision.ungoverned(request))


def test_what_the_app_saw_is_told_once() -> None:
    record = Record()
    request = Request(method="GET", target="/", path=Path(), headers=Headers(((b"x-a", b"1"),)))
    app_was_asked(request, Answered(200, ((b"X-B", b"2"),)))
    record.add(entry(CORSRequest(b"GET")))
    record.add(entry(PREFLIGHT))
    first, second = record.exchanges
    assert (first.reached_app, first.sent, first.received) == (True, ((b"x-a", b"1"),), ((b"X-B", b"2"),))
    assert (second.reached_app, second.received) == (False, ())
    assert second.sent == ((b"origin", b"https://a.example"), (b"access-control-request-method", b"PUT"))


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
    record.add(entry(PREFLIGHT))


def test_it_does_not_grow_for_ever() -> None:
    record = Record()
    for _ in range(1000):
        record.add(entry(PREFLIGHT))
    assert len(record.exchanges) == 50
