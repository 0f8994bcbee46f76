"""Pollers, each by itself and below a whole server: epoll, and a kqueue wherever one can be had."""

import contextlib
import functools
import select
import socket
from collections.abc import Callable, Iterator

import pytest
import trio
import trio.testing

from corserver.http.listeners import bound_address, open_listeners
from corserver.http.polling import EpollPoller, KqueuePoller, Poller, open_poller
from corserver.http.server import Server

from .kqueues import openers
from .lobbies import GET, PREFLIGHT, ask, served

MISSING = "no kqueue here, and no library libkqueue: https://github.com/mheily/libkqueue"


@pytest.fixture(params=["epoll", "kqueue"])
def open_(request: pytest.FixtureRequest) -> Callable[[], Poller]:
    if request.param not in openers():
        pytest.skip(MISSING if request.param == "kqueue" else "no epoll here")
    return openers()[request.param]


@pytest.fixture
def poller(open_: Callable[[], Poller]) -> Iterator[Poller]:
    opened = open_()
    yield opened
    opened.close()


@pytest.fixture
def pairs() -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    opened = [socket.socketpair() for _ in range(3)]
    yield opened
    for ours, theirs in opened:
        ours.close()
        theirs.close()


Pairs = list[tuple[socket.socket, socket.socket]]


def test_a_socket_is_ready_as_long_as_it_is_not_read_or_is_at_its_end(poller: Poller, pairs: Pairs) -> None:
    (ours, theirs), (other, _), _ = pairs
    poller.add(ours.fileno())
    poller.add(other.fileno())
    assert not poller.ready(64)
    theirs.send(b"abc")
    for read in (1, 1, 1):
        assert list(poller.ready(64)) == [ours.fileno()]
        ours.recv(read)
    assert not poller.ready(64)
    theirs.close()
    assert list(poller.ready(64)) == [ours.fileno()] == list(poller.ready(64))


def test_who_is_taken_out_is_not_heard_of_and_may_come_back(poller: Poller, pairs: Pairs) -> None:
    (ours, theirs), *_ = pairs
    theirs.send(b"abc")
    for _ in range(3):
        poller.add(ours.fileno())
        assert list(poller.ready(64)) == [ours.fileno()]
        poller.remove(ours.fileno())
        assert not poller.ready(64)
    with pytest.raises(FileNotFoundError):
        poller.remove(ours.fileno())


def test_who_is_turned_to_sending_is_heard_of_while_there_is_room_and_not_of_what_arrives(
    poller: Poller, pairs: Pairs
) -> None:
    (ours, theirs), *_ = pairs
    ours.setblocking(False)
    poller.add(ours.fileno())
    for _ in range(2):
        poller.turn_to_sending(ours.fileno())
        assert list(poller.ready(64)) == [ours.fileno()] == list(poller.ready(64))
        with contextlib.suppress(BlockingIOError):
            while True:
                ours.send(bytes(65536))
        theirs.send(b"abc")
        assert not poller.ready(64)
        poller.turn_to_receiving(ours.fileno())
        assert list(poller.ready(64)) == [ours.fileno()]
        ours.recv(3)
        assert not poller.ready(64)
        theirs.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            while True:
                theirs.recv(2**20)
    poller.remove(ours.fileno())


def test_at_most_so_many_are_given_at_once(poller: Poller, pairs: Pairs) -> None:
    for ours, theirs in pairs:
        poller.add(ours.fileno())
        theirs.send(b"abc")
    assert len(poller.ready(2)) == 2
    assert set(poller.ready(64)) == {ours.fileno() for ours, _ in pairs}


async def test_the_set_is_readable_while_a_socket_of_it_is(poller: Poller, pairs: Pairs) -> None:
    (ours, theirs), *_ = pairs
    poller.add(ours.fileno())
    with trio.move_on_after(0.01) as waited:
        await trio.lowlevel.wait_readable(poller.fileno())
    assert waited.cancelled_caught
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.lowlevel.wait_readable, poller.fileno())
            await trio.testing.wait_all_tasks_blocked()
            theirs.send(b"abc")
    assert list(poller.ready(64)) == [ours.fileno()]


async def test_a_server_serves_over_it(open_: Callable[[], Poller]) -> None:
    listeners = await open_listeners("127.0.0.1", 0)
    address = bound_address(listeners[0], "http")
    server = Server(served(), (address,), open_poller=open_)
    async with trio.open_nursery() as nursery:
        await nursery.start(functools.partial(server._run, listeners))
        clients = [await trio.open_tcp_stream("127.0.0.1", address.port) for _ in range(20)]
        for _ in range(3):
            for client in clients:
                assert (await ask(client, PREFLIGHT)).status == 204
                assert (await ask(client, GET)).body == b"hello"
        await clients[0].aclose()
        server.stop()
        for client in clients[1:]:
            assert await client.receive_some() == b""
            await client.aclose()
    assert server.connections == 0


def test_the_system_s_own_is_opened() -> None:
    opened = open_poller()
    kinds = [kind for name, kind in (("epoll", EpollPoller), ("kqueue", KqueuePoller)) if hasattr(select, name)]
    assert type(opened) is (kinds[0] if kinds else type(None))
    if opened is not None:
        opened.close()
