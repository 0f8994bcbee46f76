"""A WebSocket in a handler's hands: messages, every way to end it, and what either side may make the other wait for."""

import gc
import struct
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from corserver import HTTPError, Limits, Server, WebSocket, WebSocketClosed, WebSocketOptions, serve
from corserver.apps.websocket.session import Session
from tests.http.peer import cut_at
from tests.http.transcript import recorded

from .peer import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Client,
    close_frame,
    connected,
    echo,
    frame,
    handshake,
    opened,
    routed,
)

NORMAL = (CLOSE, struct.pack("!H", 1000))


def code_of(closed: tuple[int, bytes] | None) -> int:
    assert closed is not None
    assert closed[0] == CLOSE
    return int.from_bytes(closed[1][:2], "big")


class Seen:
    """What a handler saw of the end."""

    def __init__(self) -> None:
        self.closed: WebSocketClosed | None = None
        self.said: WebSocketClosed | None = None
        self.messages: list[str | bytes] = []

    async def __call__(self, ws: WebSocket) -> None:
        try:
            while True:
                self.messages.append(await ws.receive())
        except WebSocketClosed as closed:
            self.closed = closed
            self.said = ws.closed
            raise

    @property
    def end(self) -> tuple[int, str]:
        assert self.closed is not None
        assert self.said is not None
        assert self.said.code == self.closed.code
        return self.closed.code, self.closed.reason


# ------------------------------------------------------------------------------------------------------------ messages


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


# ----------------------------------------------------------------------------------------------------------------- ends


async def test_a_handler_that_returns_closes_with_1000_and_one_that_raises_with_1011(
    autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(ws: WebSocket) -> None:
        if await ws.receive() == "raise":
            raise LookupError("a mistake")

    for sent, code in ((b"return", 1000), (b"raise", 1011)):
        async with opened(handler) as client:
            await client.send(frame(TEXT, sent))
            assert code_of(await client.next_frame()) == code
    assert [record.message for record in caplog.records] == ["GET /: the WebSocket's handler raised"]
    assert "a mistake" in caplog.text


async def test_an_http_error_comes_too_late_once_it_is_accepted(
    autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(ws: WebSocket) -> None:
        await ws.accept()
        raise HTTPError(403)

    async with opened(handler) as client:
        assert code_of(await client.next_frame()) == 1011
    assert "the WebSocket's handler raised" in caplog.text


@pytest.mark.parametrize(
    ("sent", "end", "answered"),
    [
        (close_frame(1000, "tschüs".encode()), (1000, "tschüs"), 1000),
        (close_frame(4321, b"own"), (4321, "own"), 4321),
        (frame(CLOSE), (1005, ""), 0),
        (frame(3), (1002, "Invalid opcode 0x3"), 1002),
        (frame(TEXT, b"\xff"), (1007, "what the peer sent is no UTF-8, or cannot be decompressed"), 1007),
        (frame(TEXT, b"x" * 101), (1009, "the message is too big"), 1009),
    ],
)
async def test_the_handler_is_told_how_it_ended(
    autojump_clock: object, sent: bytes, end: tuple[int, str], answered: int
) -> None:
    seen = Seen()
    with recorded() as records:
        async with opened(seen, WebSocketOptions(message=100)) as client:
            await client.send(frame(TEXT, b"before") + sent)
            assert code_of(await client.next_frame()) == answered
            assert await client.next_frame() is None
        await trio.testing.wait_all_tasks_blocked()
    assert (seen.messages, seen.end) == (["before"], end)
    assert records.errors == []


async def test_a_send_after_the_peers_close_is_an_exception(autojump_clock: object) -> None:
    codes = []

    async def handler(ws: WebSocket) -> None:
        await ws.receive()
        await trio.sleep(1)
        with pytest.raises(WebSocketClosed) as caught:
            await ws.send("late")
        codes.append(caught.value.code)

    async with opened(handler) as client:
        await client.send(frame(TEXT, b"a") + close_frame(1001))
        assert code_of(await client.next_frame()) == 1001
        await trio.sleep(2)
    assert codes == [1001]


async def test_a_peer_that_closes_while_a_send_lets_others_have_their_turn(autojump_clock: object) -> None:
    ended = []

    async def handler(ws: WebSocket) -> None:
        try:
            while True:
                await ws.send("again")
        except WebSocketClosed as closed:
            ended.append(closed.code)

    async with opened(handler) as client:
        await client.next_frame()
        await client.send(close_frame(1000))
        while (one := await client.next_frame()) is not None:
            assert one in ((TEXT, b"again"), NORMAL)
    assert ended == [1000]


async def test_a_peer_that_vanishes_is_an_exception(autojump_clock: object) -> None:
    seen = Seen()
    with recorded() as records:
        async with opened(seen) as client:
            await client.send(frame(TEXT, b"half a message", fin=False) + frame(TEXT, b"half a frame")[:5])
            await client.stream.aclose()
            await trio.testing.wait_all_tasks_blocked()
    assert (seen.messages, seen.end) == ([], (1006, ""))
    assert str(seen.closed) == "the WebSocket is closed: 1006"
    assert records.errors == []


@pytest.mark.parametrize("close", [True, False], ids=["in order", "not in order"])
async def test_iterating_ends_with_an_orderly_close_and_raises_otherwise(autojump_clock: object, close: bool) -> None:
    ended = []

    async def handler(ws: WebSocket) -> None:
        try:
            ended.append([message async for message in ws])
        except WebSocketClosed as closed:
            ended.append(closed.code)  # type: ignore[arg-type]

    async with opened(handler) as client:
        await client.send(frame(TEXT, b"a") + (close_frame(1001) if close else b""))
        await client.stream.aclose()
        await trio.testing.wait_all_tasks_blocked()
    assert ended == ([["a"]] if close else [1006])


async def test_after_the_end_every_use_raises(autojump_clock: object) -> None:
    codes = []

    async def handler(ws: WebSocket) -> None:
        await ws.close(4000, "enough")
        await ws.close()
        for use in (ws.receive, lambda: ws.send("a"), lambda: ws.send_json(1)):
            with pytest.raises(WebSocketClosed) as caught:
                await use()
            codes.append((caught.value.code, caught.value.reason))
        assert [message async for message in ws] == [] if ws.closed is None else True

    async with opened(handler) as client:
        assert code_of(await client.next_frame()) == 4000
        await client.send(frame(TEXT, b"crossed") + close_frame(4000))
        assert await client.next_frame() is None
    assert codes == [(4000, "enough")] * 3


async def test_a_close_that_is_not_answered_is_waited_for_so_long(autojump_clock: object) -> None:
    times = []

    async def handler(ws: WebSocket) -> None:
        await ws.accept()
        start = trio.current_time()
        await ws.close()
        times.append(trio.current_time() - start)

    async with opened(handler, WebSocketOptions(close_seconds=7)) as client:
        assert await client.next_frame() == NORMAL
        await client.send(frame(TEXT, b"never mind"))
        assert await client.next_frame() is None
    assert times == [7]


@pytest.mark.parametrize(("code", "reason"), [(1005, ""), (1006, ""), (999, ""), (1000, "x" * 124)])
async def test_a_close_that_cannot_be_is_a_value_error(autojump_clock: object, code: int, reason: str) -> None:
    async def handler(ws: WebSocket) -> None:
        with pytest.raises(ValueError, match=r"write 1000|123 bytes"):
            await ws.close(code, reason)
        await ws.send("still open")

    async with opened(handler) as client:
        assert await client.frames() == [(TEXT, b"still open"), NORMAL]


# ------------------------------------------------------------------------------------------------------------ stopping


async def test_a_server_that_stops_says_1001(autojump_clock: object) -> None:
    seen = Seen()
    async with connected(routed(seen)) as (client, connection):
        await client.send(handshake())
        await client.read_head()
        await client.send(frame(PING))
        assert await client.next_frame() == (PONG, b"")
        connection.stop()
        assert await client.next_frame() == (CLOSE, b"\x03\xe9the server stops")
        await client.send(close_frame(1001))
        assert await client.next_frame() is None
    assert seen.end == (1001, "the server stops")
    assert trio.current_time() == 0


async def test_one_that_is_accepted_while_the_server_stops_is_closed_at_once(autojump_clock: object) -> None:
    async def handler(ws: WebSocket) -> None:
        await trio.sleep(1)
        await echo(ws)

    async with connected(routed(handler)) as (client, connection):
        await client.send(handshake())
        await trio.testing.wait_all_tasks_blocked()
        connection.stop()
        await client.read_head()
        with trio.fail_after(5):
            assert code_of(await client.next_frame()) == 1001


async def test_a_client_that_is_gone_before_its_101_is_told_to_the_handler(autojump_clock: object) -> None:
    codes = []

    async def handler(ws: WebSocket) -> None:
        await trio.sleep(1)
        with pytest.raises(WebSocketClosed) as caught:
            await ws.accept()
        codes.append(caught.value.code)

    async with connected(routed(handler)) as (client, _):
        await client.send(handshake())
        await client.stream.aclose()
        await trio.sleep(2)
    assert codes == [1006]


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


# ------------------------------------------------------------------------------------------------------- whatever comes

_ODD_FRAMES = st.builds(
    frame,
    st.integers(0, 15),
    st.binary(max_size=130),
    fin=st.booleans(),
    rsv=st.sampled_from([0, 0, 0, 4, 7]),
    mask=st.sampled_from([b"abcd", None]),
)
_ODD = st.lists(st.one_of(st.binary(max_size=40), _ODD_FRAMES, st.just(frame(TEXT, b"fine"))), max_size=8).map(b"".join)


@given(_ODD, st.lists(st.integers(0, 500), max_size=6), st.booleans())
async def test_no_peer_makes_the_server_fail(data: bytes, places: list[int], compressed: bool) -> None:
    """Its end is one of those that there are, and the log has nothing to say."""
    seen = Seen()
    headers = ["Sec-WebSocket-Extensions: permessage-deflate"] * compressed
    with recorded() as records:
        async with opened(seen, WebSocketOptions(message=200, fragments=3), *headers) as client:
            for piece in cut_at(places)(data):
                await client.send(piece)
            await trio.testing.wait_all_tasks_blocked()
            await client.stream.aclose()
            await trio.testing.wait_all_tasks_blocked()
    code, _ = seen.end
    assert code in (1002, 1005, 1006, 1007, 1009) or 1000 <= code < 5000
    assert records.errors == []


# ------------------------------------------------------------------------------------------------------- nothing leaks


async def test_what_ended_leaves_nothing_behind() -> None:
    def count() -> int:
        gc.collect()
        return sum(issubclass(type(found), Session) for found in gc.get_objects())

    before = count()
    end: Callable[[Client], Awaitable[None]]
    for end in (lambda c: c.send(close_frame(1000)), lambda c: c.stream.aclose()):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, routed(echo), port=0))
            for _ in range(5):
                async with await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port) as stream:
                    client = Client(stream)
                    await client.send(handshake() + frame(TEXT, b"a"))
                    await client.read_head()
                    assert await client.next_frame() == (TEXT, b"a")
                    await end(client)
                while server.connections:
                    await trio.lowlevel.checkpoint()
            # Whoever served the last one may remember it.
            assert count() <= before + 1
            server.stop()
        assert count() == before
