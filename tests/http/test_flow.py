"""What flows: as fast as the other side takes it and no faster, in flat memory.

Memory streams whose sender waits for its receiver stand for a network without buffers, in virtual time; a pair of real
sockets shows that it holds there, too.
"""

import contextlib
import socket
import tracemalloc
from collections.abc import AsyncIterator, Callable

import pytest
import trio
import trio.testing

from corserver import Limits, Request, Response
from corserver.http.connection import Connection
from corserver.http.exchange import Service

from .peer import read_answers, request
from .transcript import WatchedStream, recorded

PIECE = 65536
MIB = 1 << 20
#: How far one side may be ahead of the other: a few pieces, and what a socket holds.
AHEAD = 8 * PIECE

Pair = tuple[trio.abc.HalfCloseableStream, trio.abc.HalfCloseableStream]


def lockstep() -> Pair:
    return trio.testing.lockstep_stream_pair()


def sockets() -> Pair:
    ends = socket.socketpair()
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, PIECE)
    ours, theirs = (trio.SocketStream(trio.socket.from_stdlib_socket(end)) for end in ends)
    return ours, theirs


class Flow:
    """An app that sends or takes many pieces, and counts them."""

    def __init__(self, size: int = 0) -> None:
        self.size = size
        self.sent = 0
        self.taken = 0
        self.closed = 0

    async def __call__(self, request: Request) -> Response:
        if request.target == "/down":
            return Response(self._pieces())
        if request.target == "/echo":
            return Response(request.stream())
        async for chunk in request.stream():
            self.taken += len(chunk)
        return Response(str(self.taken))

    async def _pieces(self) -> AsyncIterator[bytes]:
        try:
            while self.sent < self.size:
                self.sent += PIECE
                yield b"x" * PIECE
        finally:
            self.closed += 1


class Peak:
    """The most memory that was in use at once beyond what was at the start, measured inside the block."""

    def __enter__(self) -> "Peak":
        tracemalloc.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()


# ---------------------------------------------------------------------------------------------------- down and up


@pytest.mark.parametrize("pair", [lockstep, sockets])
async def test_a_stream_down_is_never_far_ahead_of_who_reads_it(pair: Callable[[], Pair]) -> None:
    app, received, most = Flow(100 * MIB), 0, 0
    ours, theirs = pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, Service(app=app)).run)
        await ours.send_all(request("GET", "/down", "Connection: close"))
        while chunk := await ours.receive_some(PIECE):
            received += len(chunk)
            most = max(most, app.sent - received)
            if received < MIB:
                await trio.testing.wait_all_tasks_blocked()  # Slower than the server at first, then as fast as it.
        await ours.aclose()
    assert received > app.sent == 100 * MIB
    assert most <= AHEAD
    assert app.closed == 1


@pytest.mark.parametrize("coding", ["length", "chunked"])
@pytest.mark.parametrize("pair", [lockstep, sockets])
async def test_a_stream_up_is_taken_in_flat_memory(pair: Callable[[], Pair], coding: str) -> None:
    size, app = 32 * MIB, Flow()
    framing = f"Content-Length: {size}" if coding == "length" else "Transfer-Encoding: chunked"
    piece = b"x" * PIECE
    framed = piece if coding == "length" else b"%x\r\n%b\r\n" % (PIECE, piece)
    ours, theirs = pair()

    async def send() -> None:
        await ours.send_all(request("POST", "/", framing, "Connection: close"))
        for _ in range(size // PIECE):
            await ours.send_all(framed)
        await ours.send_all(b"" if coding == "length" else b"0\r\n\r\n")

    received = b""
    with Peak() as peak:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Connection(theirs, Service(app=app, limits=Limits(body=None))).run)
            nursery.start_soon(send)
            while chunk := await ours.receive_some():
                received += chunk
            await ours.aclose()
    (answer,) = read_answers(received)
    assert (answer.status, answer.body) == (200, str(size).encode())
    assert peak.size < 2 * MIB


async def test_a_handler_that_reads_slowly_slows_the_sender_down(autojump_clock: object) -> None:
    taken, sent, most = 0, 0, 0

    async def app(request: Request) -> Response:
        nonlocal taken
        async for chunk in request.stream():
            taken += len(chunk)
            await trio.sleep(1)
        return Response("done")

    ours, theirs = trio.testing.lockstep_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, Service(app=app, limits=Limits(body=None))).run)
        await ours.send_all(request("POST", "/", f"Content-Length: {100 * PIECE}", "Connection: close"))
        for _ in range(100):
            await ours.send_all(b"x" * PIECE)
            sent += PIECE
            most = max(most, sent - taken)
        assert (await ours.receive_some()).startswith(b"HTTP/1.1 200 ")
        await ours.aclose()
    assert most <= AHEAD


@pytest.mark.parametrize("coding", ["length", "chunked"])
async def test_a_body_is_echoed_while_it_comes_in(autojump_clock: object, coding: str) -> None:
    size, app = 64 * PIECE, Flow()
    framing = f"Content-Length: {size}" if coding == "length" else "Transfer-Encoding: chunked"
    piece = b"x" * PIECE if coding == "length" else b"%x\r\n%b\r\n" % (PIECE, b"x" * PIECE)
    ours, theirs = trio.testing.lockstep_stream_pair()
    received = bytearray()

    async def send() -> None:
        await ours.send_all(request("POST", "/echo", framing, "Connection: close"))
        for _ in range(64):
            await ours.send_all(piece)
        await ours.send_all(b"" if coding == "length" else b"0\r\n\r\n")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, Service(app=app)).run)
        nursery.start_soon(send)
        while chunk := await ours.receive_some():
            received += chunk
        await ours.aclose()
    (answer,) = read_answers(bytes(received))
    assert (answer.status, len(answer.body)) == (200, size)


# ------------------------------------------------------------------------------------------- peers that do not read


async def whole_early(request: Request) -> Response:
    return Response(b"x" * 200_000, 403)


async def streamed_early(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 10_000

    return Response(pieces(), 403)


@pytest.mark.parametrize("app", [whole_early, streamed_early])
@pytest.mark.parametrize("coding", ["length", "chunked"])
async def test_a_peer_that_writes_all_before_it_reads_gets_an_early_answer_whole(
    autojump_clock: object, app: object, coding: str
) -> None:
    size = 8 * MIB
    framing = f"Content-Length: {size}" if coding == "length" else "Transfer-Encoding: chunked"
    body = b"x" * size if coding == "length" else b"%x\r\n%b\r\n0\r\n\r\n" % (size, b"x" * size)
    ours, theirs = trio.testing.lockstep_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, Service(app=app)).run)  # type: ignore[arg-type]
        await ours.send_all(request("POST", "/", framing) + body)
        received = b"".join([chunk async for chunk in ours])
        await ours.aclose()
    (answer,) = read_answers(received)
    assert (answer.status, len(answer.body), answer.get(b"connection")) == (403, 200_000, [b"close"])


@pytest.mark.parametrize("target", ["/", "/down"])
async def test_pipelined_requests_that_are_never_read_are_not_taken_in(autojump_clock: object, target: str) -> None:
    ours, inner = trio.testing.lockstep_stream_pair()
    theirs = WatchedStream(inner)
    data = request("GET", target) * (10 * MIB // len(request("GET", target)))

    async def send() -> None:
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            for start in range(0, len(data), PIECE):
                await ours.send_all(data[start : start + PIECE])
            raise AssertionError("all was taken")

    with recorded() as records:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Connection(theirs, Service(app=Flow(10 * MIB))).run)
            nursery.start_soon(send)
    assert theirs.taken <= AHEAD
    assert theirs.closed
    assert 60 <= trio.current_time() <= 75, "it is let go when it took nothing for the write deadline"
    assert records.errors == []


async def test_pipelined_requests_are_all_answered_to_who_reads(autojump_clock: object) -> None:
    count = 1500
    ours, theirs = trio.testing.lockstep_stream_pair()
    data = request("GET", "/") * (count - 1) + request("GET", "/", "Connection: close")
    received = bytearray()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, Service(app=Flow(), limits=Limits(requests=None))).run)
        nursery.start_soon(ours.send_all, data)
        while chunk := await ours.receive_some():
            received += chunk
        await ours.aclose()
    assert bytes(received).count(b"HTTP/1.1 200 OK\r\n") == count


async def test_an_event_stream_that_is_silent_is_not_let_go(autojump_clock: object) -> None:
    async def ticks() -> AsyncIterator[bytes]:
        for _ in range(3):
            await trio.sleep(3600)
            yield b"tick"

    async def app(request: Request) -> Response:
        return Response(ticks())

    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, Service(app=app)).run)
        await ours.send_all(request("GET", "/", "Connection: close"))
        received = b"".join([chunk async for chunk in ours])
        await ours.aclose()
    assert read_answers(received)[0].body == b"tick" * 3
