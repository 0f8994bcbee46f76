"""Stopping: idle connections at once, answers under way within the grace, whatever the peers do."""

import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest
import trio
import trio.lowlevel
import trio.testing

from corserver import Limits, Request, Response, Server, serve
from corserver.http.connection import Connection
from corserver.http.exchange import Service
from corserver.http.listeners import open_listeners

from .peer import read_answers, request
from .transcript import recorded

PIECE = 65536
MIB = 1 << 20


@pytest.fixture(params=[True, False], ids=["lobby", "alone"])
def lobby(request: pytest.FixtureRequest) -> bool:
    """Whether connections wait in the lobby, or each for itself."""
    return bool(request.param)


async def test_a_connection_that_is_stopped_finishes_its_answer_and_says_that_it_is_the_last(
    autojump_clock: object,
) -> None:
    async def app(request: Request) -> Response:
        await trio.sleep(5)
        return Response("late")

    ours, theirs = trio.testing.memory_stream_pair()
    connection = Connection(theirs, Service(app=app))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.run)
        await ours.send_all(request("GET", "/") * 2)
        await trio.sleep(1)
        connection.stop()
        received = b"".join([chunk async for chunk in ours])
        await ours.aclose()
    (answer,) = read_answers(received)
    assert (answer.body, answer.get(b"connection")) == (b"late", [b"close"])
    assert trio.current_time() <= 5 + 1


@pytest.mark.parametrize("sent", [b"", request("GET", "/")], ids=["new", "kept"])
async def test_an_idle_connection_that_is_stopped_is_closed_at_once(autojump_clock: object, sent: bytes) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    connection = Connection(theirs, Service(app=forever))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.run)
        await ours.send_all(sent)
        await trio.testing.wait_all_tasks_blocked()
        connection.stop()
        await trio.testing.wait_all_tasks_blocked()
        assert trio.current_time() == 0
        async for _ in ours:
            pass
        assert trio.current_time() == 0
        await ours.aclose()


async def forever(request: Request) -> Response:
    match request.target:
        case "/handler":
            await trio.sleep_forever()
        case "/stubborn":
            while True:
                with trio.move_on_after(0.01):
                    await trio.sleep_forever()
        case "/stream":
            return Response(_endless(0.01))
        case "/flood":
            return Response(_endless(0.0))
        case "/large":
            return Response(b"x" * (64 * MIB))
    return Response(await request.body())


async def _endless(pause: float) -> AsyncIterator[bytes]:
    while True:
        await trio.sleep(pause)
        yield b"x" * PIECE


#: What a peer that never reads and never leaves has sent.
PEERS = {
    "nothing": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost:",
    "half a body": request("POST", "/", "Content-Length: 10") + b"abc",
    "half a chunk": request("POST", "/", "Transfer-Encoding: chunked") + b"ff\r\nabc",
    "a head, and waits for 100": request("POST", "/", "Expect: 100-continue", "Content-Length: 10"),
    "a request that is never answered": request("GET", "/handler"),
    "a request whose handler opens scopes": request("GET", "/stubborn"),
    "a request for a large answer": request("GET", "/large"),
    "a request for a stream without end": request("GET", "/stream"),
    "a request for a flood": request("GET", "/flood"),
    "many requests": request("GET", "/") * 5000,
    "a request that was refused": b"GET / HTTP/1.1\r\n\r\n" + b"x" * 100,
    "a request that is done": request("GET", "/"),
}


#: The requests among them whose handlers, or whose answers, do not end.
STAYING = {"/handler", "/stubborn", "/large", "/stream", "/flood"}
#: Nothing but the grace ends a wait for a peer before `SOON`.
PATIENT = Limits(linger_seconds=60, linger_idle_seconds=60)
SOON = 8.0


async def stopping(stop: Callable[[Server], Awaitable[None]], limits: Limits, lobby: bool) -> float:
    """How long a server needs to stop when all the peers there are hang on to it."""
    seen: set[str] = set()

    async def app(request: Request) -> Response:
        seen.update(STAYING & {request.target})
        return await forever(request)

    with recorded() as records, trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, app, port=0, limits=limits, lobby=lobby))
            streams = [await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port) for _ in PEERS]
            for stream, sent in zip(streams, PEERS.values(), strict=True):
                await stream.send_all(sent)
            while len(seen) < len(STAYING) or server.connections < len(PEERS):
                await trio.lowlevel.checkpoint()
            start = trio.current_time()
            await stop(server)
            await server.wait_stopped()
            elapsed = trio.current_time() - start
    for stream in streams:
        await stream.aclose()
    assert server.connections == 0
    assert records.errors == []
    return elapsed


async def test_no_peer_holds_a_server_that_stops_longer_than_the_grace(lobby: bool) -> None:
    async def stop(server: Server) -> None:
        server.stop()

    elapsed = await stopping(stop, replace(PATIENT, grace_seconds=0.5), lobby)
    assert 0.5 <= elapsed <= SOON


async def test_a_second_stop_is_at_once(lobby: bool) -> None:
    async def stop(server: Server) -> None:
        server.stop(grace=60)
        while server.connections == len(PEERS):
            await trio.lowlevel.checkpoint()
        assert server.connections
        server.stop(grace=0)

    assert await stopping(stop, PATIENT, lobby) <= SOON


async def test_a_later_stop_with_more_patience_does_not_take_the_first_back(lobby: bool) -> None:
    async def stop(server: Server) -> None:
        server.stop(grace=0.2)
        server.stop(grace=60)

    assert await stopping(stop, PATIENT, lobby) <= SOON


async def test_stopping_closes_who_is_idle_at_once_while_others_are_served(lobby: bool) -> None:
    go_on = trio.Event()

    async def app(request: Request) -> Response:
        if request.target == "/slow":
            await go_on.wait()
        return Response("done")

    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(partial(serve, app, port=0, limits=PATIENT, lobby=lobby))
        slow, new, kept = [await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port) for _ in range(3)]
        await slow.send_all(request("GET", "/slow"))
        await kept.send_all(request("GET", "/"))
        assert (await kept.receive_some()).endswith(b"done")
        while server.connections < 3:
            await trio.lowlevel.checkpoint()
        await trio.testing.wait_all_tasks_blocked()
        server.stop(grace=20)
        with trio.fail_after(SOON):
            assert [await new.receive_some(), await kept.receive_some()] == [b"", b""]
            while server.connections > 1:
                await trio.testing.wait_all_tasks_blocked(0.01)
        go_on.set()
        (answer,) = read_answers(b"".join([chunk async for chunk in slow]))
        await slow.aclose()
        assert (answer.body, answer.get(b"connection")) == (b"done", [b"close"])
    for stream in (new, kept):
        await stream.aclose()


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_a_streamed_answer_that_is_cut_off_cannot_be_taken_for_a_whole_one(lobby: bool, version: str) -> None:
    """In HTTP/1.0 its end is that of the connection."""

    async def app(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield b"half"
            await trio.sleep_forever()

        return Response(body())

    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(partial(serve, app, port=0, lobby=lobby))
        async with await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port) as stream:
            await stream.send_all(request("GET", "/", version=version))
            received = b""
            while b"half" not in received:
                received += await stream.receive_some()
            server.stop(grace=0)
            with pytest.raises(trio.BrokenResourceError), trio.fail_after(SOON):
                await stream.receive_some()


def test_ctrl_c_is_a_keyboard_interrupt_as_in_any_other_program() -> None:
    program = """
import functools, signal, trio
from corserver import App, serve

class Press:
    def started(self, server):
        signal.raise_signal(signal.SIGINT)

trio.run(functools.partial(serve, App(), port=0, task_status=Press()))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert ended.stderr.rstrip().endswith("KeyboardInterrupt")
    assert "ExceptionGroup" not in ended.stderr


def test_a_server_that_is_cancelled_as_it_starts_ends(lobby: bool) -> None:
    """In a thread of its own: one that does not end cannot be cancelled."""
    ended: list[bool] = []

    async def app(request: Request) -> Response:
        return Response("never")

    async def main() -> None:
        listeners = await open_listeners("127.0.0.1", 0)
        with trio.CancelScope() as scope:
            scope.cancel()
            await serve(app, listeners=listeners, lobby=lobby)
        ended.append(scope.cancelled_caught and listeners[0].fileno() == -1)

    thread = threading.Thread(target=trio.run, args=(main,), daemon=True)
    thread.start()
    thread.join(10)
    assert ended == [True]
