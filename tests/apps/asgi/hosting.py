"""A hosted app behind a real server, and raw connections to it."""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
import pytest
import trio

from corserver import Limits, Server, asgi, serve
from tests.trio_asyncio_here import needs_asyncio

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Message, Receive, Send], Awaitable[None]]

LOOPS = ("trio", pytest.param("asyncio", marks=needs_asyncio))
ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
START: Message = {"type": "http.response.start", "status": 200}


@asynccontextmanager
async def serving(app: Any, *, limits: Limits | None = None, **options: Any) -> AsyncIterator[Server]:
    """*app*, ASGI if it is given *options* of `asgi`, on a free port."""
    hosted = asgi(app, **options) if options else app
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(partial(serve, hosted, port=0, limits=limits))
        yield server
        server.stop()


@asynccontextmanager
async def client(app: Any, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a hosted app."""
    async with serving(app, **options) as server, httpx.AsyncClient(base_url=server.url) as found:
        yield found


async def connect(server: Server) -> trio.SocketStream:
    return await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)


async def receive_until(stream: trio.SocketStream, end: bytes) -> bytes:
    """What arrives, up to *end*."""
    data = b""
    with trio.fail_after(10):
        while end not in data:
            chunk = await stream.receive_some()
            assert chunk, f"the connection ended before {end!r}: {data!r}"
            data += chunk
    return data


async def receive_rest(stream: trio.SocketStream) -> bytes:
    """What arrives until the connection ends, or is cut."""
    data = b""
    with trio.fail_after(10):
        try:
            async for chunk in stream:
                data += chunk
        except trio.BrokenResourceError:
            return data + b"<cut>"
    return data


def answering(body: bytes = b"", status: int = 200, headers: list[tuple[bytes, bytes]] | None = None) -> ASGIApp:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers or []})
        await send({"type": "http.response.body", "body": body})

    return app


def sending(*messages: Message) -> ASGIApp:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(dict(message))

    return app
