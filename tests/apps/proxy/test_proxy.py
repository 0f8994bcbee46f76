"""A proxy between a real client and an upstream that does what it is told."""

import os
import resource
import socket
import ssl
from functools import partial
from pathlib import Path

import httpx
import pytest
import trio
import trustme

from corserver import App, Limits, Request, Response, serve
from corserver.apps.proxy import Proxy
from tests.http.peer import request

from .upstreams import POLICY, SITE, Peer, answers, ask, connect, ok, proxied, serving, upstream

GET = request("GET", "/a?b=c", f"Origin: {SITE}")


async def test_an_answer_passes_with_the_policy_of_this_server_on_it() -> None:
    sent = ok(
        b"hello", "X-Own: 1", "Vary: Accept", "Access-Control-Allow-Origin: *", "Set-Cookie: a=b", "Set-Cookie: c=d"
    )
    async with proxied(answers(sent)) as (there, server):
        answer = await ask(server, GET)
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.cors == {b"access-control-allow-origin": SITE.encode()}
    assert answer.vary == [b"Accept", b"Origin"]
    assert answer.get(b"set-cookie") == [b"a=b", b"c=d"]
    assert there.targets == ["/a?b=c"]


async def test_vary_is_merged_and_an_upstreams_policy_is_replaced_without_a_word(
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines = ("Vary: Origin, Accept", "Access-Control-Allow-Origin: https://other.example", "Access-Control-Max-Age: 1")
    async with proxied(answers(ok(b"", *lines))) as (_, server):
        answer = await ask(server, GET)
    assert answer.vary == [b"Origin", b"Accept"]
    assert answer.cors == {b"access-control-allow-origin": SITE.encode()}
    assert not caplog.records


async def test_without_a_policy_the_upstreams_own_stays() -> None:
    script = answers(ok(b"", "Access-Control-Allow-Origin: *"))
    async with upstream(script) as there, serving(Proxy(there.url), cors=None) as server:
        assert (await ask(server, GET)).cors == {b"access-control-allow-origin": b"*"}


async def test_a_preflight_does_not_reach_the_upstream_and_a_plain_options_does() -> None:
    async with proxied(answers(ok(b"", "Allow: GET"))) as (there, server):
        asking = request("OPTIONS", "/", f"Origin: {SITE}", "Access-Control-Request-Method: PUT")
        assert (await ask(server, asking)).status == 204
        assert there.heads == []
        assert (await ask(server, request("OPTIONS", "/"))).get(b"allow") == [b"GET"]


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_answers_without_a_body(status: str) -> None:
    text = f'HTTP/1.1 {status}\r\nETag: "a"\r\n\r\n'.encode()
    async with proxied(answers(text, ok(b"next"))) as (there, server):
        answer = await ask(server, GET)
        assert (str(answer.status), answer.body, answer.get(b"etag")) == (status[:3], b"", [b'"a"'])
        assert (await ask(server, GET)).body == b"next"
    assert len(there.heads) == 2


async def test_head_has_the_length_and_no_body() -> None:
    async with proxied(answers(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", ok(b"next"))) as (_, server):
        answer = await ask(server, request("HEAD", "/"))
        assert (answer.get(b"content-length"), answer.body) == ([b"1000000"], b"")
        assert (await ask(server, GET)).body == b"next"


async def test_connections_to_the_upstream_are_used_again() -> None:
    numbers: list[int] = []

    async def script(peer: Peer, number: int) -> None:
        while await peer.head():
            numbers.append(number)
            await peer.say(ok())

    async with proxied(script) as (_, server):
        for data in (GET, request("POST", "/", body=b"abc"), GET):
            await ask(server, data)
            if data is not GET:
                break
        assert numbers[0] == numbers[1]


# ----------------------------------------------------------------------------------------------------- streaming


async def test_an_event_stream_passes_event_by_event() -> None:
    go_on = trio.Event()

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        await go_on.wait()
        await peer.say(b"data: 2\n\n")

    async with proxied(script, timeout=0.05) as (_, server), await connect(server) as stream:
        await stream.send_all(GET)
        await receive_for(stream, b"data: 1\n\n")
        with trio.move_on_after(0.4):  # It may be silent for longer than the timeout.
            await stream.receive_some()
            pytest.fail("nothing was said")
        go_on.set()
        await receive_for(stream, b"data: 2\n\n")


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_a_large_answer_is_whole_however_it_is_framed(framing: str) -> None:
    size, piece = 20_000_000, b"x" * 100_000

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        line = {"length": f"Content-Length: {size}\r\n", "chunked": "Transfer-Encoding: chunked\r\n", "close": ""}
        await peer.say(f"HTTP/1.1 200 OK\r\n{line[framing]}\r\n".encode())
        for _ in range(size // len(piece)):
            await peer.say(b"%x\r\n%s\r\n" % (len(piece), piece) if framing == "chunked" else piece)
        if framing == "chunked":
            await peer.say(b"0\r\nX-Trailer: 1\r\n\r\n")

    async with proxied(script) as (_, server), httpx.AsyncClient() as client:
        answer = await client.get(server.url)
    assert len(answer.content) == size
    assert answer.headers.get("content-length") == (str(size) if framing == "length" else None)


async def test_a_hundred_megabytes_up_and_down_take_no_memory() -> None:
    size = 100_000_000

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        got = len(peer.buffer)
        while got < size:
            got += len(await peer.stream.receive_some(1 << 20))
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 100_000):
            await peer.say(b"x" * 100_000)

    async def upload(stream: trio.SocketStream) -> None:
        await stream.send_all(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 100_000):
            await stream.send_all(b"y" * 100_000)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with proxied(script) as (_, server), await connect(server) as stream, trio.open_nursery() as nursery:
        nursery.start_soon(upload, stream)
        received, head = 0, bytearray()
        while received < size:
            chunk = await stream.receive_some(1 << 20)
            assert chunk
            head += chunk[: 1000 - len(head)]
            received += len(chunk)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


async def test_an_upstream_is_read_no_faster_than_the_client_reads() -> None:
    sent = 0
    full = trio.Event()

    async def script(peer: Peer, number: int) -> None:
        nonlocal sent
        await peer.head()
        await peer.say(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            with trio.move_on_after(0.2) as scope:
                await peer.say(b"x" * 100_000)
                sent += 100_000
            if scope.cancelled_caught:
                full.set()
                return

    async with proxied(script) as (_, server), await connect(server) as stream:
        await stream.send_all(GET)
        await full.wait()
    assert sent < 30_000_000  # What the sockets of this system hold.


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_goes_up_piece_by_piece(chunked: bool) -> None:
    arrived = trio.Event()

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.exactly(len(b"3\r\nabc\r\n") if chunked else 3)
        arrived.set()
        assert await peer.exactly(21 if chunked else 3) == (b"3\r\ndef\r\n0\r\nx-a: 1\r\n\r\n" if chunked else b"def")
        await peer.say(ok(b"got it"))

    framing = "Transfer-Encoding: chunked" if chunked else "Content-Length: 6"
    async with proxied(script) as (there, server), await connect(server) as stream:
        await stream.send_all(request("PUT", "/", framing, "Trailer: X-A") + (b"3\r\nabc\r\n" if chunked else b"abc"))
        await arrived.wait()
        await stream.send_all(b"3\r\ndef\r\n0\r\nX-A: 1\r\n\r\n" if chunked else b"def")
        assert b"got it" in await stream.receive_some()
    name, _, value = framing.partition(": ")
    assert there.lines()[name.lower()] == value
    assert there.lines().get("trailer") == ("X-A" if chunked else None)


async def test_an_error_that_comes_before_the_end_of_the_body_passes_at_once() -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(ok(b"too much", status="413 Content Too Large"))
        await peer.wait_closed()

    async with proxied(script) as (_, server), await connect(server) as stream:
        await stream.send_all(request("PUT", "/", "Content-Length: 100000000") + b"x" * 100)
        received = b""
        while b"too much" not in received:
            received += await stream.receive_some()
        assert received.startswith(b"HTTP/1.1 413 ")


# ------------------------------------------------------------------------------------------- upstreams that fail

BROKEN = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
    "a coding nobody knows": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
    "no chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "a status nobody knows": b"HTTP/1.1 799 What\r\nContent-Length: 0\r\n\r\n",
    "a control character": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n",
    "a head without an end": b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 200_000,
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
async def test_no_answer_is_a_502_that_a_script_may_read(text: bytes) -> None:
    async with proxied(answers(text)) as (there, server):
        answer = await ask(server, GET)
    assert answer.status == 502
    assert answer.cors == {b"access-control-allow-origin": SITE.encode()}
    assert answer.get(b"content-type") == [b"text/plain; charset=utf-8"]
    assert b"the server behind this one gave no answer that can be passed on: " in answer.body
    assert len(there.heads) == 1


async def test_nobody_there_is_a_502_with_the_reason() -> None:
    with RefusingPort() as port:
        async with serving(Proxy(f"http://127.0.0.1:{port}")) as server:
            answer = await ask(server, request("PUT", "/", "Expect: 100-continue", body=b"abc"))
    assert answer.status == 502
    assert b"Connection refused" in answer.body


async def test_silence_is_a_504() -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.wait_closed()

    for data in (GET, request("POST", "/", body=b"abc")):
        async with proxied(script, timeout=0.05) as (_, server):
            answer = await ask(server, data)
        assert answer.status == 504
        assert b"it said nothing for 0.05 seconds" in answer.body


HALVES = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabc",
    "half a size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1",
}


@pytest.mark.parametrize("dies", [True, False], ids=["dies", "stalls"])
@pytest.mark.parametrize("text", HALVES.values(), ids=HALVES)
async def test_half_an_answer_is_no_whole_one(text: bytes, dies: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(text)
        if not dies:
            await peer.wait_closed()

    async with proxied(script, timeout=5 if dies else 0.05) as (_, server), await connect(server) as stream:
        await stream.send_all(GET)
        received = await receive_until_cut(stream)
    # Either it was known in time, or the head went out and the connection is reset, with no end of the body.
    assert received.startswith((b"HTTP/1.1 502 ", b"HTTP/1.1 200 "))
    if received.startswith(b"HTTP/1.1 200 "):
        assert b"0\r\n\r\n" not in received
        assert not received.endswith(b"abcabc")
    assert "Traceback" not in caplog.text


async def receive_until_cut(stream: trio.SocketStream) -> bytes:
    received = b""
    try:
        while not received.startswith(b"HTTP/1.1 502 ") and (chunk := await stream.receive_some()):
            received += chunk
        else:
            assert received.startswith(b"HTTP/1.1 502 "), "an end, where it should be cut"
    except trio.BrokenResourceError:
        pass
    return received


@pytest.mark.parametrize("begins", [False, True], ids=["before the answer", "inside of it"])
async def test_a_client_that_leaves_takes_its_request_with_it(begins: bool) -> None:
    reached, left = trio.Event(), trio.Event()

    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        if begins:
            await peer.say(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        reached.set()
        await peer.wait_closed()
        left.set()

    async with proxied(script) as (_, server):
        stream = await connect(server)
        await stream.send_all(GET)
        await reached.wait()
        if begins:
            assert b"data: 1" in await receive_for(stream, b"data: 1")
        await stream.aclose()
        await left.wait()
        while server.connections:
            await trio.lowlevel.checkpoint()


async def receive_for(stream: trio.SocketStream, text: bytes) -> bytes:
    received = b""
    while text not in received:
        chunk = await stream.receive_some()
        assert chunk
        received += chunk
    return received


async def test_what_a_client_sends_ahead_is_not_lost_while_it_waits() -> None:
    begun, go_on = trio.Event(), trio.Event()

    async def script(peer: Peer, number: int) -> None:
        while await peer.head():
            begun.set()
            await go_on.wait()
            await peer.say(ok(b"ok%d" % len(peer.heads)))

    async with proxied(script) as (there, server), await connect(server) as stream:
        await stream.send_all(GET)
        await begun.wait()
        with trio.move_on_after(0.3):  # Until it looks whether the client is still there.
            await stream.receive_some()
        await stream.send_all(GET)
        go_on.set()
        await receive_for(stream, b"ok2")
    assert len(there.heads) == 2


# -------------------------------------------------------------------------------------------------- asking again


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
    async with trio.open_nursery() as nursery:
        with RefusingPort() as port:
            pass
        proxy = Proxy(f"http://127.0.0.1:{port}")
        server = await nursery.start(partial(serve, proxy, port=port, cors=POLICY))
        answer = await ask(server, GET)
        nursery.cancel_scope.cancel()
    assert answer.status == 508
    assert len(answer.get(b"via")) == 1


# --------------------------------------------------------------------------------------- ways to reach an upstream


async def hello(request: Request) -> Response:
    return Response(f"{request.headers['host']} {request.target}")


@pytest.mark.parametrize("form", ["unix:{}:/base", "http+unix://{}/base"])
async def test_an_upstream_on_a_unix_socket(tmp_path: Path, form: str) -> None:
    path = str(tmp_path / "up.sock")
    sock = trio.socket.socket(trio.socket.AF_UNIX)
    await sock.bind(path)
    sock.listen()
    name = path if form.startswith("unix:") else path.replace("/", "%2F")

    async def attend(stream: trio.SocketStream) -> None:
        async with stream:
            await answers(ok(b"by a file"))(Peer(stream, heads), 0)

    heads: list[bytes] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, attend, [trio.SocketListener(sock)])
        async with serving(Proxy(form.format(name))) as server:
            assert (await ask(server, GET)).body == b"by a file"
        nursery.cancel_scope.cancel()
    assert heads[0].startswith(b"GET /base/a?b=c HTTP/1.1\r\nhost: localhost\r\n")
    os.unlink(path)


@pytest.mark.parametrize("trusts", ["insecure", "authority", "nobody"])
async def test_an_upstream_with_tls(trusts: str) -> None:
    authority = trustme.CA()
    theirs, ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(theirs)
    authority.configure_trust(ours)
    options = {"insecure": {"insecure": True}, "authority": {"ssl_context": ours}, "nobody": {}}[trusts]
    async with serving(hello, ssl_context=theirs) as upstream_server:
        url = f"https://localhost:{upstream_server.addresses[0].port}"
        async with serving(Proxy(url, **options)) as server:  # type: ignore[arg-type]
            first, second = await ask(server, GET), await ask(server, GET)
    if trusts == "nobody":
        assert first.status == 502
        assert b"its certificate is not trusted: " in first.body
    else:
        assert first.body == second.body == f"{url[8:]} /a?b=c".encode()


async def test_below_a_mount_the_rest_of_the_path_is_asked_for() -> None:
    async with upstream(answers(ok(), ok(b"", "Location: /there"))) as there:
        app = App()
        app.mount("/api", Proxy(there.url))
        async with serving(app) as server:
            await ask(server, request("GET", "/api/a%2Fb//c?d"))
            assert (await ask(server, request("GET", "/api"))).get(b"location") == [b"/api/there"]
    assert there.targets == ["/a%2Fb//c?d", "/"]


# -------------------------------------------------------------------------------------------------------- upgrades


async def test_another_protocol_passes_both_ways_to_its_end() -> None:
    async def script(peer: Peer, number: int) -> None:
        await peer.head()
        await peer.say(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: x\r\n\r\nearly"
        )
        assert await peer.exactly(4) == b"ping"
        await peer.say(b"pong")
        assert await peer.stream.receive_some() == b""

    data = request("GET", "/chat", "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: k")
    async with proxied(script) as (there, server), await connect(server) as stream:
        await stream.send_all(data)
        received = await receive_for(stream, b"early")
        assert b"Sec-WebSocket-Accept: x" in received.replace(b"sec-websocket-accept", b"Sec-WebSocket-Accept")
        await stream.send_all(b"ping")
        assert await receive_for(stream, b"pong") == b"pong"
        await stream.send_eof()
        assert await stream.receive_some() == b""
    lines = there.lines()
    assert (lines["connection"], lines["upgrade"], lines["sec-websocket-key"]) == ("Upgrade", "websocket", "k")


async def test_an_upgrade_that_is_refused_is_an_answer() -> None:
    async with proxied(answers(ok(b"no"))) as (_, server):
        data = request("GET", "/", "Connection: Upgrade", "Upgrade: websocket")
        assert (await ask(server, data.replace(b"Connection: Upgrade\r\n", b"Connection: upgrade\r\n"))).body == b"no"


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="timeout"):
        Proxy("http://a", timeout=0)
    with pytest.raises(ValueError, match="about the connection"):
        Proxy("http://a", request_headers={"Connection": "x"})


class RefusingPort:
    """A port of this machine at which nobody listens, while the block runs."""

    def __enter__(self) -> int:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        return int(self._socket.getsockname()[1])

    def __exit__(self, *exc_info: object) -> None:
        self._socket.close()


async def test_a_body_without_limit_passes_where_the_server_has_none() -> None:
    async with upstream(answers(ok())) as there, serving(Proxy(there.url), limits=Limits(body=10)) as server:
        assert (await ask(server, request("POST", "/", body=b"x" * 11))).status == 413
