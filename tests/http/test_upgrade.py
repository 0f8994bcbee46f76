"""Handing a connection over to another protocol, and the rest of what an exchange can carry."""

from functools import partial
from typing import Any

import pytest
import trio
import trio.testing

from corserver.cors.policy import Policy
from corserver.cors.scopes import Scopes
from corserver.http.connection import Connection
from corserver.http.exchange import Service
from corserver.http.limits import Limits
from corserver.http.log import Entry
from corserver.http.messages import Request, Response
from corserver.http.server import Server
from corserver.http.serving import serve

from .peer import ask, converse, read_answers, request

ASKING = request("GET", "/chat", "Connection: Upgrade", "Upgrade: echo/1", "Origin: https://site.example")


async def upgrading(request: Request) -> Response:
    async def run(stream: trio.abc.Stream, read: bytes) -> None:
        await stream.send_all(b"read " + read)
        while chunk := await stream.receive_some():
            await stream.send_all(b"echo " + chunk)

    return Response(headers={"X-Protocol": "yes"}, upgrade=run)


async def test_an_upgrade_gets_the_stream_and_what_was_read_already() -> None:
    entries: list[Entry] = []
    scopes = Scopes(default=Policy(["https://site.example"]))
    service = Service(app=upgrading, scopes=scopes, access_log=entries.append)
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, service).run)
        await ours.send_all(ASKING + b"early")
        received = b""
        while b"read early" not in received:
            received += await ours.receive_some()
        await ours.send_all(b"late")
        assert await ours.receive_some() == b"echo late"
        await ours.send_eof()
        assert await ours.receive_some() == b""
    head = received.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert head[0] == b"HTTP/1.1 101 Switching Protocols"
    assert set(head[1:]) == {b"X-Protocol: yes", b"Connection: Upgrade", b"Upgrade: echo/1"}
    assert [entry.status for entry in entries] == [101]


@pytest.mark.parametrize(
    "data",
    [request("GET", "/"), request("GET", "/", "Connection: Upgrade", "Upgrade: echo/1", version="1.0")],
    ids=["not asked for", "HTTP/1.0"],
)
async def test_an_upgrade_that_was_not_asked_for_is_a_500(data: bytes, autojump_clock: object) -> None:
    assert (await ask(Service(app=upgrading), data)).status == 500


async def test_a_request_to_upgrade_may_be_answered_as_any_other(autojump_clock: object) -> None:
    async def plain(request: Request) -> Response:
        return Response("plain")

    answers = read_answers(await converse(Service(app=plain), ASKING + request("GET", "/")))
    assert [answer.body for answer in answers] == [b"plain", b"plain"]


async def test_an_upgrade_that_raises_is_logged_and_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(request: Request) -> Response:
        async def run(stream: trio.abc.Stream, read: bytes) -> None:
            raise RuntimeError("in the other protocol")

        return Response(upgrade=run)

    data = await converse(Service(app=broken), ASKING, end=False)
    assert data.startswith(b"HTTP/1.1 101 ")
    assert "in the other protocol" in caplog.text


async def test_trailers_can_be_read_after_the_body(autojump_clock: object) -> None:
    async def app(request: Request) -> Response:
        before = dict(request.trailers)
        await request.body()
        return Response(f"{before} {dict(request.trailers)}")

    data = request("POST", "/", "Transfer-Encoding: chunked") + b"1\r\na\r\n0\r\nX-Sum: 7\r\nCookie: evil\r\n\r\n"
    assert (await ask(Service(app=app), data)).body == b"{} {'x-sum': '7'}"


async def test_the_last_request_of_a_connection_says_so(autojump_clock: object) -> None:
    async def app(request: Request) -> Response:
        return Response(request.target)

    service = Service(app=app, limits=Limits(requests=3))
    answers = read_answers(await converse(service, b"".join(request("GET", f"/{n}") for n in range(5))))
    assert [(answer.body, answer.get(b"connection")) for answer in answers] == [
        (b"/0", []),
        (b"/1", []),
        (b"/2", [b"close"]),
    ]


@pytest.mark.parametrize(("header", "expected"), [(None, []), (b"corserver", [b"corserver"])])
async def test_the_server_says_its_name_or_not(
    header: bytes | None, expected: list[bytes], autojump_clock: object
) -> None:
    async def app(request: Request) -> Response:
        return Response()

    assert (await ask(Service(app=app, server_header=header), request("GET", "/"))).get(b"server") == expected


async def test_an_early_answer_reaches_a_peer_that_is_still_sending(autojump_clock: object) -> None:
    async def refusing(request: Request) -> Response:
        return Response(b"x" * 200_000, 413)

    ours, theirs = trio.testing.lockstep_stream_pair()
    received = bytearray()

    async def send() -> None:
        await ours.send_all(request("POST", "/", "Content-Length: 8000000"))
        for _ in range(100):
            await ours.send_all(b"y" * 80_000)
        while chunk := await ours.receive_some():
            received.extend(chunk)
        await ours.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        nursery.start_soon(Connection(theirs, Service(app=refusing)).run)
    (answer,) = read_answers(bytes(received))
    assert (answer.status, len(answer.body)) == (413, 200_000)


# --------------------------------------------------------------------------------- what takes a connection over


class Taking:
    """Another protocol, which knows `stop` and `aclose`."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.stopped = trio.Event()

    async def __call__(self, stream: trio.abc.Stream, read: bytes) -> None:
        self.calls.append("began")
        await self.stopped.wait()
        await stream.send_all(b"bye")

    def stop(self) -> None:
        self.calls.append("stop")
        self.stopped.set()

    async def aclose(self) -> None:
        self.calls.append("aclose")


@pytest.mark.parametrize("early", [True, False])
async def test_it_is_told_when_the_server_stops_however_early(early: bool, autojump_clock: object) -> None:
    taking = Taking()

    async def app(request: Request) -> Response:
        await trio.sleep(1)
        return Response(upgrade=taking)

    ours, theirs = trio.testing.memory_stream_pair()
    connection = Connection(theirs, Service(app=app))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(connection.run)
        await ours.send_all(ASKING)
        await trio.sleep(0.5 if early else 1.5)
        connection.stop()
        received = b"".join([chunk async for chunk in ours])
        await ours.aclose()
    assert received.endswith(b"\r\n\r\nbye")
    assert sorted(taking.calls) == ["began", "stop"]


async def test_it_is_closed_if_the_101_cannot_be_sent(autojump_clock: object) -> None:
    taking = Taking()

    async def app(request: Request) -> Response:
        await trio.sleep(1)
        return Response(upgrade=taking)

    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, Service(app=app)).run)
        await ours.send_all(ASKING)
        await ours.aclose()
    assert taking.calls == ["aclose"]


async def test_what_its_peer_does_not_take_in_time_breaks_its_stream(autojump_clock: object) -> None:
    broken = []

    async def app(request: Request) -> Response:
        async def run(stream: trio.abc.Stream, read: bytes) -> None:
            start = trio.current_time()
            with pytest.raises(trio.BrokenResourceError):
                await stream.send_all(bytes(100_000))
            broken.append(trio.current_time() - start)

        return Response(upgrade=run)

    ours, theirs = trio.testing.lockstep_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, Service(app=app, limits=Limits(write_seconds=3))).run)
        await ours.send_all(ASKING)
        assert (await ours.receive_some()).startswith(b"HTTP/1.1 101 ")
        await trio.sleep(20)
    assert broken == [3]


@pytest.mark.parametrize("lobby", [True, False])
async def test_it_can_close_its_stream_and_go_on(lobby: bool) -> None:
    """The descriptor is then another connection's, which is left alone, and both are counted."""
    may_end = trio.Event()

    async def app(request: Request) -> Response:
        async def run(stream: trio.abc.Stream, read: bytes) -> None:
            await stream.aclose()
            await may_end.wait()

        return Response(upgrade=run) if request.target == "/chat" else Response("here")

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, app, port=0, lobby=lobby))
            async with await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port) as first:
                await first.send_all(ASKING)
                assert b"".join([chunk async for chunk in first]).startswith(b"HTTP/1.1 101 ")
                async with await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port) as second:
                    for _ in range(2):
                        await second.send_all(request("GET", "/"))
                        assert (await second.receive_some()).endswith(b"here")
                        may_end.set()
                        await trio.testing.wait_all_tasks_blocked()
                    assert server.connections == 1
            while server.connections:
                await trio.testing.wait_all_tasks_blocked()
            server.stop()


@pytest.mark.parametrize("lobby", [True, False])
async def test_it_can_send_without_waiting_what_the_socket_takes(lobby: bool) -> None:
    sent: list[int] = []

    async def app(request: Request) -> Response:
        async def run(stream: Any, read: bytes) -> None:
            data = bytes(1 << 24)
            while now := stream.send_now(data):
                sent.append(now)
            await stream.send_all(b"end")
            await stream.send_eof()
            assert await stream.receive_some() == b""

        return Response(upgrade=run)

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, app, port=0, lobby=lobby))
            stream = await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)
            await stream.send_all(ASKING)
            received = b"".join([chunk async for chunk in stream]).partition(b"\r\n\r\n")[2]
            await stream.aclose()
            server.stop()
    assert received == bytes(sum(sent)) + b"end"
    assert bool(sent) == lobby
