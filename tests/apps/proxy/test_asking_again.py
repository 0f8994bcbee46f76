"""Connections to an upstream that are closed at the wrong moment: what is asked again, and what never."""

from functools import partial

import trio

from corserver import serve
from corserver.apps.proxy import Proxy
from tests.http.peer import request
from tests.ports import reserved_ports

from .upstreams import GET, POLICY, Peer, answers, ask, ok, proxied


async def closing_scripts(peer: Peer, number: int) -> None:
    """The first connection answers once, and closes when it is asked again."""
    await peer.head()
    await peer.say(ok(b"%d" % number))
    await peer.head()
    if number:
        await peer.say(ok(b"again %d" % number))


async def test_a_get_on_a_connection_that_is_closed_at_that_moment_is_asked_again() -> None:
    async with proxied(closing_scripts) as (there, server):
        assert (await ask(server, GET)).body == b"0"
        assert (await ask(server, GET)).body == b"1"
    assert len(there.heads) == 3


async def test_what_may_have_done_something_is_not_asked_again() -> None:
    async with proxied(closing_scripts) as (there, server):
        assert (await ask(server, GET)).body == b"0"
        assert (await ask(server, request("POST", "/"))).status == 502
    assert len(there.heads) == 2


async def test_a_connection_that_was_closed_meanwhile_is_not_used_at_all() -> None:
    async with proxied(answers(ok(b"once"))) as (there, server):
        for _ in range(3):
            assert (await ask(server, request("POST", "/"))).status == 200
    assert len(there.heads) == 3


async def test_what_comes_after_an_answer_is_nobodys_answer() -> None:
    async with proxied(answers(ok(b"one") + ok(b"smuggled"), b"")) as (there, server):
        assert (await ask(server, GET)).body == b"one"
        assert (await ask(server, GET)).body == b"one"
    assert len(there.heads) == 2


async def test_a_loop_ends() -> None:
    with reserved_ports(1) as [port]:
        async with trio.open_nursery() as nursery:
            proxy = Proxy(f"http://127.0.0.1:{port}")
            server = await nursery.start(partial(serve, proxy, port=port, cors=POLICY))
            answer = await ask(server, GET)
            nursery.cancel_scope.cancel()
    assert answer.status == 508
    assert len(answer.get(b"via")) == 1
