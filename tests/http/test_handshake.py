"""TLS on accepted connections: handshakes that fail, and how an encrypted connection ends."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing
import trustme

from corserver import Limits, Request, Response, Server, serve
from corserver.http.body import PeerLeft
from corserver.http.handshake import secured
from corserver.http.messages import App

from .peer import read_answers, request
from .serving import hello

#: Nothing in these tests is to wait for it.
LONG = 600.0


@asynccontextmanager
async def encrypted(
    app: App = hello, verify: ssl.VerifyMode = ssl.CERT_NONE, idle: float = LONG
) -> AsyncIterator[tuple[Server, ssl.SSLContext]]:
    """A server, and the context of a client that trusts it and has no certificate."""
    authority = trustme.CA()
    ours, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(ours)
    for context in (ours, theirs):
        authority.configure_trust(context)
    ours.verify_mode = verify
    limits = Limits(handshake_seconds=LONG, grace_seconds=LONG, idle_seconds=idle)
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(
                lambda task_status: serve(app, port=0, ssl_context=ours, limits=limits, task_status=task_status)
            )
            yield server, theirs
            nursery.cancel_scope.cancel()


async def connect(server: Server) -> trio.SocketStream:
    return await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "DELETE", "CONNECT", "X"])
@pytest.mark.parametrize("has_left", [True, False])
async def test_who_speaks_http_is_told_so_if_it_is_there_still(has_left: bool, method: str) -> None:
    """A client that is gone when it is to be told must not end the server."""
    client, stream = trio.testing.memory_stream_pair()
    await client.send_all(request(method, "/"))
    if has_left:
        client.receive_stream.close()
    limits = Limits(linger_seconds=0, linger_idle_seconds=0)
    with pytest.raises(PeerLeft):
        await secured(stream, ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), limits)
    if not has_left:
        await stream.aclose()
        assert (await client.receive_some()).startswith(b"HTTP/1.1 400 Bad Request\r\n")


async def test_who_has_no_certificate_where_one_is_needed_is_told_so() -> None:
    async with encrypted(verify=ssl.CERT_REQUIRED) as (server, trusting):
        stream = trio.SSLStream(await connect(server), trusting, server_hostname="localhost")
        await stream.do_handshake()
        with pytest.raises(trio.BrokenResourceError) as raised:
            await stream.receive_some()
        assert "ALERT" in str(raised.value.__cause__)
        await trio.aclose_forcefully(stream)


async def test_a_slow_handshake_takes_nothing_of_the_time_for_the_first_head(autojump_clock: object) -> None:
    authority = trustme.CA()
    ours, theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(ours)
    authority.configure_trust(theirs)
    client, stream = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:

        async def shake_late() -> None:
            await trio.sleep(6)
            await trio.SSLStream(client, theirs, server_hostname="localhost").do_handshake()

        nursery.start_soon(shake_late)
        transport = await secured(stream, ours, Limits())
        assert transport.since == trio.current_time() >= 6


async def test_an_early_answer_is_read_whole_by_who_sends_its_body_first() -> None:
    async def refusing(request: Request) -> Response:
        return Response("no", 413)

    async with encrypted(refusing) as (server, trusting):
        stream = trio.SSLStream(await connect(server), trusting, server_hostname="localhost")
        async with stream:
            await stream.send_all(request("POST", "/", "Content-Length: 8000000") + b"y" * 8_000_000)
            (answer,) = read_answers(b"".join([chunk async for chunk in stream]))
        assert (answer.status, answer.body) == (413, b"no")


async def test_a_handshake_does_not_hold_up_the_stop() -> None:
    async with encrypted() as (server, _), await connect(server):
        while not server.connections:
            await trio.testing.wait_all_tasks_blocked()
        server.stop()
        await server.wait_stopped()


@pytest.mark.parametrize("stops", [False, True])
async def test_who_asks_nothing_more_is_told_that_the_connection_ends(stops: bool) -> None:
    async with encrypted(idle=LONG if stops else 0.1) as (server, trusting):
        stream = trio.SSLStream(await connect(server), trusting, server_hostname="localhost")
        async with stream:
            await stream.send_all(request("GET", "/"))
            received = b""
            while not received.endswith(b"hello"):
                received += await stream.receive_some()
            if stops:
                await trio.testing.wait_all_tasks_blocked()
                server.stop()
            assert await stream.receive_some() == b""  # close_notify, or it would raise
