"""What streams through a proxy: up and down, piece by piece, no faster than either end takes it."""

import httpx
import pytest
import trio

from tests.http.peer import request
from tests.http.test_flow import MIB, Peak

from .upstreams import GET, Peer, answers, connect, ok, proxied, receive_for


async def test_an_event_stream_passes_event_by_event() -> None:
    go_on = trio.Event()

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await go_on.wait()
        await peer.say(b"data: 2\n\n")

    async with proxied(script, timeout=0.05) as (_, server), await connect(server) as stream:
        await stream.send_all(GET)
        await receive_for(stream, b"data: 1\n\n")
        with trio.move_on_after(0.4):  # It may be silent for longer than the timeout.
            await stream.receive_some()
            pytest.fail("nothing was said")
        go_on.set()
        await receive_for(stream, b"data: 2\n\n")


@pytest.mark.parametrize("count", [10, 1000])
async def test_an_answer_that_comes_at_once_is_sent_at_once_unless_it_is_in_many_pieces(count: int) -> None:
    """To take them together held everybody up, for 70 ms at most."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    text = head + b"1\r\nx\r\n" * count + b"0\r\n\r\n"
    async with proxied(answers(text)) as (_, server), httpx.AsyncClient() as client:
        answer = await client.get(server.url)
    assert answer.text == "x" * count
    assert ("content-length" in answer.headers) is (count == 10)


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_a_large_answer_is_whole_however_it_is_framed(framing: str) -> None:
    size, piece = 20_000_000, b"x" * 100_000

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        line = {"length": f"Content-Length: {size}\r\n", "chunked": "Transfer-Encoding: chunked\r\n", "close": ""}
        await peer.say(f"HTTP/1.1 200 OK\r\n{line[framing]}\r\n".encode())
        for _ in range(size // len(piece)):
            await peer.say(b"%x\r\n%s\r\n" % (len(piece), piece) if framing == "chunked" else piece)
        if framing == "chunked":
            await peer.say(b"0\r\nX-Trailer: 1\r\n\r\n")

    async with proxied(script) as (_, server), httpx.AsyncClient() as client:
        answer = await client.get(server.url)
    assert len(answer.content) == size
    assert answer.headers.get("content-length") == (str(size) if framing == "length" else None)


async def test_a_hundred_megabytes_up_and_down_take_no_memory() -> None:
    size = 100_000_000

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        got = len(peer.buffer)
        while got < size:
            got += len(await peer.stream.receive_some(1 << 20))
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 100_000):
            await peer.say(b"x" * 100_000)

    async def upload(stream: trio.SocketStream) -> None:
        await stream.send_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 100_000):
            await stream.send_all(b"y" * 100_000)

    async with proxied(script) as (_, server), await connect(server) as stream:
        received, head = 0, bytearray()
        with Peak() as peak:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(upload, stream)
                while received < size:
                    chunk = await stream.receive_some(1 << 20)
                    assert chunk
                    head += chunk[: 1000 - len(head)]
                    received += len(chunk)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert peak.size < 8 * MIB


async def test_an_upstream_is_read_no_faster_than_the_client_reads() -> None:
    sent = 0
    full = trio.Event()

    async def script(peer: Peer, number: int) -> None:
        nonlocal sent
        await peer.head()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            with trio.move_on_after(0.2) as scope:
                await peer.say(b"x" * 100_000)
                sent += 100_000
            if scope.cancelled_caught:
                full.set()
                return

    async with proxied(script) as (_, server), await connect(server) as stream:
        await stream.send_all(GET)
        await full.wait()
    assert sent < 30_000_000  # What the sockets of this system hold.


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_goes_up_piece_by_piece(chunked: bool) -> None:
    arrived = trio.Event()

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.exactly(len(b"3\r\nabc\r\n") if chunked else 3)
        arrived.set()
        assert await peer.exactly(21 if chunked else 3) == (b"3\r\ndef\r\n0\r\nx-a: 1\r\n\r\n" if chunked else b"def")
        await peer.say(ok(b"got it"))

    framing = "Transfer-Encoding: chunked" if chunked else "Content-Length: 6"
    async with proxied(script) as (there, server), await connect(server) as stream:
        await stream.send_all(request("PUT", "/", framing, "Trailer: X-A") + (b"3\r\nabc\r\n" if chunked else b"abc"))
        await arrived.wait()
        await stream.send_all(b"3\r\ndef\r\n0\r\nX-A: 1\r\n\r\n" if chunked else b"def")
        assert b"got it" in await stream.receive_some()
    name, _, value = framing.partition(": ")
    assert there.lines()[name.lower()] == value
    assert there.lines().get("trailer") == ("X-A" if chunked else None)


async def test_an_error_that_comes_before_the_end_of_the_body_passes_at_once() -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(ok(b"too much", status="413 Content Too Large"))
        await peer.wait_closed()

    async with proxied(script) as (_, server), await connect(server) as stream:
        await stream.send_all(request("PUT", "/", "Content-Length: 100000000") + b"x" * 100)
        received = b""
        while b"too much" not in received:
            received += await stream.receive_some()
        assert received.startswith(b"HTTP/1.1 413 ")
