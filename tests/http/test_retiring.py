"""Retiring: no connection is closed without having been told, and the server stops once all have left."""

import ssl
from functools import partial

import pytest
import trio
import trio.testing
import trustme

from corserver import Limits, Policy, Request, Response, Server, serve

from .peer import Answer, read_answers, request
from .transcript import recorded

PREFLIGHT = request("OPTIONS", "/", "Origin: https://site.example", "Access-Control-Request-Method: PUT")
POLICY = Policy(["https://site.example"], methods=["PUT"])


async def hello(request: Request) -> Response:
    if request.target == "/broken":
        raise RuntimeError
    return Response("hello")


async def ask(stream: trio.abc.Stream, data: bytes) -> Answer:
    """The answer; it arrives in one piece."""
    await stream.send_all(data)
    (answer,) = read_answers(bytes(await stream.receive_some()), [data.split(b" ")[0].decode()])
    return answer


async def connect(server: Server) -> trio.SocketStream:
    return await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)


ASKED = {
    "a handler": (request("GET", "/"), 200),
    "a preflight": (PREFLIGHT, 204),
    "a handler that raises": (request("GET", "/broken"), 500),
    "a refused request": (b"GET / HTTP/1.1\r\n\r\n", 400),
}


@pytest.mark.parametrize("before", [0, 1, 2], ids=["new", "known", "well known"])
@pytest.mark.parametrize(("data", "status"), ASKED.values(), ids=ASKED)
async def test_every_next_answer_says_that_the_connection_closes(data: bytes, status: int, before: int) -> None:
    with recorded(), trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, hello, port=0, cors=POLICY))
            stream = await connect(server)
            if status != 400:
                for _ in range(before):
                    assert (await ask(stream, data)).get(b"connection") == []
            while not server.connections:
                await trio.testing.wait_all_tasks_blocked()
            server.retire()
            answer = await ask(stream, data)
            assert (answer.status, answer.get(b"connection")) == (status, [b"close"])
            await stream.aclose()
            await server.wait_stopped()


async def test_an_answer_under_way_is_told_too_and_ends_it() -> None:
    begun, go_on = trio.Event(), trio.Event()

    async def slow(request: Request) -> Response:
        begun.set()
        await go_on.wait()
        return Response("finished")

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, slow, port=0))
            stream = await connect(server)
            await stream.send_all(request("GET", "/"))
            await begun.wait()
            server.retire()
            server.retire()  # Once is enough.
            go_on.set()
            (answer,) = read_answers(bytes(await stream.receive_some()))
            assert (answer.body, answer.get(b"connection")) == (b"finished", [b"close"])
            await stream.aclose()
            await server.wait_stopped()


async def test_those_that_ask_nothing_are_waited_for_no_longer_than_the_patience() -> None:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, hello, port=0, limits=Limits(grace_seconds=0.05)))
            stream = await connect(server)
            await ask(stream, request("GET", "/"))
            server.retire()
            assert await stream.receive_some() == b""
            await server.wait_stopped()
            await stream.aclose()


@pytest.mark.parametrize("stops", [True, False], ids=["stop", "cancel"])
async def test_a_server_that_retires_can_still_be_stopped_at_once(stops: bool) -> None:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, hello, port=0))
            stream = await connect(server)
            await ask(stream, request("GET", "/"))
            server.retire(patience=60)
            await trio.testing.wait_all_tasks_blocked()
            if stops:
                server.stop()
            else:
                nursery.cancel_scope.cancel()
        await server.wait_stopped()
        assert await stream.receive_some() == b""
        await stream.aclose()


async def test_a_server_without_connections_stops_at_once() -> None:
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, hello, port=0))
            server.retire(patience=60)
            await server.wait_stopped()


async def test_a_client_in_the_midst_of_its_handshake_is_answered() -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, hello, port=0, ssl_context=context))
            plain = await connect(server)
            while not server.connections:
                await trio.testing.wait_all_tasks_blocked()
            server.retire()
            stream = trio.SSLStream(plain, trusting, server_hostname="localhost")
            answer = await ask(stream, request("GET", "/"))
            assert (answer.body, answer.get(b"connection")) == (b"hello", [b"close"])
            await trio.aclose_forcefully(stream)
            await server.wait_stopped()
