"""How many connections a server has: the cap, and what happens beyond it."""

import socket
from functools import partial

import pytest
import trio
import trio.testing

from corserver import Limits, Policy, Server, serve
from corserver.http.listeners import Room, accept, open_listeners

from .peer import read_answers, request
from .serving import SITE, fetch, hello


@pytest.fixture(params=[True, False], ids=["lobby", "alone"])
def lobby(request: pytest.FixtureRequest) -> bool:
    """Whether connections wait in the lobby, or each for itself."""
    return bool(request.param)


async def test_beyond_the_cap_nothing_is_accepted_until_there_is_room() -> None:
    (listener,) = await open_listeners("127.0.0.1", 0)
    room = Room(1)
    clients = [await trio.open_tcp_stream(*listener.getsockname()) for _ in range(2)]
    accepted: list[socket.socket] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(accept, listener, room, lambda sock, client: accepted.append(sock))
        while not accepted:
            await trio.testing.wait_all_tasks_blocked()
        await trio.testing.wait_all_tasks_blocked()
        assert len(accepted) == 1
        room.give()
        while len(accepted) < 2:
            await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert not room.take()
    for stream in clients:
        await stream.aclose()
    for sock in (*accepted, listener):
        sock.close()


async def test_every_listener_that_waits_for_a_place_goes_on_once_there_are_some() -> None:
    room, went_on = Room(0), []

    async def wait(number: int) -> None:
        await room.wait()
        went_on.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(3):
            nursery.start_soon(wait, number)
        await trio.testing.wait_all_tasks_blocked()
        room.give()
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert sorted(went_on) == [0, 1, 2]


async def test_a_closed_connection_gives_its_place_back(lobby: bool) -> None:
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(
            lambda task_status: serve(hello, port=0, limits=Limits(connections=1), lobby=lobby, task_status=task_status)
        )
        for _ in range(3):
            assert read_answers(await fetch(server, request("GET", "/")))[0].body == b"hello"
        nursery.cancel_scope.cancel()


async def test_beyond_so_many_connections_requests_are_refused_until_one_leaves(lobby: bool) -> None:
    start = partial(serve, hello, port=0, cors=Policy([SITE], ["PUT"]), limits=Limits(concurrency=1), lobby=lobby)
    preflight = request("OPTIONS", "/", f"Origin: {SITE}", "Access-Control-Request-Method: PUT")
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(start)
            async with await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port) as idle:
                await idle.send_all(request("GET", "/"))
                assert (await idle.receive_some()).endswith(b"hello")
                answers = read_answers(
                    await fetch(server, preflight + request("GET", "/", f"Origin: {SITE}"), end=False)
                )
            while server.connections:
                await trio.testing.wait_all_tasks_blocked()
            (last,) = read_answers(await fetch(server, request("GET", "/")))
            server.stop()
    assert [answer.status for answer in answers] == [204, 503]
    assert answers[1].get(b"connection") == [b"close"]
    assert [answer.get(b"access-control-allow-origin") for answer in answers] == 2 * [[SITE.encode()]]
    assert last.body == b"hello"
