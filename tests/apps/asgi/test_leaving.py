"""Clients that a hosted app waits for, and clients that leave it."""

import logging
from functools import partial

import anyio
import anyio.lowlevel
import pytest
import trio
import trio.testing

from corserver import Entry, Server, asgi, serve
from tests.apps.websocket.peer import TEXT, frame, handshake

from .hosting import ASK, LOOPS, START, Message, Receive, Send, answering, connect, receive_until, serving

pytestmark = pytest.mark.parametrize("loop", LOOPS)


async def test_an_app_that_is_ahead_waits_for_the_client(loop: str) -> None:
    sent = 0

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        nonlocal sent
        await send(dict(START))
        for _ in range(200):
            await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
            sent += 65536
        await send({"type": "http.response.body"})

    async with serving(app, loop=loop, lifespan="off") as server, await connect(server) as stream:
        await stream.send_all(ASK)
        await receive_until(stream, b"\r\n\r\n")
        before = -1
        while before != sent:  # Until it moves no more: the kernel's buffers are full.
            before = sent
            await trio.testing.wait_all_tasks_blocked()
        assert 0 < sent < 200 * 65536
        tail = b""
        with trio.fail_after(20):
            while not tail.endswith(b"\r\n0\r\n\r\n"):
                tail = tail[-10:] + await stream.receive_some(1 << 20)
    assert sent == 200 * 65536


async def test_an_app_that_waits_learns_that_the_client_has_left(loop: str) -> None:
    messages: list[Message] = []
    asked = trio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        messages.append(await receive())
        asked.set()
        messages.append(await receive())
        # It may have ended its own side only: what is answered still goes out.
        await answering()(scope, receive, send)

    async with serving(app, loop=loop, lifespan="off") as server:
        stream = await connect(server)
        await stream.send_all(ASK)
        await asked.wait()
        await stream.aclose()
    assert [message["type"] for message in messages] == ["http.request", "http.disconnect"]


async def test_an_app_that_streams_learns_that_the_client_has_left(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    failed: list[OSError] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send(dict(START))
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x" * 10000, "more_body": True})
                await anyio.lowlevel.checkpoint()
        except OSError as error:
            failed.append(error)
            raise

    async with serving(app, loop=loop, lifespan="off") as server, await connect(server) as stream:
        await stream.send_all(ASK)
        await receive_until(stream, b"xxx")
    assert len(failed) == 1
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_an_app_that_streams_what_nobody_wants_lets_others_have_turns_and_is_told_to_end(
    loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It never pauses, so that only the server's `send` can."""
    turns, sent, ended = 0, 0, trio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        nonlocal sent
        try:
            await send(dict(START))
            for _ in range(100_000):
                await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
                sent += 1
        finally:
            ended.set()

    async with serving(app, loop=loop, lifespan="off") as server, await connect(server) as stream:
        await stream.send_all(ASK.replace(b"GET", b"HEAD"))
        await receive_until(stream, b"\r\n\r\n")
        while not ended.is_set():
            await trio.lowlevel.checkpoint()
            turns += 1
    assert turns > 50
    assert sent < 1000
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("request_", [ASK, handshake()], ids=["http", "websocket"])
async def test_an_app_that_asks_again_and_again_lets_others_have_turns(loop: str, request_: bytes) -> None:
    turns, ended = 0, trio.Event()
    messages: list[Message] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await answering()(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.accept"})
        while len(messages) < 1000:
            messages.append(await receive())
        ended.set()

    async with serving(app, loop=loop, lifespan="off") as server, await connect(server) as stream:
        await stream.send_all(request_)
        await receive_until(stream, b"\r\n\r\n")
        await stream.aclose()
        while not ended.is_set():
            await trio.lowlevel.checkpoint()
            turns += 1
    assert {message["type"] for message in messages} <= {"http.disconnect", "websocket.disconnect"}
    assert turns > 500


async def test_an_app_that_has_not_accepted_a_websocket_learns_that_the_client_has_left(
    loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    messages: list[Message] = []
    asked, ended = trio.Event(), trio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        messages.append(await receive())
        asked.set()
        messages.append(await receive())
        try:
            await send({"type": "websocket.accept"})
        finally:
            ended.set()

    async with serving(app, loop=loop, lifespan="off") as server:
        stream = await connect(server)
        await stream.send_all(handshake() + frame(TEXT, b"early"))
        await asked.wait()
        await stream.aclose()
        with trio.fail_after(5):
            await ended.wait()
    assert [message["type"] for message in messages] == ["websocket.connect", "websocket.disconnect"]
    assert messages[1]["code"] == 1006
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("has_begun", [True, False])
@pytest.mark.parametrize("raises", [True, False])
async def test_an_app_may_give_up_once_its_client_has_left(
    loop: str, has_begun: bool, raises: bool, caplog: pytest.LogCaptureFixture
) -> None:
    begun, entries = trio.Event(), list[Entry]()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        if has_begun:
            await send(dict(START))
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        begun.set()
        assert (await receive())["type"] == "http.disconnect"
        if raises:
            raise ConnectionError("nobody is there")

    hosted = asgi(app, loop=loop, lifespan="off")
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, hosted, port=0, access_log=entries.append))
            async with await connect(server) as stream:
                await stream.send_all(ASK)
                await begun.wait()
            while not entries:
                await trio.testing.wait_all_tasks_blocked()
            server.stop()
    assert [entry.failure for entry in entries] == ["the client left"]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_pipelined_request_is_kept_while_an_app_waits_for_its_client_to_leave(loop: str) -> None:
    may_answer: list[anyio.Event] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        async def listen() -> None:
            await receive()

        await receive()
        may_answer.append(anyio.Event())
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            await may_answer[-1].wait()
            await send(dict(START))
            await send({"type": "http.response.body", "body": scope["path"].encode()})

    async with serving(app, loop=loop, lifespan="off") as server, await connect(server) as stream:
        await stream.send_all(ASK)
        await stream.send_all(ASK.replace(b"/ ", b"/second "))
        for count in (1, 2):
            while len(may_answer) < count:
                await trio.testing.wait_all_tasks_blocked()
            may_answer[-1].set()
        await receive_until(stream, b"/second")


async def test_an_app_may_raise_of_what_it_cannot_send_to_a_websocket_whose_client_has_left(
    loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Starlette raises WebSocketDisconnect then."""
    raised = trio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        try:
            while True:
                await send({"type": "websocket.send", "text": "x"})
        except OSError:
            raised.set()
            raise LookupError("nobody is there")  # noqa: B904

    async with serving(app, loop=loop, lifespan="off") as server:
        async with await connect(server) as stream:
            await stream.send_all(handshake())
            await receive_until(stream, b"\r\n\r\n")
        with trio.fail_after(10):
            await raised.wait()
            while server.connections:
                await trio.testing.wait_all_tasks_blocked()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_an_app_may_raise_of_a_body_that_does_not_come(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    """So does Starlette, after it has answered: ClientDisconnect."""
    begun = trio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        while (await receive())["type"] == "http.request":
            begun.set()
        await send(dict(START))
        await send({"type": "http.response.body", "body": b"a 500"})
        raise LookupError("nobody is there")

    async with serving(app, loop=loop, lifespan="off") as server, await connect(server) as stream:
        await stream.send_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc")
        await begun.wait()
        await trio.testing.wait_all_tasks_blocked()
        await stream.send_eof()
        assert (await receive_until(stream, b"\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
