"""One connection, from the outside: what comes back for what is sent, and when it ends."""

import logging
from collections.abc import AsyncIterator

import pytest
import trio
import trio.testing

from corserver.http.connection import Connection
from corserver.http.exchange import Service
from corserver.http.limits import Limits
from corserver.http.log import Entry
from corserver.http.messages import HTTPError, Request, Response

from .peer import Cutter, ask, byte_by_byte, converse, cut_at, read_answers, request, whole

CUTS = pytest.mark.parametrize("cut", [whole, byte_by_byte, cut_at([7, 19, 40, 61, 80, 99])])


async def echo(request: Request) -> Response:
    return Response(await request.body(), headers={"X-Target": request.target})


async def ignore(request: Request) -> Response:
    return Response(request.target)


async def streaming(request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in (b"one ", b"", b"two ", b"three"):
            await trio.lowlevel.checkpoint()
            yield chunk

    return Response(chunks())


async def failing(request: Request) -> Response:
    raise RuntimeError("a handler's mistake")


async def failing_midway(request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"one "
        raise RuntimeError("too late")

    return Response(chunks())


def service(app: object, **limits: object) -> Service:
    return Service(app=app, limits=Limits(**limits))  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------- requests and bodies


@CUTS
async def test_requests_on_one_connection_are_answered_in_order(autojump_clock: object, cut: Cutter) -> None:
    data = b"".join(request("POST", f"/{n}", body=b"x" * n) for n in range(1, 4)) + request("GET", "/last")
    answers = read_answers(await converse(service(echo), data, cut=cut))
    assert [(answer.get(b"x-target")[0], answer.body) for answer in answers] == [
        (b"/1", b"x"),
        (b"/2", b"xx"),
        (b"/3", b"xxx"),
        (b"/last", b""),
    ]
    assert not any(answer.get(b"connection") for answer in answers)


@CUTS
async def test_a_chunked_body_is_read_and_what_follows_it_is_the_next_request(
    autojump_clock: object, cut: Cutter
) -> None:
    chunked = request("POST", "/", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: 1\r\n\r\n"
    answers = read_answers(await converse(service(echo), chunked + chunked + request("GET", "/next"), cut=cut))
    assert [answer.body for answer in answers] == [b"abcdefg", b"abcdefg", b""]


@CUTS
async def test_a_body_that_nobody_reads_is_dropped_and_not_taken_for_a_request(
    autojump_clock: object, cut: Cutter
) -> None:
    hidden = request("GET", "/hidden")
    data = request("GET", "/first", body=hidden) + request("GET", "/second")
    answers = read_answers(await converse(service(ignore), data, cut=cut))
    assert [answer.body for answer in answers] == [b"/first", b"/second"]


@CUTS
async def test_an_unread_body_beyond_the_drain_closes_the_connection(autojump_clock: object, cut: Cutter) -> None:
    data = request("POST", "/first", body=b"x" * 200) + request("GET", "/second")
    (answer,) = read_answers(await converse(service(ignore, drain=100), data, cut=cut))
    assert (answer.body, answer.get(b"connection")) == (b"/first", [b"close"])


async def test_a_body_that_ends_early_is_not_a_request(autojump_clock: object) -> None:
    data = request("POST", "/", "Content-Length: 10") + b"abc"
    answer = await ask(service(echo), data)
    assert answer.status == 400


async def test_a_malformed_chunk_is_400_and_closes(autojump_clock: object) -> None:
    data = request("POST", "/", "Transfer-Encoding: chunked") + b"0x3\r\nabc\r\n0\r\n\r\n" + request("GET", "/hidden")
    answer = await ask(service(echo), data)
    assert (answer.status, answer.get(b"connection")) == (400, [b"close"])


async def test_a_body_too_large_by_its_length_is_refused_before_it_is_read(autojump_clock: object) -> None:
    answer = await ask(service(echo, body=10), request("POST", "/", "Content-Length: 11", "Expect: 100-continue"))
    assert (answer.status, answer.get(b"connection")) == (413, [b"close"])


async def test_a_chunked_body_too_large_is_refused_when_it_is(autojump_clock: object) -> None:
    data = request("POST", "/", "Transfer-Encoding: chunked") + b"b\r\n01234567890\r\n0\r\n\r\n"
    answer = await ask(service(echo, body=10), data)
    assert answer.status == 413


async def test_a_body_can_be_read_twice_and_streamed(autojump_clock: object) -> None:
    async def app(request: Request) -> Response:
        first = await request.body()
        return Response(first + await request.body() + b"".join([chunk async for chunk in request.stream()]))

    answer = await ask(service(app), request("POST", "/", body=b"ab"))
    assert answer.body == b"ababab"


# ------------------------------------------------------------------------------------------------------------ responses


async def test_a_stream_is_chunked_for_1_1_and_ended_by_the_close_for_1_0(autojump_clock: object) -> None:
    new = await ask(service(streaming), request("GET", "/"))
    old = await ask(service(streaming), request("GET", "/", version="1.0"))
    assert (new.get(b"transfer-encoding"), new.body) == ([b"chunked"], b"one two three")
    assert (
        old.get(b"transfer-encoding"),
        old.get(b"connection"),
        old.body,
    ) == ([], [b"close"], b"one two three")


@pytest.mark.parametrize("app", [ignore, streaming])
async def test_head_has_the_headers_of_get_and_no_body(autojump_clock: object, app: object) -> None:
    get = await ask(service(app), request("GET", "/"))
    head = await ask(service(app), request("HEAD", "/"), method="HEAD")
    assert (get.headers, b"") == (head.headers, head.body)


@pytest.mark.parametrize("status", [204, 304])
async def test_statuses_without_a_body_have_none(autojump_clock: object, status: int) -> None:
    async def app(request: Request) -> Response:
        return Response(b"not to be sent", status)

    data = request("GET", "/") + request("GET", "/")
    answers = read_answers(await converse(service(app), data))
    assert [(status, b"", [])] * 2 == [(a.status, a.body, a.get(b"content-length")) for a in answers]


async def test_an_announced_length_is_kept_for_a_stream(autojump_clock: object) -> None:
    async def app(request: Request) -> Response:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"abc"

        return Response(chunks(), headers={"Content-Length": "3"})

    answer = await ask(service(app), request("GET", "/"))
    assert (answer.get(b"content-length"), answer.body) == ([b"3"], b"abc")


@pytest.mark.parametrize("length", ["2", "4"])
async def test_a_stream_that_breaks_its_length_is_cut(
    autojump_clock: object, length: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(request: Request) -> Response:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"abc"

        return Response(chunks(), headers={"Content-Length": length})

    data = await converse(service(app), request("GET", "/") + request("GET", "/hidden"))
    assert data.count(b"HTTP/1.1 ") == 1
    assert f"Content-Length: {length}".encode() in data
    assert len(data.partition(b"\r\n\r\n")[2]) < int(length) or length == "2"
    assert "cut" in caplog.text


async def test_every_response_has_one_date_and_a_reason_phrase(autojump_clock: object) -> None:
    data = await converse(service(ignore), request("GET", "/"))
    assert data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert data.lower().count(b"\r\ndate: ") == 1


async def test_a_stream_is_closed_whether_it_is_sent_or_not(autojump_clock: object) -> None:
    closed = []

    class Source:
        __hash__ = None  # type: ignore[assignment]

        def __aiter__(self) -> "Source":
            return self

        async def __anext__(self) -> bytes:
            raise StopAsyncIteration

        async def aclose(self) -> None:
            closed.append(True)

    async def app(request: Request) -> Response:
        return Response(Source())

    await ask(service(app), request("GET", "/"))
    await ask(service(app), request("HEAD", "/"), method="HEAD")
    assert closed == [True, True]


# ------------------------------------------------------------------------------------------------------- 100-continue


async def test_100_continue_is_sent_when_the_handler_reads_and_not_before(autojump_clock: object) -> None:
    data = request("POST", "/", "Expect: 100-continue", body=b"abc")
    assert (await converse(service(echo), data)).startswith(b"HTTP/1.1 200 OK")  # the body is here already
    head = request("POST", "/", "Expect: 100-continue", "Content-Length: 3")
    assert (await converse(service(echo), head)).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    early = await converse(service(ignore), head)
    assert early.startswith(b"HTTP/1.1 200 OK")
    assert b"Connection: close" in early


async def test_100_continue_is_never_sent_to_1_0(autojump_clock: object) -> None:
    data = request("POST", "/", "Expect: 100-continue", "Content-Length: 3", version="1.0") + b"abc"
    assert (await converse(service(echo), data, cut=byte_by_byte)).startswith(b"HTTP/1.1 200 OK")


# ------------------------------------------------------------------------------------------------------------ failures


async def test_a_handler_that_raises_is_a_500_with_a_traceback_in_the_log(
    autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    answers = read_answers(await converse(service(failing), request("GET", "/a") + request("GET", "/b")))
    assert [answer.status for answer in answers] == [500, 500]
    assert b"mistake" not in answers[0].body
    assert "GET /a: the handler raised" in caplog.text
    assert "RuntimeError: a handler's mistake" in caplog.text


@pytest.mark.parametrize("returned", [None, "text", 7])
async def test_an_app_that_returns_no_response_is_a_500(
    autojump_clock: object, returned: object, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(request: Request) -> object:
        return returned

    assert (await ask(service(app), request("GET", "/"))).status == 500
    assert "an app returns a Response" in caplog.text


async def test_an_exception_group_is_a_500_too(autojump_clock: object) -> None:
    async def app(request: Request) -> Response:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(failing, request)
        raise AssertionError("unreachable")

    assert (await ask(service(app), request("GET", "/"))).status == 500


async def test_an_http_error_is_its_status_and_sentence(autojump_clock: object) -> None:
    async def app(request: Request) -> Response:
        raise HTTPError(418, "short and stout", {"X-Pot": "1"})

    answer = await ask(service(app), request("GET", "/"))
    assert (answer.status, answer.get(b"x-pot")) == (418, [b"1"])
    assert answer.body == b"418 I'm a Teapot\n\nshort and stout\n"


async def test_an_exception_after_the_head_cuts_the_connection(
    autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    entries: list[Entry] = []
    server = Service(app=failing_midway, access_log=entries.append)
    data = await converse(server, request("GET", "/") + request("GET", "/hidden"))
    assert data.endswith(b"4\r\none \r\n")  # no last chunk: the client can tell
    assert [(entry.status, entry.sent, entry.failure) for entry in entries] == [(200, 4, "RuntimeError")]
    assert "cut" in caplog.text


async def test_a_peer_that_leaves_while_it_is_answered_ends_the_connection_only(
    autojump_clock: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    entries: list[Entry] = []
    ours, theirs = trio.testing.memory_stream_pair()
    started = trio.Event()

    async def app(request: Request) -> Response:
        started.set()
        await trio.sleep(1)
        return Response("nobody reads this")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, Service(app=app, access_log=entries.append)).run)
        await ours.send_all(request("GET", "/"))
        await started.wait()
        await ours.aclose()
    assert [entry.failure for entry in entries] == ["the client left"]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_peer_that_leaves_while_its_body_is_read_is_logged_without_a_status(
    autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    entries: list[Entry] = []
    ours, theirs = trio.testing.memory_stream_pair()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, Service(app=echo, access_log=entries.append)).run)
        await ours.send_all(request("POST", "/", "Content-Length: 3") + b"a")
        await trio.testing.wait_all_tasks_blocked()
        theirs.receive_stream.close()
    assert [(entry.status, entry.failure) for entry in entries] == [(None, "the client left")]
    assert not caplog.records


async def test_a_peer_that_ends_its_side_still_gets_its_answer(autojump_clock: object) -> None:
    async def app(request: Request) -> Response:
        await trio.sleep(2)
        return Response("late")

    assert (await ask(service(app), request("GET", "/"))).body == b"late"


# ------------------------------------------------------------------------------------------------------------ deadlines


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

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, service(ignore, linger_seconds=0)).run)
        nursery.start_soon(drip)
        assert (await ours.receive_some()).startswith(b"HTTP/1.1 408 ")
        assert trio.current_time() < nursery.cancel_scope.deadline
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


# ------------------------------------------------------------------------------------------------------------- the log


async def test_an_entry_tells_what_happened(autojump_clock: object) -> None:
    entries: list[Entry] = []
    await converse(Service(app=echo, access_log=entries.append), request("POST", "/a?b", body=b"abc"))
    (entry,) = entries
    assert (entry.method, entry.target, entry.status, entry.sent, entry.failure) == (b"POST", b"/a?b", 200, 3, "")


async def test_nothing_is_written_without_an_access_log(
    autojump_clock: object, capsys: pytest.CaptureFixture[str]
) -> None:
    await converse(Service(app=echo), request("GET", "/"))
    assert capsys.readouterr() == ("", "")


# ------------------------------------------------------------------------------------------- cancelled at every await


@pytest.mark.parametrize("checkpoints", range(40))
async def test_a_cancel_anywhere_leaves_the_stream_closed(autojump_clock: object, checkpoints: int) -> None:
    ours, theirs = trio.testing.memory_stream_pair()

    async def cancel_later(scope: trio.CancelScope) -> None:
        for _ in range(checkpoints):
            await trio.lowlevel.checkpoint()
        scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(cancel_later, nursery.cancel_scope)
        nursery.start_soon(Connection(theirs, service(streaming)).run)
        await ours.send_all(request("POST", "/", body=b"abc") + request("GET", "/", "Connection: close"))
    with pytest.raises(trio.ClosedResourceError):
        await theirs.receive_some()


async def test_a_body_that_went_wrong_stays_wrong(autojump_clock: object) -> None:
    seen: list[object] = []

    async def stubborn(request: Request) -> Response:
        for _ in range(3):
            try:
                seen.append(await request.body())
            except HTTPError as error:
                seen.append(error.status)
        return Response("went on")

    data = request("POST", "/", "Transfer-Encoding: chunked") + b"zz\r\nGET /hidden HTTP/1.1\r\n\r\n"
    answer = await ask(service(stubborn), data)
    assert (seen, answer.body, answer.get(b"connection")) == ([400, 400, 400], b"went on", [b"close"])


async def test_an_http_error_out_of_a_handlers_nursery_is_that_error(autojump_clock: object) -> None:
    async def nested(request: Request) -> Response:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(request.body)
        return Response()

    answer = await ask(service(nested, body=3), request("POST", "/", "Transfer-Encoding: chunked") + b"9\r\n")
    assert answer.status == 413


async def test_a_stream_that_is_silent_for_long_is_not_cut(autojump_clock: object) -> None:
    async def events(request: Request) -> Response:
        async def chunks() -> AsyncIterator[bytes]:
            for number in range(3):
                await trio.sleep(3600)
                yield b"data: %d\n\n" % number

        return Response(chunks(), headers={"Content-Type": "text/event-stream"})

    answer = await ask(service(events), request("GET", "/"))
    assert answer.body == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert trio.current_time() > 10_000
