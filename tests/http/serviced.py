"""Handlers for one connection, and the service that has one of them."""

from collections.abc import AsyncIterator

import trio

from corserver.http.exchange import Service
from corserver.http.limits import Limits
from corserver.http.messages import Request, Response


async def echo(request: Request) -> Response:
    return Response(await request.body(), headers={"X-Target": request.target})


async def ignore(request: Request) -> Response:
    return Response(request.target)


async def streaming(request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in (b"one ", b"", b"two ", b"three"):
            await trio.lowlevel.checkpoint()
            yield chunk

    return Response(chunks())


def service(app: object, **limits: object) -> Service:
    return Service(app=app, limits=Limits(**limits))  # type: ignore[arg-type]
