"""A server on port 0, and one answer from it."""

import trio

from corserver import Request, Response, Server

SITE = "https://site.example"


async def hello(request: Request) -> Response:
    return Response("hello")


async def fetch(server: Server, data: bytes, *, end: bool = True) -> bytes:
    stream = await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)
    async with stream:
        await stream.send_all(data)
        if end:
            await stream.send_eof()
        return b"".join([chunk async for chunk in stream])
