"""Another protocol through the proxy: which ones, both ways, to its end, and the server's end."""

import ssl
from functools import partial

import pytest
import trio
import trustme

from corserver import Limits, serve
from corserver.apps.proxy import Proxy
from tests.http.peer import request

from .upstreams import Peer, connect, ok, proxied, serving, upstream

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n"


def upgrade(*protocols: str) -> bytes:
    return request("GET", "/", "Connection: Upgrade", *(f"Upgrade: {protocol}" for protocol in protocols))


async def head_of(stream: trio.abc.Stream) -> bytes:
    received = bytearray()
    while not received.endswith(b"\r\n\r\n"):
        received += await stream.receive_some(1) or pytest.fail(f"it ended: {bytes(received)!r}")
    return bytes(received)


@pytest.mark.parametrize(
    ("asked", "passed"),
    [
        (("websocket",), "websocket"),
        (("tcp",), "tcp"),
        (("h2c",), None),
        (("HTTP/3",), None),
        (("websocket, h2c",), None),
        (("websocket", "tcp"), None),
    ],
)
async def test_one_protocol_is_asked_for_and_no_other_http(asked: tuple[str, ...], passed: str | None) -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(ok())

    async with proxied(script) as (there, server), await connect(server) as stream:
        await stream.send_all(upgrade(*asked))
        assert b" 200 " in await head_of(stream)
    assert there.lines().get("upgrade") == passed


@pytest.mark.parametrize(("answered", "status"), [(b"tcp", b"101"), (b"TCP", b"101"), (b"websocket", b"502")])
async def test_the_upstream_may_change_to_what_was_asked_for_alone(answered: bytes, status: bytes) -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(SWITCH % answered)
        await peer.wait_closed()

    async with proxied(script) as (_, server), await connect(server) as stream:
        await stream.send_all(upgrade("tcp"))
        assert (await head_of(stream)).split(b" ")[1] == status


async def test_it_ends_when_the_server_stops() -> None:
    closed = trio.Event()

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(SWITCH % b"tcp")
        await peer.wait_closed()
        closed.set()

    async with upstream(script) as there, serving(Proxy(there.url), limits=Limits(grace_seconds=60)) as server:
        async with await connect(server) as stream:
            await stream.send_all(upgrade("tcp"))
            await head_of(stream)
            server.stop()
            assert await stream.receive_some() == b""
        with trio.fail_after(20):
            await closed.wait()
            await server.wait_stopped()


async def test_it_ends_when_the_upstream_takes_nothing() -> None:
    over = trio.Event()

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(SWITCH % b"tcp")
        await over.wait()

    async with proxied(script, timeout=0.1) as (_, server), await connect(server) as stream:
        await stream.send_all(upgrade("tcp"))
        await head_of(stream)
        async with trio.open_nursery() as nursery:
            # Nobody reads from the client while that is under way, so that nobody would see it leave.
            nursery.start_soon(stream.send_all, bytes(64 * 1024 * 1024))
            with trio.fail_after(20):
                assert await stream.receive_some() == b""
            nursery.cancel_scope.cancel()
        over.set()


async def test_the_end_of_the_upstream_reaches_a_client_with_tls() -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(SWITCH % b"tcp")

    authority = trustme.CA()
    ours, theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    authority.configure_trust(theirs)
    async with upstream(script) as there, trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve, Proxy(there.url), port=0, ssl_context=ours))
        stream = await trio.open_ssl_over_tcp_stream(
            "127.0.0.1", server.addresses[0].port, ssl_context=theirs, https_compatible=True
        )
        with trio.fail_after(10):
            await stream.send_all(upgrade("tcp"))
            await head_of(stream)
            assert await stream.receive_some() == b""
        await trio.aclose_forcefully(stream)
        nursery.cancel_scope.cancel()
