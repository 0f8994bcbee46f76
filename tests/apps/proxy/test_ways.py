"""Ways to an upstream: a Unix socket, TLS, and a protocol that the two ends change to."""

import os
import ssl
from pathlib import Path

import pytest
import trio
import trustme

from corserver import Request, Response
from corserver.apps.proxy import Proxy
from tests.http.peer import request

from .upstreams import GET, Peer, answers, ask, connect, ok, proxied, receive_for, serving

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
