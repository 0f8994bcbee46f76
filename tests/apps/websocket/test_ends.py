"""Every way in which a WebSocket ends: by its handler, by its peer, and by a server that stops."""

import pytest
import trio
import trio.testing

from corserver import HTTPError, WebSocket, WebSocketClosed, WebSocketOptions
from tests.http.transcript import recorded

from .peer import CLOSE, PING, PONG, TEXT, close_frame, connected, echo, frame, handshake, opened, routed
from .seen import NORMAL, Seen, code_of

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


async def test_a_handler_that_panics_is_a_500_or_closes_with_1011(autojump_clock: object) -> None:
    async def handler(ws: WebSocket) -> None:
        if ws.request.headers.get("late"):
            await ws.accept()
        raise BaseException("a panic of Rust's")

    async with connected(routed(handler)) as (client, _):
        await client.send(handshake())
        assert (await client.read_head()).startswith(b"HTTP/1.1 500 ")
    async with connected(routed(handler)) as (client, _):
        await client.send(handshake("Late: 1"))
        assert (await client.read_head()).startswith(b"HTTP/1.1 101 ")
        assert code_of(await client.next_frame()) == 1011


async def test_a_handler_that_ends_before_the_websocket_is_open_closes_it_then(autojump_clock: object) -> None:
    async def handler(ws: WebSocket) -> None:
        with trio.move_on_after(0):
            await ws.accept()

    async with opened(handler) as client:
        assert code_of(await client.next_frame()) == 1000


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
        for use in (ws.receive, lambda: anext(ws), lambda: ws.send("a"), lambda: ws.send_json(1)):
            with pytest.raises(WebSocketClosed) as caught:
                await use()
            codes.append((caught.value.code, caught.value.reason))

    async with opened(handler) as client:
        assert code_of(await client.next_frame()) == 4000
        await client.send(frame(TEXT, b"crossed") + close_frame(4000))
        assert await client.next_frame() is None
    assert codes == [(4000, "enough")] * 4


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
