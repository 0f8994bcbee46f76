"""Both directions at once: an answer that begins before the request's body is whole."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from corserver import Limits, Server
from corserver.apps.proxy import Proxy
from tests.http.lobbies import until
from tests.http.peer import request

from .test_interim import receive_to
from .upstreams import SITE, Peer, Script, connect, ok, serving, upstream

UP = request("POST", "/", f"Origin: {SITE}", "Transfer-Encoding: chunked")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def in_duplex(script: Script, **options: float) -> AsyncIterator[tuple[Server, trio.SocketStream]]:
    """A proxy that drops what nobody reads at once, and a connection to it."""
    async with (
        upstream(script) as there,
        serving(Proxy(there.url, **options), limits=Limits(body=None, linger_idle_seconds=0.05)) as server,  # type: ignore[arg-type]
        await connect(server) as stream,
    ):
        yield server, stream


async def chunk_of(peer: Peer) -> bytes:
    """The next chunk as it is framed; empty at the end of the body."""
    line = bytearray()
    while not line.endswith(b"\r\n"):
        line += await peer.exactly(1)
    return await peer.exactly(int(line, 16) + 2)


async def echo(peer: Peer, number: int) -> None:
    """Answer each chunk when it comes, and take the next request then."""
    while await peer.head():
        await peer.say(CHUNKED)
        while (chunk := await chunk_of(peer)) != b"\r\n":
            await peer.say(b"%x\r\n%s" % (len(chunk) - 2, chunk))
        await peer.say(b"0\r\n\r\n")


async def test_an_echo_comes_back_chunk_by_chunk() -> None:
    async with in_duplex(echo) as (_, stream):
        await stream.send_all(UP)
        head = await receive_to(stream, b"\r\n\r\n")
        assert f"access-control-allow-origin: {SITE}".encode() in head.lower()
        for number in range(20):
            await stream.send_all(b"6\r\npiece%d\r\n" % (number % 10))
            await receive_to(stream, b"piece%d\r\n" % (number % 10))
        await stream.send_all(b"0\r\n\r\n")
        assert (await receive_to(stream, b"0\r\n\r\n")).endswith(b"0\r\n\r\n")


async def test_a_client_that_reads_slowly_loses_nothing_of_an_echo() -> None:
    size, piece = 30_000_000, b"x" * 60_000

    async with in_duplex(echo) as (_, stream), trio.open_nursery() as nursery:

        async def send() -> None:
            await stream.send_all(UP)
            for _ in range(size // len(piece)):
                await stream.send_all(b"%x\r\n%s\r\n" % (len(piece), piece))
            await stream.send_all(b"0\r\n\r\n")

        nursery.start_soon(send)
        await trio.testing.wait_all_tasks_blocked(0.15)  # Longer than what nobody reads would be kept.
        head = await receive_to(stream, b"\r\n\r\n")
        count, end = head.partition(b"\r\n\r\n")[2].count(b"x"), b""
        while not end.endswith(b"0\r\n\r\n"):
            data = await stream.receive_some(1 << 16)
            assert data
            count += data.count(b"x")
            end = (end + data)[-10:]
    assert count == size


async def test_an_early_413_that_closes_passes_and_ends_the_upload() -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(ok(b"too much", "Connection: close", status="413 Content Too Large"))

    async with in_duplex(script) as (_, stream):
        await stream.send_all(UP + b"3\r\nabc\r\n")
        received = await receive_to(stream, b"too much")
        assert received.startswith(b"HTTP/1.1 413 ")
        assert b"\r\nConnection: close\r\n" in received
        assert not [chunk async for chunk in stream]


async def test_an_error_that_comes_with_the_end_of_the_body_leaves_no_half_of_a_request_behind() -> None:
    """Which of the two is seen first is left to chance: it is tried a few times."""
    uploading: list[Peer] = []

    async def script(peer: Peer, number: int) -> None:
        while head := await peer.head():
            if head.startswith(b"GET"):
                await peer.say(ok(b"fine"))
                continue
            await chunk_of(peer)
            uploading.append(peer)
            try:
                assert await peer.exactly(5) == b"0\r\n\r\n"
            except (AssertionError, trio.BrokenResourceError):
                assert not peer.buffer, "what follows is not of the same request"
                return

    async with in_duplex(script) as (server, _):
        for _ in range(20):
            async with await connect(server) as stream:
                await stream.send_all(UP + b"1\r\na\r\n")
                await until(lambda: uploading)
                os.write(uploading.pop().stream.socket.fileno(), ok(b"no", status="413 Content Too Large"))
                os.write(stream.socket.fileno(), b"0\r\n\r\n")
                await receive_to(stream, b"no")
            async with await connect(server) as stream:
                await stream.send_all(request("GET", "/"))
                await receive_to(stream, b"fine")


@pytest.mark.parametrize("closes", [False, True])
async def test_an_early_answer_of_an_upstream_that_reads_on_does_not_end_the_upload(closes: bool) -> None:
    got = bytearray()
    done = trio.Event()

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(ok(b"accepted", *(["Connection: close"] if closes else []), status="202 Accepted"))
        while (chunk := await chunk_of(peer)) != b"\r\n":
            got.extend(chunk[:-2])
        done.set()

    async with in_duplex(script) as (_, stream):
        await stream.send_all(UP + b"3\r\nabc\r\n")
        assert (await receive_to(stream, b"accepted")).startswith(b"HTTP/1.1 202 ")
        for _ in range(3):
            await stream.send_all(b"3\r\ndef\r\n")
        await stream.send_all(b"0\r\n\r\n")
        with trio.fail_after(5):
            await done.wait()
        assert not [chunk async for chunk in stream]
    assert got == b"abcdefdefdef"


async def test_an_early_answer_of_an_upstream_that_then_leaves_is_whole_nevertheless() -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(ok(b"enough", "Connection: close"))

    async with in_duplex(script) as (_, stream):
        await stream.send_all(UP + b"3\r\nabc\r\n")
        received = await receive_to(stream, b"enough")
        assert received.startswith(b"HTTP/1.1 200 ")
        async with trio.open_nursery() as nursery:

            async def send() -> None:
                while True:
                    await stream.send_all(b"3\r\ndef\r\n")

            nursery.start_soon(send)
            with trio.fail_after(5):
                assert not await stream.receive_some()
            nursery.cancel_scope.cancel()


def begins_until_left(left: trio.Event) -> Script:
    """An upstream that begins its answer early, and notes when it has been left."""

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(CHUNKED + b"3\r\nabc\r\n")
        await peer.wait_closed()
        left.set()

    return script


async def test_a_client_that_leaves_in_the_middle_takes_its_request_with_it() -> None:
    left = trio.Event()

    async with in_duplex(begins_until_left(left)) as (server, stream):
        await stream.send_all(UP + b"3\r\nabc\r\n")
        await receive_to(stream, b"abc")
        await stream.aclose()
        with trio.fail_after(5):
            await left.wait()
            while server.connections:
                await trio.testing.wait_all_tasks_blocked(0.001)


async def test_a_malformed_rest_of_the_body_cuts_both_sides() -> None:
    left = trio.Event()

    async with in_duplex(begins_until_left(left)) as (_, stream):
        await stream.send_all(UP + b"3\r\nabc\r\n")
        await receive_to(stream, b"abc")
        await stream.send_all(b"xyz\r\n")
        with trio.fail_after(5):
            await left.wait()
            with pytest.raises(trio.BrokenResourceError):
                await stream.receive_some()


async def test_silence_counts_once_the_body_is_up() -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(CHUNKED + b"3\r\nabc\r\n")
        await peer.wait_closed()

    async with in_duplex(script, timeout=0.1) as (_, stream):
        await stream.send_all(UP + b"3\r\nabc\r\n")
        await receive_to(stream, b"abc")
        with trio.move_on_after(0.2) as scope:
            await stream.receive_some()
        assert scope.cancelled_caught, "the client may take its time"
        await stream.send_all(b"0\r\n\r\n")
        with trio.fail_after(5), pytest.raises(trio.BrokenResourceError):
            await stream.receive_some()
