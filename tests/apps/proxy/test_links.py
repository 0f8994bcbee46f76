"""Connections to the upstream: how they are made, how long they are kept, and what their end says."""

import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio
import trio.testing
import trustme

from corserver.apps.proxy import Proxy

from .upstreams import GET, Peer, ask, ok, proxied, serving, upstream


async def test_an_upstream_that_never_speaks_tls_is_a_504_that_says_so() -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.wait_closed()

    async with upstream(script) as there, serving(Proxy(there.url.replace("http:", "https:"), timeout=0.05)) as server:
        answer = await ask(server, GET)
    assert answer.status == 504
    assert b"it did not answer the handshake of TLS within 0.05 seconds" in answer.body


async def test_what_is_idle_for_some_seconds_is_closed_though_nobody_asks(mock_clock: trio.testing.MockClock) -> None:
    closed = trio.Event()

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(ok())
        await peer.wait_closed()
        closed.set()

    async with proxied(script) as (_, server):
        assert (await ask(server, GET)).status == 200
        seconds = 0
        while not closed.is_set():
            mock_clock.jump(1)
            seconds += 1
            await trio.testing.wait_all_tasks_blocked(0.02)  # It is on its way between two sockets.
        assert 4 <= seconds <= 9


@asynccontextmanager
async def tls_upstream(*, says_goodbye: bool) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """One whose answer ends with its connection, after a close_notify or without one."""
    authority = trustme.CA()
    theirs, ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(theirs)
    authority.configure_trust(ours)

    async def attend(transport: trio.SocketStream) -> None:
        stream = trio.SSLStream(transport, theirs, server_side=True)
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 200 OK\r\n\r\nabc")
        if says_goodbye:
            with contextlib.suppress(trio.BrokenResourceError):  # It need not wait for the other one's.
                await stream.unwrap()
        await transport.aclose()

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, attend, 0, host="127.0.0.1"))
        yield f"https://localhost:{listeners[0].socket.getsockname()[1]}", ours
        nursery.cancel_scope.cancel()


async def test_under_tls_an_answer_ends_with_its_connection_where_the_upstream_says_so() -> None:
    async with tls_upstream(says_goodbye=True) as (url, tls), serving(Proxy(url, ssl_context=tls)) as server:
        assert (await ask(server, GET)).body == b"abc"


async def test_under_tls_an_answer_that_may_have_been_cut_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    async with tls_upstream(says_goodbye=False) as (url, tls), serving(Proxy(url, ssl_context=tls)) as server:
        with pytest.raises(trio.BrokenResourceError):
            await ask(server, GET)
    assert any("it cut the connection" in record.message for record in caplog.records)
