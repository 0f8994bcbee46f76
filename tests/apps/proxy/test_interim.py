"""Interim answers (1xx), what a client expects, and trailers: passed on, in both directions."""

import pytest
import trio
import trio.testing

from corserver import Request, Response
from tests.http.peer import request

from .upstreams import POLICY, Peer, answers, ask, connect, ok, proxied, serving

EARLY = (
    b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n"
)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
EXPECTS = request("PUT", "/", "Expect: 100-continue", "Content-Length: 3")


async def receive_to(stream: trio.SocketStream, text: bytes) -> bytes:
    received = b""
    with trio.fail_after(10):
        while text not in received:
            chunk = await stream.receive_some()
            assert chunk, received
            received += chunk
    return received


@pytest.mark.parametrize("data", [request("GET", "/"), request("POST", "/", body=b"abc")], ids=["GET", "POST"])
async def test_interim_answers_pass_without_what_is_of_one_hop(data: bytes) -> None:
    go_on = trio.Event()

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(EARLY)
        await go_on.wait()
        await peer.say(CONTINUE + ok(b"at last"))

    async with proxied(script) as (_, server), await connect(server) as stream:
        await stream.send_all(data)
        first = await receive_to(stream, b"link: </a>\r\n\r\n")
        assert first == b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
        go_on.set()
        rest = await receive_to(stream, b"at last")
        assert rest.startswith(CONTINUE + b"HTTP/1.1 200 OK\r\n")


async def test_to_http_1_0_none_is_sent() -> None:
    async with proxied(answers(EARLY + ok())) as (_, server), await connect(server) as stream:
        await stream.send_all(b"GET / HTTP/1.0\r\n\r\n")
        assert (await receive_to(stream, b"ok")).startswith(b"HTTP/1.1 200 OK")


async def test_a_client_that_expects_a_continue_gets_the_upstreams() -> None:
    go_on = trio.Event()

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await go_on.wait()
        await peer.say(CONTINUE)
        assert await peer.exactly(3) == b"abc"
        await peer.say(ok())

    async with proxied(script) as (there, server), await connect(server) as stream:
        await stream.send_all(EXPECTS)
        with trio.move_on_after(0.05) as scope:
            await stream.receive_some()
        assert scope.cancelled_caught, "nothing is said before the upstream has said it"
        go_on.set()
        assert await stream.receive_some() == CONTINUE
        await stream.send_all(b"abc")
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 200 OK")
    assert there.lines()["expect"] == "100-continue"


async def test_an_upstream_that_knows_no_continue_is_not_waited_for_for_long(
    mock_clock: trio.testing.MockClock,
) -> None:
    asked = trio.Event()

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        asked.set()
        assert await peer.exactly(3) == b"abc"
        await peer.say(ok())

    async with proxied(script) as (_, server), await connect(server) as stream:
        await stream.send_all(EXPECTS)
        await asked.wait()
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(1)
        assert await stream.receive_some() == CONTINUE
        await stream.send_all(b"abc")
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize("status", ["401 Unauthorized", "417 Expectation Failed", "200 OK"])
async def test_what_is_answered_instead_of_a_continue_needs_no_body(status: str) -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(ok(b"no", status=status))
        await peer.wait_closed()

    async with proxied(script) as (_, server), await connect(server) as stream:
        await stream.send_all(EXPECTS)
        received = b"".join([chunk async for chunk in stream])
    assert received.startswith(b"HTTP/1.1 " + status.encode())
    assert b"\r\nConnection: close\r\n" in received


async def test_an_app_informs_its_client_itself() -> None:
    async def app(request: Request) -> Response:
        await request.inform(103, {"Link": "</style.css>; rel=preload"})
        return Response("done")

    async with serving(app, cors=POLICY) as server, await connect(server) as stream:
        await stream.send_all(request("GET", "/"))
        received = await receive_to(stream, b"done")
    assert received.startswith(
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\n"
    )


@pytest.mark.parametrize("status", [99, 101, 200])
async def test_what_is_no_interim_answer_is_refused(status: int) -> None:
    async def app(request: Request) -> Response:
        with pytest.raises(ValueError, match="an interim answer"):
            await request.inform(status)
        return Response("refused")

    async with serving(app) as server:
        assert (await ask(server, request("GET", "/"))).body == b"refused"


# ---------------------------------------------------------------------------------------------------------- trailers

TRAILED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n"
    b"0\r\nX-Sum: 7\r\nSet-Cookie: a=b\r\nAccess-Control-Allow-Origin: *\r\n\r\n"
)


@pytest.mark.parametrize("takes", [True, False])
async def test_trailers_of_an_answer_pass_if_the_client_takes_them(takes: bool) -> None:
    async with proxied(answers(TRAILED)) as (there, server), await connect(server) as stream:
        await stream.send_all(request("GET", "/", *(["TE: trailers", "Connection: TE"] if takes else [])))
        received = await receive_to(stream, b"0\r\nx-sum: 7\r\n\r\n" if takes else b"\r\n\r\nabc")
    assert (b"trailer: X-Sum\r\n" in received) == takes
    assert b"a=b" not in received
    assert there.lines().get("te") == ("trailers" if takes else None)


async def test_trailers_of_a_request_pass_but_for_those_that_come_too_late() -> None:
    bodies = []

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        received = bytearray()
        while not received.endswith(b"\r\n\r\n"):
            received += await peer.exactly(1)
        bodies.append(bytes(received))
        await peer.say(ok())

    body = b"3\r\nabc\r\n0\r\nX-Sum: 7\r\nX-Forwarded-For: 10.0.0.1\r\nAuthorization: x\r\n\r\n"
    async with proxied(script) as (there, server):
        data = request("PUT", "/", "Transfer-Encoding: chunked", "Trailer: X-Sum")
        assert (await ask(server, data + body)).body == b"ok"
    assert bodies == [b"3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n"]
    assert there.lines()["trailer"] == "X-Sum"
