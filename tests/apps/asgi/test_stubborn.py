"""Hosted apps that send again and again in vain, whatever is raised: they hold up nobody else."""

import pytest
import trio

from tests.apps.websocket.peer import handshake

from .hosting import ASK, LOOPS, Message, Receive, Send, answering, connect, receive_until, serving

LATE: dict[str, Message] = {
    "answered": {"type": "http.response.body", "body": b"late"},
    "closed": {"type": "websocket.send", "text": "late"},
    "left": {"type": "websocket.send", "text": "late"},
}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("how", LATE)
@pytest.mark.parametrize("is_bad", [False, True], ids=["late", "bad"])
async def test_an_app_that_sends_in_vain_lets_others_have_turns(loop: str, how: str, is_bad: bool) -> None:
    turns, taken, ended = 0, list[int](), trio.Event()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if how == "answered":
            await answering()(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.accept"})
            if how == "closed":
                await send({"type": "websocket.close"})
            else:
                assert (await receive())["type"] == "websocket.disconnect"
        before = turns
        for _ in range(100):
            with pytest.raises((RuntimeError, OSError)):
                await send({"type": "nonsense"} if is_bad else LATE[how])
        taken.append(turns - before)
        ended.set()

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with serving(app, loop=loop, lifespan="off") as server, trio.open_nursery() as nursery:
        nursery.start_soon(take_turns)
        async with await connect(server) as stream:
            await stream.send_all(ASK if how == "answered" else handshake())
            await receive_until(stream, b"\r\n\r\n")
        with trio.fail_after(10):
            await ended.wait()
        nursery.cancel_scope.cancel()
    assert taken[0] >= 50
