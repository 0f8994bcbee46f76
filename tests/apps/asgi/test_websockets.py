"""WebSockets for hosted apps: the scope, message by message."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio
import trio.testing

from corserver import WebSocketOptions
from corserver.apps.asgi import asgi
from corserver.apps.asgi.protocol import ASGIApp, Receive, Scope, Send
from corserver.http.connection import Connection
from tests.apps.websocket.peer import CLOSE, PONG, TEXT, Client, close_frame, connected, frame, handshake
from tests.apps.websocket.seen import code_of
from tests.http.transcript import recorded

from .hosting import LOOPS


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextlib.asynccontextmanager
async def hosted(app: ASGIApp, loop: str, *headers: str, path: str = "/") -> AsyncIterator[tuple[Client, Connection]]:
    """A client that has asked for a WebSocket of *app*, and the connection."""
    async with asgi(app, loop=loop, lifespan="off") as host, connected(host) as (client, connection):
        await client.send(handshake(*headers, path=path))
        yield client, connection


async def pause(loop: str) -> None:
    sleep = trio.sleep if loop == "trio" else asyncio.sleep
    await sleep(1)


async def accepting(scope: Scope, receive: Receive, send: Send) -> None:
    assert await receive() == {"type": "websocket.connect"}
    await send({"type": "websocket.accept"})


async def test_the_scope_says_what_is_asked_for(loop: str) -> None:
    scopes = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await accepting(scope, receive, send)

    async with hosted(app, loop, "Sec-WebSocket-Protocol: a, b", "X-Name: v", path="/r%C3%A4um/1?q=%20") as (client, _):
        await client.read_head()
    (scope,) = scopes
    assert {name: value for name, value in scope.items() if name not in ("headers", "client", "server")} == {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": "/räum/1",
        "raw_path": b"/r%C3%A4um/1",
        "query_string": b"q=%20",
        "root_path": "",
        "subprotocols": ["a", "b"],
        "extensions": {"websocket.http.response": {}},
    }
    assert (b"x-name", b"v") in scope["headers"]
    assert (b"upgrade", b"websocket") in scope["headers"]


async def test_messages_go_both_ways_until_the_client_closes(loop: str) -> None:
    received = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert await receive() == {"type": "websocket.connect"}
        await send({"type": "websocket.accept", "subprotocol": "b", "headers": [(b"x-name", b"v")]})
        while (message := await receive())["type"] == "websocket.receive":
            received.append(message)
            await send({**message, "type": "websocket.send"})
        received.append(message)
        received.append(await receive())
        with pytest.raises(OSError, match="4001 bye"):
            await send({"type": "websocket.send", "text": "late"})
        received.append({"type": "it raised"})

    async with hosted(app, loop, "Sec-WebSocket-Protocol: a, b") as (client, _):
        head = await client.read_head()
        assert b"\r\nSec-WebSocket-Protocol: b\r\n" in head
        assert b"\r\nx-name: v\r\n" in head
        for sent in (frame(TEXT, "ä".encode()), frame(2, b"\xff"), frame(9, b"ping")):
            await client.send(sent)
            answer = await client.next_frame()
            assert answer is not None
            assert answer in ((TEXT, "ä".encode()), (2, b"\xff"), (PONG, b"ping"))
        await client.send(close_frame(4001, b"bye"))
        assert code_of(await client.next_frame()) == 4001
        assert await client.next_frame() is None
    end = {"type": "websocket.disconnect", "code": 4001, "reason": "bye"}
    texts = {"type": "websocket.receive", "text": "ä"}, {"type": "websocket.receive", "bytes": b"\xff"}
    assert received == [*texts, end, end, {"type": "it raised"}]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"type": "websocket.close"}, (CLOSE, b"\x03\xe8")),
        ({"type": "websocket.close", "code": 4000, "reason": "enough"}, (CLOSE, b"\x0f\xa0enough")),
        ({"type": "websocket.close", "code": 1001, "reason": None}, (CLOSE, b"\x03\xe9")),
        ({"type": "websocket.close", "code": 1000, "reason": "é" * 100}, (CLOSE, b"\x03\xe8" + "é".encode() * 61)),
        (None, (CLOSE, b"\x03\xe8")),
    ],
)
async def test_the_app_closes(loop: str, message: dict[str, Any] | None, expected: tuple[int, bytes]) -> None:
    ended = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accepting(scope, receive, send)
        if message is not None:
            await send(message)
            ended.append(await receive())
            with pytest.raises(RuntimeError, match="it has closed the WebSocket"):
                await send({"type": "websocket.send", "text": "late"})
            ended.append({"type": "it raised"})

    async with hosted(app, loop) as (client, _):
        await client.read_head()
        assert await client.next_frame() == expected
        await client.send(close_frame(1000))
        assert await client.next_frame() is None
    assert [end["type"] for end in ended] == ["websocket.disconnect", "it raised"] * (message is not None)


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 4000})
    assert (await receive())["type"] == "websocket.disconnect"


async def deny(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.http.response.start", "status": 401, "headers": [(b"x-why", b"because")]})
    await send({"type": "websocket.http.response.body", "body": b"not ", "more_body": True})
    await send({"type": "websocket.http.response.body", "body": b"you"})


async def fail(scope: Scope, receive: Receive, send: Send) -> None:
    raise LookupError("a mistake")


async def leave(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()


async def confuse(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.send", "text": "too early"})


async def choose(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept", "subprotocol": "not offered"})


async def forge(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept", "headers": [(b"sec-websocket-protocol", b"x")]})


@pytest.mark.parametrize(
    ("app", "status", "words", "logged"),
    [
        (refuse, 403, b"403 Forbidden\n", ""),
        (deny, 401, b"not you", ""),
        (fail, 500, b"500 Internal Server Error\n", "a mistake"),
        (leave, 500, b"500 Internal Server Error\n", "returned without an answer to the handshake"),
        (confuse, 500, b"500 Internal Server Error\n", "'websocket.send' does not fit"),
        (choose, 500, b"500 Internal Server Error\n", "was not offered; offered: none"),
        (forge, 500, b"500 Internal Server Error\n", "sec-websocket-protocol is of the handshake"),
    ],
)
async def test_before_it_accepts_the_app_answers_or_fails(
    loop: str, app: ASGIApp, status: int, words: bytes, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with hosted(app, loop) as (client, _):
        assert (await client.read_head()).startswith(b"HTTP/1.1 %d " % status)
        assert await client.read(len(words)) == words
    assert logged in caplog.text
    assert bool(caplog.records) == bool(logged)


ODD = [SystemExit(3), BaseException("a panic of Rust's"), GeneratorExit(), BaseExceptionGroup("", [SystemExit(3)])]


@pytest.mark.parametrize("error", [LookupError("a mistake"), *ODD])
async def test_an_app_that_raises_closes_with_1011(
    loop: str, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accepting(scope, receive, send)
        raise error

    async with hosted(app, loop) as (client, _):
        await client.read_head()
        assert code_of(await client.next_frame()) == 1011
    assert "GET /: the app raised in its WebSocket" in caplog.text


@pytest.mark.parametrize("message", [{}, {"text": "a", "bytes": b"b"}, {"text": b"a"}, {"bytes": "a"}, {"text": 1}])
async def test_a_message_is_text_or_bytes(loop: str, message: dict[str, Any]) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accepting(scope, receive, send)
        with pytest.raises(ValueError, match="either bytes"):
            await send({"type": "websocket.send", **message})
        await send({"type": "websocket.send", "text": None, "bytes": b"fine"})

    async with hosted(app, loop) as (client, _):
        await client.read_head()
        assert await client.next_frame() == (2, b"fine")


async def test_a_client_that_vanishes_is_1006_and_an_app_that_goes_on_sending_is_told(loop: str) -> None:
    ends = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accepting(scope, receive, send)
        ends.append(await receive())
        await send({"type": "websocket.send", "text": "late"})

    with recorded() as records:
        async with hosted(app, loop) as (client, _):
            await client.read_head()
            await client.stream.aclose()
            await trio.testing.wait_all_tasks_blocked()
    assert ends == [{"type": "websocket.disconnect", "code": 1006, "reason": ""}]
    assert records.errors == []


async def test_a_server_that_stops_is_a_disconnect_with_1001(loop: str) -> None:
    ends = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accepting(scope, receive, send)
        ends.append(await receive())

    async with hosted(app, loop) as (client, connection):
        await client.read_head()
        connection.stop()
        assert code_of(await client.next_frame()) == 1001
        await client.send(close_frame(1001))
        assert await client.next_frame() is None
    assert ends == [{"type": "websocket.disconnect", "code": 1001, "reason": "the server stops"}]


@pytest.mark.parametrize("header", ["Sec-WebSocket-Version: 12", "Sec-WebSocket-Key: bad"])
async def test_a_bad_handshake_never_reaches_the_app(loop: str, header: str) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("the app was called")

    async with hosted(app, loop, header) as (client, _):
        assert (await client.read_head())[9:12] == b"400"


async def test_a_slow_app_and_a_fast_client(loop: str, autojump_clock: object) -> None:
    """What the app does not receive waits with the client, and nothing is lost."""
    received = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accepting(scope, receive, send)
        while (message := await receive())["type"] == "websocket.receive":
            received.append(message["text"])
            if len(received) % 100 == 0:
                await pause(loop)

    async with hosted(app, loop) as (client, _):
        await client.read_head()
        await client.send(b"".join(frame(TEXT, b"%d" % n) for n in range(500)) + close_frame(1000))
        assert code_of(await client.next_frame()) == 1000
        assert await client.next_frame() is None
        await trio.testing.wait_all_tasks_blocked()
    assert received == [str(n) for n in range(500)]


async def test_its_websockets_are_limited_as_it_is_told(loop: str) -> None:
    ends = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await accepting(scope, receive, send)
        ends.append(await receive())

    limits = WebSocketOptions(message=10, compress=False)
    async with asgi(app, loop=loop, lifespan="off", websockets=limits) as host, connected(host) as (client, _):
        await client.send(handshake("Sec-WebSocket-Extensions: permessage-deflate"))
        assert b"Extensions" not in await client.read_head()
        await client.send(frame(TEXT, b"x" * 11))
        assert code_of(await client.next_frame()) == 1009
        assert await client.next_frame() is None
    assert ends == [{"type": "websocket.disconnect", "code": 1009, "reason": "the message is too big"}]
