"""A WebSocket in a handler's hands: its messages, and that it is accepted once."""

import pytest
import trio

from corserver import WebSocket

from .peer import BINARY, TEXT, connected, echo, frame, handshake, opened, routed
from .seen import NORMAL


async def test_messages_are_str_or_bytes_and_so_are_answers(autojump_clock: object) -> None:
    async def handler(ws: WebSocket) -> None:
        assert await ws.receive() == "text"
        assert await ws.receive() == b"bytes"
        await ws.send("ä")
        await ws.send(bytearray(b"a"))
        await ws.send(memoryview(b"b"))
        await ws.send_json({"k": ["ä", None]})
        with pytest.raises(TypeError, match="a message is str or bytes, not int"):
            await ws.send(1)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="not JSON compliant"):
            await ws.send_json(float("nan"))

    async with opened(handler) as client:
        await client.send(frame(TEXT, b"text") + frame(BINARY, b"bytes"))
        found = await client.frames()
    assert found == [(TEXT, "ä".encode()), (BINARY, b"a"), (BINARY, b"b"), (TEXT, '{"k":["ä",null]}'.encode()), NORMAL]


async def test_what_came_with_the_handshake_is_not_lost(autojump_clock: object) -> None:
    async with connected(routed(echo)) as (client, _):
        await client.send(handshake() + frame(TEXT, b"early"))
        await client.read_head()
        assert await client.next_frame() == (TEXT, b"early")


async def test_several_tasks_may_use_one_at_once(autojump_clock: object) -> None:
    async def handler(ws: WebSocket) -> None:
        async with trio.open_nursery() as nursery:
            for n in range(10):
                nursery.start_soon(ws.send, f"{n}" * 50_000)
            assert await ws.receive() == "done"

    async with opened(handler) as client:
        found = [await client.next_frame() for _ in range(10)]
        await client.send(frame(TEXT, b"done"))
        assert await client.frames() == [NORMAL]
    assert sorted(payload for _, payload in filter(None, found)) == [b"%d" % n * 50_000 for n in range(10)]


async def test_it_is_accepted_once(autojump_clock: object) -> None:
    async def handler(ws: WebSocket) -> None:
        await ws.accept()
        with pytest.raises(RuntimeError, match="accepted once"):
            await ws.accept()

    async with opened(handler) as client:
        assert await client.frames() == [NORMAL]
