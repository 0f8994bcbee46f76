"""Real listeners on port 0: start, serve, stop; addresses, TLS and the life of an app."""

import socket
import ssl

import httpx
import pytest
import trio
import trustme

from corserver import Entry, Limits, Request, Response, Server, serve
from corserver.http.listeners import BoundAddress, open_listeners

from .peer import read_answers, request
from .serving import fetch, hello


@pytest.fixture(params=[True, False], ids=["lobby", "alone"])
def lobby(request: pytest.FixtureRequest) -> bool:
    """Whether connections wait in the lobby, or each for itself."""
    return bool(request.param)


async def test_start_yields_the_running_server_and_cancelling_stops_it(lobby: bool) -> None:
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(
            lambda task_status: serve(hello, port=0, lobby=lobby, task_status=task_status)
        )
        assert server.url == f"http://127.0.0.1:{server.addresses[0].port}"
        async with httpx.AsyncClient() as client:
            assert (await client.get(server.url)).text == "hello"
        nursery.cancel_scope.cancel()
    with pytest.raises(OSError, match=r"."):
        await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)


async def test_stopping_closes_idle_connections_at_once_and_finishes_answers(lobby: bool) -> None:
    begun, go_on = trio.Event(), trio.Event()

    async def slow(request: Request) -> Response:
        begun.set()
        await go_on.wait()
        return Response("finished")

    answers: list[bytes] = []
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(
            lambda task_status: serve(slow, port=0, lobby=lobby, task_status=task_status)
        )
        idle = await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)

        async def ask() -> None:
            answers.append(await fetch(server, request("GET", "/"), end=False))

        nursery.start_soon(ask)
        await begun.wait()
        server.stop()
        assert await idle.receive_some() == b""
        await idle.aclose()
        go_on.set()
    (answer,) = read_answers(answers[0])
    assert (answer.body, answer.get(b"connection")) == (b"finished", [b"close"])


async def test_answers_are_finished_when_serve_is_cancelled_from_outside(lobby: bool) -> None:
    begun, go_on = trio.Event(), trio.Event()

    async def slow(request: Request) -> Response:
        begun.set()
        await go_on.wait()
        return Response("finished")

    received: list[bytes] = []
    async with trio.open_nursery() as outer:
        scope = trio.CancelScope()

        async def serving(task_status: trio.TaskStatus[Server]) -> None:
            with scope:
                await serve(slow, port=0, lobby=lobby, task_status=task_status)

        server: Server = await outer.start(serving)

        async def ask() -> None:
            received.append(await fetch(server, request("GET", "/"), end=False))

        outer.start_soon(ask)
        await begun.wait()
        scope.cancel()
        go_on.set()
    assert received[0].endswith(b"finished")


async def test_no_answer_outlives_the_grace(lobby: bool) -> None:
    begun = trio.Event()

    async def endless(request: Request) -> Response:
        begun.set()
        await trio.sleep_forever()
        raise AssertionError

    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(
            lambda task_status: serve(endless, port=0, lobby=lobby, task_status=task_status)
        )
        stream = await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)
        await stream.send_all(request("GET", "/"))
        await begun.wait()
        server.stop(grace=0)
    assert server.connections == 0
    await stream.aclose()


async def test_a_taken_port_is_an_error_or_the_next_one_is_used() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="is taken"):
            await open_listeners("127.0.0.1", port)
        (listener,) = await open_listeners("127.0.0.1", port, or_next=50)
        assert port < listener.getsockname()[1] <= port + 50
        listener.close()


@pytest.mark.parametrize(
    ("host", "url", "loopback"),
    [
        ("127.0.0.1", "http://127.0.0.1:80", True),
        ("::1", "http://[::1]:80", True),
        ("0.0.0.0", "http://127.0.0.1:80", False),
        ("::", "http://[::1]:80", False),
        ("192.0.2.7", "http://192.0.2.7:80", False),
    ],
)
def test_an_address_as_one_would_click_it(host: str, url: str, loopback: bool) -> None:
    address = BoundAddress(host, 80)
    assert (url, loopback) == (address.url, address.is_loopback)


async def test_a_name_of_the_server_that_cannot_be_is_told_before_it_serves() -> None:
    with pytest.raises(ValueError, match="header 'Server': its value has control characters"):
        await serve(hello, port=0, server_header="a\r\nSet-Cookie: b")


async def test_the_app_is_entered_while_it_is_served(lobby: bool) -> None:
    seen: list[str] = []

    class Life:
        async def __call__(self, request: Request) -> Response:
            seen.append("asked")
            return Response()

        async def __aenter__(self) -> None:
            seen.append("entered")

        async def __aexit__(self, *exc_info: object) -> None:
            seen.append("left")

    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(
            lambda task_status: serve(Life(), port=0, lobby=lobby, task_status=task_status)
        )
        await fetch(server, request("GET", "/"))
        nursery.cancel_scope.cancel()
    assert seen == ["entered", "asked", "left"]


async def test_https_is_served_and_a_handshake_that_stalls_or_fails_is_let_go(lobby: bool) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    entries: list[Entry] = []
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(
            lambda task_status: serve(
                hello,
                port=0,
                ssl_context=context,
                limits=Limits(handshake_seconds=0.1),
                access_log=entries.append,
                lobby=lobby,
                task_status=task_status,
            )
        )
        port = server.addresses[0].port
        assert server.url == f"https://127.0.0.1:{port}"
        async with httpx.AsyncClient(verify=trusting) as client:
            assert (await client.get(f"https://localhost:{port}/")).text == "hello"
        plain = await fetch(server, request("GET", "/"))
        assert plain.startswith(b"HTTP/1.1 400 ")
        assert plain.endswith(b"\r\n\r\nThis port speaks HTTPS: write https:// instead\n")
        assert b"\r\nContent-Length: 47\r\n" in plain
        silent = await trio.open_tcp_stream("127.0.0.1", port)
        assert await silent.receive_some() == b""
        await silent.aclose()
        stream = trio.SSLStream(await trio.open_tcp_stream("127.0.0.1", port), trusting, server_hostname="localhost")
        await stream.send_all(request("GET", "/", "Connection: close"))
        received = b"".join([chunk async for chunk in stream])
        assert received.endswith(b"hello")  # and after it close_notify, or the loop above would have raised
        await stream.aclose()
        nursery.cancel_scope.cancel()
    assert [entry.status for entry in entries] == [200, 200]


async def test_an_early_answer_is_read_whole_over_a_socket(lobby: bool) -> None:
    async def refusing(request: Request) -> Response:
        return Response(b"x" * 200_000, 413)

    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(
            lambda task_status: serve(refusing, port=0, lobby=lobby, task_status=task_status)
        )
        data = request("POST", "/", "Content-Length: 8000000") + b"y" * 8_000_000
        (answer,) = read_answers(await fetch(server, data))
        assert (answer.status, len(answer.body)) == (413, 200_000)
        nursery.cancel_scope.cancel()
