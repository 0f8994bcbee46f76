"""The deadlines of one connection: how long each part of an exchange may take."""

import pytest
import trio
import trio.testing

from corserver.http.connection import Connection
from corserver.http.exchange import Service
from corserver.http.messages import Request, Response

from .peer import ask, converse, read_answers, request
from .serviced import echo, ignore, service


async def seconds_until_closed(server: Service, data: bytes) -> tuple[float, bytes]:
    start = trio.current_time()
    answer = await converse(server, data, end=False)
    return trio.current_time() - start, answer


async def test_a_peer_that_sends_nothing_is_closed_silently_after_the_head_deadline(autojump_clock: object) -> None:
    assert await seconds_until_closed(service(ignore), b"") == (10, b"")


async def test_a_head_that_does_not_arrive_whole_is_408(autojump_clock: object) -> None:
    elapsed, data = await seconds_until_closed(service(ignore, linger_seconds=0), b"GET / HT")
    assert (elapsed, read_answers(data)[0].status) == (10, 408)


async def test_the_head_deadline_is_absolute_however_slowly_bytes_drip(autojump_clock: object) -> None:
    ours, theirs = trio.testing.memory_stream_pair()

    async def drip() -> None:
        for byte in request("GET", "/" + "a" * 200):
            try:
                await ours.send_all(bytes([byte]))
            except trio.BrokenResourceError:
                return
            await trio.sleep(1)

    start = trio.current_time()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, service(ignore, linger_seconds=0)).run)
        nursery.start_soon(drip)
        assert (await ours.receive_some()).startswith(b"HTTP/1.1 408 ")
        assert trio.current_time() - start == 10
        nursery.cancel_scope.cancel()


async def test_an_idle_connection_is_kept_for_its_time_and_then_closed_silently(autojump_clock: object) -> None:
    elapsed, data = await seconds_until_closed(service(ignore), request("GET", "/"))
    assert (elapsed, len(read_answers(data))) == (75, 1)


async def test_a_body_that_stalls_is_408(autojump_clock: object) -> None:
    head = request("POST", "/", "Content-Length: 99999")
    elapsed, data = await seconds_until_closed(service(echo, linger_seconds=0), head + b"a" * 9000)
    assert (elapsed, read_answers(data)[0].status) == (20, 408)


async def test_a_body_that_drips_is_408(autojump_clock: object) -> None:
    ours, theirs = trio.testing.memory_stream_pair()

    async def drip() -> None:
        await ours.send_all(request("POST", "/", "Content-Length: 9999"))
        while True:
            await ours.send_all(b"a")
            await trio.sleep(0.5)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, service(echo)).run)
        nursery.start_soon(drip)
        assert (await ours.receive_some()).startswith(b"HTTP/1.1 408 ")
        assert 10 <= trio.current_time() < 11
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("framing", [b"1;a=" + b"b" * 200, b"0\r\nX-A: " + b"b" * 200])
async def test_a_body_of_which_framing_alone_drips_is_408(framing: bytes, autojump_clock: object) -> None:
    ours, theirs = trio.testing.memory_stream_pair()

    async def drip() -> None:
        await ours.send_all(request("POST", "/", "Transfer-Encoding: chunked"))
        for byte in framing:
            await ours.send_all(bytes([byte]))
            await trio.sleep(4.9)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, service(echo)).run)
        nursery.start_soon(drip)
        assert (await ours.receive_some()).startswith(b"HTTP/1.1 408 ")
        assert trio.current_time() == 10
        nursery.cancel_scope.cancel()


async def test_a_handler_may_read_as_slowly_as_it_likes(autojump_clock: object) -> None:
    async def app(request: Request) -> Response:
        await trio.sleep(500)
        return Response(await request.body())

    assert (await ask(service(app), request("POST", "/", body=b"abc"))).body == b"abc"


async def test_a_peer_that_never_reads_is_let_go(autojump_clock: object) -> None:
    ours, theirs = trio.testing.lockstep_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, service(ignore)).run)
        await ours.send_all(request("GET", "/"))
    assert trio.current_time() >= 60


async def test_a_peer_that_reads_slowly_but_steadily_is_not(autojump_clock: object) -> None:
    size = 10 * 65536
    ours, theirs = trio.testing.lockstep_stream_pair()
    received = 0

    async def app(request: Request) -> Response:
        return Response(b"x" * size)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, service(app)).run)
        await ours.send_all(request("GET", "/", "Connection: close"))
        while chunk := await ours.receive_some(65536):
            received += len(chunk)
            await trio.sleep(50)
        await ours.aclose()
    assert received > size
