"""What a hosted app says after the body: trailers, and the end of the connection."""

import pytest

from .hosting import ASK, LOOPS, START, Message, Receive, Send, connect, receive_rest, receive_until, sending, serving

pytestmark = pytest.mark.parametrize("loop", LOOPS)

LAST: Message = {"type": "http.response.body"}
TRAILERS: Message = {"type": "http.response.trailers", "headers": [(b"X-Sum", b"12"), (b"Connection", b"x")]}


async def test_trailers_follow_the_body(loop: str) -> None:
    app = sending(
        {**START, "trailers": True},
        {"type": "http.response.body", "body": b"one", "more_body": True},
        {"type": "http.response.body"},
        {**TRAILERS, "more_trailers": True},
        {"type": "http.response.trailers", "headers": [(b"x-last", b"1")]},
    )
    async with serving(app, loop=loop, lifespan="off") as server, await connect(server) as stream:
        await stream.send_all(ASK)
        got = await receive_until(stream, b"x-last: 1\r\n\r\n")
        assert got.endswith(b"\r\n\r\n3\r\none\r\n0\r\nx-sum: 12\r\nx-last: 1\r\n\r\n")
        await stream.send_all(ASK.replace(b"1.1", b"1.0"))
        assert (await receive_rest(stream)).endswith(b"\r\n\r\none")


async def test_trailers_are_offered_where_there_can_be_any(loop: str) -> None:
    seen: list[bool] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        seen.append("http.response.trailers" in scope["extensions"])
        await sending({**START, "trailers": True}, {"type": "http.response.body"}, TRAILERS)(scope, receive, send)

    async with serving(app, loop=loop, lifespan="off") as server, await connect(server) as stream:
        for line in (b"GET / HTTP/1.1", b"HEAD / HTTP/1.1", b"GET / HTTP/1.0"):
            await stream.send_all(line + b"\r\nHost: localhost\r\n\r\n")
            await receive_until(stream, b"x-sum: 12\r\n\r\n" if len(seen) == 0 else b"\r\n\r\n")
    assert seen == [True, True, False]


@pytest.mark.parametrize("name", [b"Content-Length", b"set-cookie"])
async def test_what_would_come_too_late_is_no_trailer(loop: str, name: bytes, caplog: pytest.LogCaptureFixture) -> None:
    late = {"type": "http.response.trailers", "headers": [(name, b"1")]}
    app = sending({**START, "trailers": True}, {"type": "http.response.body"}, late)
    async with serving(app, loop=loop, lifespan="off") as server, await connect(server) as stream:
        await stream.send_all(ASK)
        assert (await receive_until(stream, b"\r\n\r\n")).startswith(b"HTTP/1.1 500 ")
    assert "too late" in caplog.text


@pytest.mark.parametrize("more", [True, False])
async def test_an_app_may_end_the_connection(loop: str, more: bool) -> None:
    closing = {**START, "headers": [(b"Connection", b"keep-alive, Close")]}
    app = sending(closing, {"type": "http.response.body", "body": b"bye", "more_body": more}, *[LAST] * more)
    async with serving(app, loop=loop, lifespan="off") as server, await connect(server) as stream:
        await stream.send_all(ASK)
        got = await receive_rest(stream)
    assert got.lower().count(b"\r\nconnection: close\r\n") == 1
    assert b"bye" in got
    assert not got.endswith(b"<cut>")
