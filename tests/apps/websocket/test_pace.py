"""What either side of a WebSocket may make the other wait for: keep-alive and back-pressure."""

import itertools
from functools import partial

import pytest
import trio

from corserver import Limits, Server, WebSocket, WebSocketClosed, WebSocketOptions, serve

from .peer import BINARY, CONTINUATION, PING, PONG, TEXT, close_frame, connected, echo, frame, handshake, opened, routed
from .seen import NORMAL, Seen, code_of

# -------------------------------------------------------------------------------------------------------- keep-alive


async def test_a_silent_peer_is_asked_and_let_go_if_it_is_not_there(autojump_clock: object) -> None:
    seen = Seen()
    async with opened(seen, WebSocketOptions(ping_seconds=20, pong_seconds=5)) as client:
        await client.send(frame(TEXT, b"a"))
        for _ in range(3):
            assert await client.next_frame() == (PING, b"")
            await client.send(frame(PONG))
        alive = trio.current_time()
        assert await client.next_frame() == (PING, b"")
        assert code_of(await client.next_frame()) == 1011
        assert await client.next_frame() is None
        assert trio.current_time() - alive <= 45 + 2
    assert seen.end == (1006, "no answer to a ping")


@pytest.mark.parametrize("options", [WebSocketOptions(ping_seconds=None), WebSocketOptions(ping_seconds=20)])
async def test_nobody_is_asked_who_talks_or_where_it_is_switched_off(
    autojump_clock: object, options: WebSocketOptions
) -> None:
    async with opened(echo, options) as client:
        for n in range(20):
            await trio.sleep(15 if options.ping_seconds else 1000)
            await client.send(frame(TEXT, b"%d" % n))
            assert await client.next_frame() == (TEXT, b"%d" % n)


async def test_who_is_not_read_is_not_taken_for_gone(autojump_clock: object) -> None:
    """While the queue is full a pong would not be seen."""

    async def handler(ws: WebSocket) -> None:
        await ws.accept()
        await trio.sleep(1000)
        for n in range(100):
            assert await ws.receive() == str(n)

    async with opened(handler, WebSocketOptions(queued_messages=2)) as client:
        await client.send(b"".join(frame(TEXT, b"%d" % n) for n in range(100)))
        assert [one for one in await client.frames() if one[0] != PING] == [NORMAL]
    assert trio.current_time() >= 1000


# ------------------------------------------------------------------------------------------------------ back-pressure


@pytest.mark.parametrize(
    ("size", "most"), [(10, 4), (1000, 3), (70_000, 1)], ids=["few messages", "few bytes", "one that is too big"]
)
async def test_nothing_is_read_for_a_handler_that_does_not_receive(
    autojump_clock: object, size: int, most: int
) -> None:
    sent, received = [], []

    async def handler(ws: WebSocket) -> None:
        await ws.accept()
        await trio.sleep(10)
        received.extend([message async for message in ws])

    options = WebSocketOptions(queued_messages=4, queued_bytes=2500, ping_seconds=None)
    async with connected(routed(handler, options), lockstep=True) as (client, _):
        await client.send(handshake())
        await client.read_head()

        async def send() -> None:
            for _ in range(30):
                await client.send(frame(BINARY, bytes(size)))
                sent.append(size)
            await client.send(close_frame(1000))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(send)
            await trio.sleep(5)
            # One more is on its way, which the stream waits to be asked for.
            assert len(sent) <= most + 1
            assert await client.frames() == [NORMAL]
    assert received == [bytes(size)] * 30


async def test_a_sender_waits_for_a_peer_that_does_not_read_and_at_last_loses_it() -> None:
    """Over a real socket, whose buffers fill up; the deadline is the one of every answer."""
    sent, codes, ended = [], [], trio.Event()

    async def handler(ws: WebSocket) -> None:
        try:
            while True:
                await ws.send(bytes(100_000))
                sent.append(ws)
        except WebSocketClosed as closed:
            codes.append(closed.code)
            ended.set()

    limits = Limits(write_seconds=0.2)
    with trio.fail_after(20):
        for lobby in (True, False):
            sent.clear()
            ended = trio.Event()
            async with trio.open_nursery() as nursery:
                start = partial(serve, routed(handler), port=0, limits=limits, lobby=lobby)
                server: Server = await nursery.start(start)
                stream = await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)
                await stream.send_all(handshake())
                await ended.wait()
                assert 0 < len(sent) < 1000
                await stream.aclose()
                server.stop(0)
    assert codes == [1006, 1006]


async def test_a_send_that_is_cancelled_leaves_no_half_frame(autojump_clock: object) -> None:
    async def handler(ws: WebSocket) -> None:
        with trio.move_on_after(1) as scope:
            await ws.send(bytes(200_000))
        assert scope.cancelled_caught
        await ws.send("whole")

    async with connected(routed(handler), lockstep=True) as (client, _):
        await client.send(handshake())
        await client.read_head()
        await trio.sleep(5)
        assert await client.frames() == [(BINARY, bytes(200_000)), (TEXT, b"whole"), NORMAL]


async def test_pings_whose_pongs_are_not_read_are_not_read_either(autojump_clock: object) -> None:
    sent = 0
    async with connected(routed(echo, WebSocketOptions(unsent=1000, ping_seconds=None)), lockstep=True) as (client, _):
        await client.send(handshake())
        await client.read_head()
        with trio.move_on_after(5):
            for _ in range(1000):
                await client.send(frame(PING, b"x" * 100))
                sent += 1
        assert 5 < sent < 30


async def test_others_have_their_turn_while_many_frames_are_read(autojump_clock: object) -> None:
    turns: list[int] = []

    async def count(task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        for turn in itertools.count():
            turns.append(turn)
            await trio.lowlevel.checkpoint()

    async def handler(ws: WebSocket) -> None:
        await ws.accept()
        async with trio.open_nursery() as nursery:
            await nursery.start(count)
            assert await ws.receive() == "end"
            nursery.cancel_scope.cancel()

    async with opened(handler) as client:
        await client.send(
            frame(TEXT, b"", fin=False) + frame(CONTINUATION, b"", fin=False) * 5000 + frame(CONTINUATION, b"end")
        )
        assert await client.frames() == [NORMAL]
    assert len(turns) > 5000 // 64
