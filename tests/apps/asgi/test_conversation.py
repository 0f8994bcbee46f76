"""A request put to a hosted app, and its answer, in each order and with each mishap."""

from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import trio

from corserver import Limits

from .hosting import (
    ASK,
    LOOPS,
    START,
    Message,
    Receive,
    Send,
    answering,
    client,
    connect,
    receive_rest,
    receive_until,
    sending,
    serving,
)

pytestmark = pytest.mark.parametrize("loop", LOOPS)


async def test_an_answer_goes_out_whole(loop: str) -> None:
    app = answering(b"hello", 201, [(b"content-type", b"text/plain"), (b"x-a", b"1"), (b"x-a", b"2")])
    async with client(app, loop=loop) as http:
        answer = await http.get("/")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (201, b"hello", "5")
    assert answer.headers.get_list("x-a") == ["1", "2"]


async def test_header_lines_may_be_any_iterable(loop: str) -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        lines = ((name, b"1") for name in (b"x-a", b"x-b"))
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        await send({"type": "http.response.body"})

    async with client(app, loop=loop) as http:
        answer = await http.get("/")
    assert (answer.status_code, answer.headers["x-a"], answer.headers["x-b"]) == (200, "1", "1")


async def test_pieces_that_the_app_does_not_pause_between_are_one(loop: str) -> None:
    body = {"type": "http.response.body", "more_body": True}
    app = sending(START, {**body, "body": b"a"}, {**body, "body": b"b"}, {"type": "http.response.body"})
    async with client(app, loop=loop) as http:
        answer = await http.get("/")
    assert answer.content == b"ab"


async def test_a_piece_is_sent_before_the_next_is_made(loop: str) -> None:
    may_go_on = trio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send(dict(START))
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        while not may_go_on.is_set():
            await anyio.lowlevel.checkpoint()
        await send({"type": "http.response.body", "body": b"second"})

    async with serving(app, loop=loop) as server, await connect(server) as stream:
        await stream.send_all(ASK)
        assert b"chunked" in await receive_until(stream, b"first")
        may_go_on.set()
        await receive_until(stream, b"second\r\n0\r\n\r\n")


async def test_head_has_no_body_however_it_is_sent(loop: str) -> None:
    returned: list[bool] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send({**START, "headers": [(b"content-length", b"10")]})
        for more in (True, False):
            await send({"type": "http.response.body", "body": b"12345", "more_body": more})
            await anyio.lowlevel.checkpoint()
        returned.append(True)

    async with client(app, loop=loop) as http:
        answer = await http.head("/")
        assert (answer.content, answer.headers["content-length"]) == (b"", "10")
        assert (await http.get("/")).content == b"1234512345"
    assert returned == [True, True]


async def test_the_body_is_received_piece_by_piece(loop: str) -> None:
    received: list[Message] = []
    first = trio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        more = True
        while more:
            message = await receive()
            received.append(message)
            first.set()
            more = message["more_body"]
        await send(dict(START))
        await send({"type": "http.response.body"})
        assert await receive() == {"type": "http.disconnect"}

    async with serving(app, loop=loop, lifespan="off") as server, await connect(server) as stream:
        await stream.send_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345")
        await first.wait()
        await stream.send_all(b"67890")
        await receive_until(stream, b"\r\n\r\n")
    assert received == [
        {"type": "http.request", "body": b"12345", "more_body": True},
        {"type": "http.request", "body": b"67890", "more_body": False},
    ]


async def test_a_body_beyond_the_limit_is_413_whatever_the_app_makes_of_it(loop: str) -> None:
    seen: list[str] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        message = await receive()
        while message["type"] == "http.request" and message["more_body"]:
            message = await receive()
        seen.append(message["type"])
        await send({**START, "status": 500})
        await send({"type": "http.response.body"})

    chunk = b"3e8\r\n" + b"x" * 1000 + b"\r\n"
    serve_it = serving(app, loop=loop, lifespan="off", limits=Limits(body=1500))
    async with serve_it as server, await connect(server) as stream:
        await stream.send_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 2)
        assert (await receive_until(stream, b"\r\n\r\n")).startswith(b"HTTP/1.1 413")
    assert seen == ["http.disconnect"]


async def test_what_is_not_an_answer_is_500(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    body: Message = {"type": "http.response.body", "body": b"x"}
    for messages, words in (
        ((), "returned without an answer"),
        ((START,), "returned without an answer"),
        ((body,), "'http.response.body' does not fit into the answer: its start was expected"),
        ((START, START), "'http.response.start' does not fit into the answer: its body was expected"),
        (({"type": "http.unknown"},), "'http.unknown' does not fit"),
        (({**START, "status": 99},), "a status from 200 to 599"),
        (({**START, "headers": [("a", "b")]},), "two bytes objects"),
        ((START, {**body, "body": "text"}), "is bytes, not str"),
    ):
        caplog.clear()
        async with client(sending(*messages, *((body,) if words.startswith("a status") else ())), loop=loop) as http:
            assert (await http.get("/")).status_code == 500
        assert words in caplog.text


async def test_what_comes_after_the_answer_is_an_error_that_no_client_sees(
    loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    body: Message = {"type": "http.response.body", "body": b"x"}
    async with client(sending(START, body, body), loop=loop, lifespan="off") as http:
        assert (await http.get("/")).content == b"x"
    assert "it is complete already" in caplog.text


async def test_an_exception_after_the_first_piece_cuts_the_connection(
    loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    has_arrived = trio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send(dict(START))
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        while not has_arrived.is_set():
            await anyio.lowlevel.checkpoint()
        raise ValueError("no more")

    async with serving(app, loop=loop, lifespan="off") as server, await connect(server) as stream:
        await stream.send_all(ASK)
        await receive_until(stream, b"first")
        has_arrived.set()
        assert b"0\r\n\r\n" not in await receive_rest(stream)
    assert "ValueError: no more" in caplog.text


async def test_what_is_done_after_the_answer_delays_no_one_and_is_not_cancelled(loop: str) -> None:
    go_on, done = trio.Event(), []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send(dict(START))
        await send({"type": "http.response.body", "body": scope["path"].encode()})
        if scope["path"] == "/first":
            while not go_on.is_set():
                await anyio.lowlevel.checkpoint()
            done.append("first")

    async with client(app, loop=loop, lifespan="off") as http:
        assert (await http.get("/first")).content == b"/first"
        assert (await http.get("/second")).content == b"/second"
        assert not done
        go_on.set()
    assert done == ["first"]


async def test_work_after_the_answer_is_cancelled_once_the_grace_is_over(loop: str) -> None:
    ended: list[str] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send(dict(START))
        await send({"type": "http.response.body"})
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("cancelled")

    serve_it = serving(app, loop=loop, lifespan="off", limits=Limits(grace_seconds=0.05))
    async with serve_it as server, await connect(server) as stream:
        await stream.send_all(ASK)
        await receive_until(stream, b"\r\n\r\n")
    assert ended == ["cancelled"]


async def test_a_file_is_sent_by_its_path(loop: str, tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"0123456789" * 100_000)
    length = [(b"content-length", b"1000000")]
    app = sending({**START, "headers": length}, {"type": "http.response.pathsend", "path": str(path)})
    async with client(app, loop=loop) as http:
        assert (await http.get("/")).content == path.read_bytes()
        assert (await http.head("/")).headers["content-length"] == "1000000"


async def test_a_file_is_no_part_of_a_body_that_has_begun(
    loop: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    has_arrived = trio.Event()
    (tmp_path / "file").write_bytes(b"x")

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send(dict(START))
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        while not has_arrived.is_set():
            await anyio.lowlevel.checkpoint()
        await send({"type": "http.response.pathsend", "path": str(tmp_path / "file")})

    async with serving(app, loop=loop, lifespan="off") as server, await connect(server) as stream:
        await stream.send_all(ASK)
        await receive_until(stream, b"first")
        has_arrived.set()
        assert b"0\r\n\r\n" not in await receive_rest(stream)
    assert "'http.response.pathsend' does not fit into the answer: the rest of its body was expected" in caplog.text


async def test_a_file_is_closed_where_its_head_cannot_be(loop: str, tmp_path: Path) -> None:
    """Otherwise there is a warning, which is an error here."""
    (tmp_path / "file").write_bytes(b"x")
    bad = {**START, "headers": [(b"x", b"a\r\nb: c")]}
    app = sending(bad, {"type": "http.response.pathsend", "path": str(tmp_path / "file")})
    async with client(app, loop=loop, lifespan="off") as http:
        answer = await http.get("/")
    assert (answer.status_code, "b" in answer.headers) == (500, False)


class Panic(BaseException):
    """As PyO3's, of Rust."""


GROUP = BaseExceptionGroup("of a nursery's", [BaseExceptionGroup("of another", [SystemExit(3)]), ValueError()])
ODD = [SystemExit(3), Panic("index out of bounds"), GeneratorExit(), GROUP]


@pytest.mark.parametrize("error", ODD, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("messages", [(), (START,)])
async def test_an_app_that_exits_ends_its_request_and_not_the_server(
    loop: str, messages: tuple[Message, ...], error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await sending(*messages)(scope, receive, send)
        raise error

    async with client(app, loop=loop, lifespan="off") as http:
        for _ in range(2):
            assert (await http.get("/")).status_code == 500
    assert f"the app raised {type(error).__name__}" in caplog.text


async def test_context_variables_and_the_library_are_the_apps_own(loop: str) -> None:
    seen: list[Any] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        seen.append(anyio.get_current_task().name is not None)
        seen.append(__import__("sniffio").current_async_library())
        await answering()(scope, receive, send)

    async with client(app, loop=loop, lifespan="off") as http:
        await http.get("/")
    assert seen == [True, loop]
