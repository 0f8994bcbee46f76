"""The load: every answer counted once, errors by kind, and latency from the planned time."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest
import trio
import trio.lowlevel

from corserver.tools.bench.client import Client
from corserver.tools.bench.plan import Plan
from corserver.tools.bench.result import Share

REQUEST = b"OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n"
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
CLOSING = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
Handler = Callable[[trio.SocketStream], Awaitable[None]]


@contextlib.asynccontextmanager
async def peer(handler: Handler) -> AsyncIterator[int]:
    async def guarded(stream: trio.SocketStream) -> None:
        with contextlib.suppress(trio.BrokenResourceError):
            await handler(stream)

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(trio.serve_listeners, guarded, listeners))
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


def answering(*answers: bytes) -> Handler:
    """A peer that gives these answers in turn on each connection, then closes it; the last is for ever if alone."""

    async def handler(stream: trio.SocketStream) -> None:
        given = 0
        async for data in stream:
            for _ in range(bytes(data).count(b"\r\n\r\n")):
                answer = answers[0] if len(answers) == 1 else answers[given]
                given += 1
                await stream.send_all(answer)
                if b"close" in answer or given == len(answers) > 1:
                    return

    return handler


async def load(handler: Handler, kind: type[Client] = Client, **options: object) -> Share:
    async with peer(handler) as port:
        given: dict[str, object] = {"connections": 3, "requests": 30, "duration": 30.0, **options}
        client = kind(Plan(host="127.0.0.1", port=port, request=REQUEST, **given))  # type: ignore[arg-type]
        await client.open()
        return await client.run()


@pytest.mark.parametrize("answer", [ANSWER, CLOSING, b"HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n"])
@pytest.mark.parametrize("reconnects", [False, True])
@pytest.mark.parametrize("rate", [None, 2000.0])
async def test_every_answer_counts_once(answer: bytes, reconnects: bool, rate: float | None) -> None:
    share = await load(answering(answer), reconnects=reconnects, rate=rate)
    assert (share.statuses, share.errors, sum(share.latencies.values())) == ({204: 30}, {}, 30)
    assert share.planned == 30


async def test_an_answer_in_pieces_counts_once() -> None:
    async def handler(stream: trio.SocketStream) -> None:
        async for _ in stream:
            for piece in (ANSWER[:5], ANSWER[5:]):
                await stream.send_all(piece)
                await trio.lowlevel.checkpoint()

    share = await load(handler)
    assert (share.statuses, share.errors) == ({204: 30}, {})


class Hasty(Client):
    """A client that must not wait for answers while a connection has nothing to wait for."""

    def _look(self, seconds: float = 0.0) -> int:
        assert not seconds or self._busy == len(self._links) or self._is_sent_up
        return super()._look(seconds)


@pytest.mark.parametrize("connections", [1, 3])
async def test_no_connection_is_idle_while_the_client_waits(connections: int) -> None:
    async def handler(stream: trio.SocketStream) -> None:
        async for _ in stream:
            for piece in (ANSWER[:5], ANSWER[5:]):
                await stream.send_all(piece)
                await trio.lowlevel.checkpoint()

    share = await load(handler, Hasty, connections=connections)
    assert (share.statuses, share.errors) == ({204: 30}, {})


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (answering(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), "status 500"),
        (answering(b"nonsense\r\n\r\n"), "an answer begins with b'nonsense"),
        (answering(ANSWER + ANSWER), "more came than was asked for"),
    ],
)
async def test_errors_are_counted_by_kind(handler: Handler, kind: str) -> None:
    share = await load(handler)
    (found,) = share.errors
    assert found.startswith(kind)
    assert sum(share.errors.values()) == 30
    assert share.latencies == {}


async def test_a_connection_that_the_server_ends_while_idle_is_no_error() -> None:
    share = await load(answering(CLOSING), connections=1, requests=5)
    assert (share.statuses, share.errors) == ({204: 5}, {})


async def test_latency_counts_from_the_planned_time() -> None:
    # One connection, whose first answer is held back: those planned meanwhile were late, and have to say so.
    is_first = True

    async def handler(stream: trio.SocketStream) -> None:
        nonlocal is_first
        async for _ in stream:
            if is_first:
                is_first = False
                await trio.sleep(0.1)
            await stream.send_all(ANSWER)

    share = await load(handler, connections=1, requests=20, rate=200.0)
    # Planned 5 ms apart: behind a stall of 100 ms, the k-th waits for at least 100 - 5 k.
    assert sum(count for microseconds, count in share.latencies.items() if microseconds >= 50_000) >= 10


async def test_it_ends_when_its_time_is_over() -> None:
    share = await load(answering(ANSWER), requests=None, duration=0.05)
    assert share.elapsed == pytest.approx(0.05, abs=0.5)
    assert share.errors == {}
