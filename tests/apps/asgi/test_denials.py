"""The body of an answer that refuses a WebSocket, which is held until it is whole."""

from collections.abc import Awaitable, Callable

import pytest
import trio

from tests.apps.websocket.peer import handshake

from .hosting import LOOPS, Message, Receive, Send, connect, receive_until, serving

pytestmark = pytest.mark.parametrize("loop", LOOPS)

MEBIBYTE = 1024 * 1024


def denying(size: int, heard: list[int]) -> Callable[[Message, Receive, Send], Awaitable[None]]:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.http.response.start", "status": 401})
        while True:
            await send({"type": "websocket.http.response.body", "body": b"x" * size, "more_body": True})
            heard.append(size)

    return app


async def test_it_is_bounded(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[int] = []
    async with serving(denying(MEBIBYTE, heard), loop=loop, lifespan="off") as server, await connect(server) as stream:
        await stream.send_all(handshake())
        assert (await receive_until(stream, b"\r\n\r\n")).startswith(b"HTTP/1.1 500 ")
    assert heard == [MEBIBYTE]
    assert "a WebSocket's denial is longer than 1048576 bytes" in caplog.text


async def test_one_that_says_nothing_for_ever_holds_nobody_up_and_ends_with_its_client(
    loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    ended = trio.Event()
    denial = denying(0, [])

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        try:
            await denial(scope, receive, send)
        finally:
            ended.set()

    async with serving(app, loop=loop, lifespan="off") as server:
        async with await connect(server) as stream:
            await stream.send_all(handshake())
        with trio.fail_after(20):
            await ended.wait()
    assert not caplog.records
