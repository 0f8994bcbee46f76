"""Upstreams that do what they are told, over real sockets, and a server with a proxy before one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import trio

from corserver import Limits, Policy, Server, serve
from corserver.apps.proxy import Proxy
from corserver.http.messages import App
from tests.http.peer import Answer, read_answers, request

SITE = "https://site.example"
POLICY = Policy([SITE], methods=["PUT"])
GET = request("GET", "/a?b=c", f"Origin: {SITE}")
#: What an upstream does on a connection; the number says which it is, from 0.
Script = Callable[["Peer", int], Awaitable[None]]


@dataclass
class Peer:
    """The upstream's end of a connection."""

    stream: trio.SocketStream
    heads: list[bytes]
    buffer: bytearray = field(default_factory=bytearray)

    async def head(self) -> bytes:
        """The next request's head; empty where there is none."""
        while b"\r\n\r\n" not in self.buffer:
            chunk = await self.stream.receive_some()
            if not chunk:
                return b""
            self.buffer += chunk
        head, _, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        self.buffer[:] = rest
        self.heads.append(head)
        return head

    async def exactly(self, size: int) -> bytes:
        """So much of what follows."""
        while len(self.buffer) < size:
            chunk = await self.stream.receive_some()
            assert chunk, "the proxy ended too early"
            self.buffer += chunk
        data = bytes(self.buffer[:size])
        del self.buffer[:size]
        return data

    async def say(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def wait_closed(self) -> None:
        """Wait until the proxy has closed the connection."""
        try:
            while await self.stream.receive_some():
                pass
        except trio.BrokenResourceError:
            pass


@dataclass
class Upstream:
    """A running upstream: where it is, and the heads of all the requests that it got."""

    url: str
    heads: list[bytes]

    def lines(self, number: int = -1) -> dict[str, str]:
        """The header lines of a request, by lower-case name; there is one of each."""
        pairs = [line.split(": ", 1) for line in self.heads[number].decode("latin-1").split("\r\n")[1:]]
        lines = {name.lower(): value for name, value in pairs}
        assert len(lines) == len(pairs), pairs
        return lines

    @property
    def targets(self) -> list[str]:
        return [head.split(b" ")[1].decode() for head in self.heads]


def answers(*texts: bytes) -> Script:
    """Answer one request of each connection after the other with these bytes; then close."""

    async def script(peer: Peer, number: int) -> None:
        for text in texts:
            if not await peer.head():
                return
            await peer.say(text)

    return script


def ok(body: bytes = b"ok", *lines: str, status: str = "200 OK") -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines, "", ""]
    return "\r\n".join(head).encode() + body


@asynccontextmanager
async def upstream(script: Script) -> AsyncIterator[Upstream]:
    """An upstream on a port of its own."""
    heads: list[bytes] = []
    numbers = iter(range(1_000_000))

    async def attend(stream: trio.SocketStream) -> None:
        try:
            async with stream:
                await script(Peer(stream, heads), next(numbers))
        except trio.BrokenResourceError:
            pass

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, attend, 0, host="127.0.0.1"))
        yield Upstream(f"http://127.0.0.1:{listeners[0].socket.getsockname()[1]}", heads)
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def serving(app: App, **options: Any) -> AsyncIterator[Server]:
    options.setdefault("cors", POLICY)
    options.setdefault("limits", Limits(body=None))
    async with trio.open_nursery() as nursery:
        with trio.fail_after(30):
            yield await nursery.start(partial(serve, app, port=0, **options))
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def proxied(script: Script, **options: Any) -> AsyncIterator[tuple[Upstream, Server]]:
    """An upstream and a proxy before it."""
    async with upstream(script) as there, serving(Proxy(there.url, **options)) as server:
        yield there, server


async def connect(server: Server) -> trio.SocketStream:
    return await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)


async def ask(server: Server, data: bytes) -> Answer:
    """The one answer to the request *data*, whose connection then ends; a cut one raises `BrokenResourceError`."""
    async with await connect(server) as stream:
        await stream.send_all(data.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
        received = b"".join([chunk async for chunk in stream])
    (answer,) = read_answers(received, [data.split(b" ")[0].decode()])
    return answer


async def receive_for(stream: trio.SocketStream, text: bytes) -> bytes:
    received = b""
    while text not in received:
        chunk = await stream.receive_some()
        assert chunk
        received += chunk
    return received
