"""One connection, from the outside: how its responses are framed."""

from collections.abc import AsyncIterator

import pytest
import trio

from corserver.http.messages import Request, Response

from .peer import ask, converse, read_answers, request
from .serviced import ignore, service, streaming

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
    assert len(data.partition(b"\r\n\r\n")[2]) < int(length)
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
