"""Real listeners on port 0: start, serve, stop. The one file with sockets."""

import socket
import ssl
from functools import partial

import httpx
import pytest
import trio
import trio.testing
import trustme

from corserver import App, Entry, Limits, Policy, Request, Response, Server, serve
from corserver.http.listeners import BoundAddress, Room, accept, open_listeners

from .peer import read_answers, request

SITE = "https://site.example"


async def hello(request: Request) -> Response:
    return Response("hello")


@pytest.fixture(params=[True, False], ids=["lobby", "alone"], autouse=True)
def lobby(request: pytest.FixtureRequest) -> bool:
    """Whether connections wait in the lobby, or each for itself."""
    return bool(request.param)


async def fetch(server: Server, data: bytes, *, end: bool = True) -> bytes:
    stream = await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)
    async with stream:
        await stream.send_all(data)
        if end:
            await stream.send_eof()
        return b"".join([chunk async for chunk in stream])


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


async def test_the_policy_can_be_replaced_while_serving_and_a_bad_one_is_not_taken(lobby: bool) -> None:
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(
            lambda task_status: serve(hello, port=0, cors=Policy([SITE]), lobby=lobby, task_status=task_status)
        )
        data = request("GET", "/", f"Origin: {SITE}")
        assert read_answers(await fetch(server, data))[0].cors[b"access-control-allow-origin"] == SITE.encode()
        with pytest.raises(ValueError, match="begins with a slash"):
            server.replace_cors({"api": None})
        assert read_answers(await fetch(server, data))[0].cors[b"access-control-allow-origin"] == SITE.encode()
        server.replace_cors({"/*": Policy(["*"]), "/private/*": None})
        assert read_answers(await fetch(server, data))[0].cors[b"access-control-allow-origin"] == b"*"
        assert read_answers(await fetch(server, data.replace(b"GET /", b"GET /private/x")))[0].cors == {}
        nursery.cancel_scope.cancel()


async def test_the_policies_of_an_app_are_found_and_an_argument_goes_before_them(lobby: bool) -> None:
    app = App(cors=Policy([SITE]))

    @app.get("/")
    async def root(request: Request) -> str:
        return "root"

    data = request("GET", "/", f"Origin: {SITE}")
    for cors, expected in ((None, SITE.encode()), (Policy(["*"]), b"*")):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(
                lambda task_status, cors=cors: serve(app, port=0, cors=cors, lobby=lobby, task_status=task_status)
            )
            assert read_answers(await fetch(server, data))[0].cors[b"access-control-allow-origin"] == expected
            nursery.cancel_scope.cancel()


async def test_on_loopback_a_foreign_host_is_refused_unless_allowed(lobby: bool) -> None:
    evil = b"GET / HTTP/1.1\r\nHost: evil.example:8000\r\n\r\n"
    for allowed, status in ((None, 403), (["evil.example"], 200), (["other.example"], 403)):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(
                lambda task_status, allowed=allowed: serve(
                    hello, port=0, allow_hosts=allowed, lobby=lobby, task_status=task_status
                )
            )
            (answer,) = read_answers(await fetch(server, evil))
            assert answer.status == status
            if status == 403:
                assert b"--allow-host" in answer.body
            nursery.cancel_scope.cancel()


async def test_an_entry_names_the_client(lobby: bool) -> None:
    entries: list[Entry] = []
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(
            lambda task_status: serve(hello, port=0, access_log=entries.append, lobby=lobby, task_status=task_status)
        )
        await fetch(server, request("GET", "/"))
        nursery.cancel_scope.cancel()
    assert isinstance(entries[0].client, tuple)
    assert entries[0].client[0] == "127.0.0.1"


async def test_an_entry_has_both_heads_as_they_went_over_the_wire(lobby: bool) -> None:
    entries: list[Entry] = []
    policy = Policy(["https://a.example"])
    preflight = request("OPTIONS", "/", "Origin: https://a.example", "Access-Control-Request-Method: GET")
    async with trio.open_nursery() as nursery:
        start = partial(serve, hello, port=0, access_log=entries.append, lobby=lobby, cors=policy)
        server: Server = await nursery.start(start)
        received = [await fetch(server, asked) for asked in (request("GET", "/", "X-A: b"), preflight, preflight)]
        received.append(await fetch(server, request("GET", "/", "Host: c")))
        nursery.cancel_scope.cancel()
    assert [entry.response_head for entry in entries] == [head_of(answer) for answer in received]
    assert [dict(entry.request_fields).keys() for entry in entries] == [
        {b"host", b"x-a"},
        *[{b"host", b"origin", b"access-control-request-method"}] * 2,
        set(),
    ]


def head_of(answer: bytes) -> bytes:
    head, end, _ = answer.partition(b"\r\n\r\n")
    return head + end


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


async def test_a_closed_connection_gives_its_place_back(lobby: bool) -> None:
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(
            lambda task_status: serve(hello, port=0, limits=Limits(connections=1), lobby=lobby, task_status=task_status)
        )
        for _ in range(3):
            assert read_answers(await fetch(server, request("GET", "/")))[0].body == b"hello"
        nursery.cancel_scope.cancel()


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
