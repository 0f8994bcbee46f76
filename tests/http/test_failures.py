"""Handlers that fail, peers that leave, and a cancel at every await: what comes back, and what is logged."""

import logging
from collections.abc import AsyncIterator

import pytest
import trio
import trio.testing

from corserver.http.connection import Connection
from corserver.http.exchange import Service
from corserver.http.log import Entry
from corserver.http.messages import HTTPError, Request, Response

from .peer import ask, converse, read_answers, request
from .serviced import echo, service, streaming


async def failing(request: Request) -> Response:
    raise RuntimeError("a handler's mistake")


async def failing_midway(request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"one "
        raise RuntimeError("too late")

    return Response(chunks())


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
