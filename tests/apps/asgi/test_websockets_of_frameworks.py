"""WebSockets of Starlette's and FastAPI's apps, over real sockets."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI, Header
from fastapi import WebSocket as FastAPIWebSocket
from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket as StarletteWebSocket
from starlette.websockets import WebSocketDisconnect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from corserver import App, Policy
from corserver.apps.asgi import asgi
from corserver.testing import Running, running
from tests.trio_asyncio_here import needs_asyncio

from .hosting import LOOPS


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class Endpoint(WebSocketEndpoint):
    encoding = "json"

    async def on_receive(self, websocket: StarletteWebSocket, data: Any) -> None:
        await websocket.send_json({"got": data})


async def starlette_echo(websocket: StarletteWebSocket) -> None:
    await websocket.accept(subprotocol="chat", headers=[(b"x-name", b"v")])
    async for text in websocket.iter_text():
        await websocket.send_text(f"{websocket.path_params['name']}: {text}")


async def starlette_close(websocket: StarletteWebSocket) -> None:
    await websocket.accept()
    await websocket.close(4003, "no")


async def starlette_denial(websocket: StarletteWebSocket) -> None:
    await websocket.send_denial_response(PlainTextResponse("not today", 418))


async def starlette_fail(websocket: StarletteWebSocket) -> None:
    await websocket.accept()
    raise LookupError("a mistake")


STARLETTE = Starlette(
    routes=[
        WebSocketRoute("/echo/{name}", starlette_echo),
        WebSocketRoute("/json", Endpoint),
        WebSocketRoute("/close", starlette_close),
        WebSocketRoute("/denial", starlette_denial),
        WebSocketRoute("/fail", starlette_fail),
    ]
)


def fastapi_app() -> FastAPI:
    api = FastAPI()
    rooms: list[FastAPIWebSocket] = []

    @api.websocket("/room/{number}")
    async def room(websocket: FastAPIWebSocket, number: int, x_name: str = Header()) -> None:
        """FastAPI's documented chat: everybody hears everybody, and who leaves."""
        await websocket.accept()
        rooms.append(websocket)
        try:
            while True:
                text = await websocket.receive_text()
                for other in rooms:
                    await other.send_text(f"{number} {x_name}: {text}")
        except WebSocketDisconnect as left:
            rooms.remove(websocket)
            for other in rooms:
                await other.send_text(f"{x_name} left with {left.code}")

    @api.get("/")
    async def plain() -> str:
        return "plain"

    return api


@pytest.fixture(scope="module", params=LOOPS)
def starlette(request: pytest.FixtureRequest) -> Iterator[Running]:
    with running(asgi(STARLETTE, loop=request.param, lifespan="off")) as server:
        yield server


def opening(server: Running, path: str, **options: Any) -> ClientConnection:
    client: ClientConnection = connect(
        server.url.replace("http:", "ws:") + path, open_timeout=10, close_timeout=10, **options
    )
    return client


def test_starlettes_routes(starlette: Running) -> None:
    with opening(starlette, "/echo/ada", subprotocols=["chat"]) as client:
        assert client.subprotocol == "chat"
        assert client.response is not None
        assert client.response.headers["x-name"] == "v"
        for text in ("hello", "", "ä" * 100_000):
            client.send(text)
            assert client.recv(10) == f"ada: {text}"
        client.send(["in ", "fragments"])
        assert client.recv(10) == "ada: in fragments"
    with opening(starlette, "/json") as client:
        client.send('{"a": [1]}')
        assert client.recv(10) == '{"got":{"a":[1]}}'
        client.send("no json")
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(10)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1003


@pytest.mark.parametrize(("path", "code", "reason"), [("/close", 4003, "no"), ("/fail", 1011, "")])
def test_starlettes_ends(starlette: Running, path: str, code: int, reason: str) -> None:
    with opening(starlette, path) as client, pytest.raises(ConnectionClosed) as caught:
        client.recv(10)
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (code, reason)


@pytest.mark.parametrize(("path", "status", "body"), [("/denial", 418, b"not today"), ("/nothing", 403, b"403")])
def test_starlettes_refusals(starlette: Running, path: str, status: int, body: bytes) -> None:
    with pytest.raises(InvalidStatus) as caught, opening(starlette, path):
        pass
    response = caught.value.response
    assert (response.status_code, bytes(response.body).startswith(body)) == (status, True)


@needs_asyncio
def test_fastapis_chat_below_a_mount_with_a_policy() -> None:
    app = App()
    app.mount("/api", asgi(fastapi_app(), loop="asyncio"), cors=Policy(["https://page.example"]))
    with running(app) as server:
        open_as = partial(opening, server, "/api/room/7")
        with open_as(additional_headers={"X-Name": "ada"}, origin="https://page.example") as ada:
            with open_as(additional_headers={"X-Name": "bob"}) as bob:
                bob.send("hi")
                assert (ada.recv(10), bob.recv(10)) == ("7 bob: hi", "7 bob: hi")
            assert ada.recv(10) == "bob left with 1000"
        for options, status in (({"origin": "https://evil.example"}, 403), ({}, 403)):
            # The second lacks the header that FastAPI requires.
            with pytest.raises(InvalidStatus) as caught, open_as(**options):
                pass
            assert caught.value.response.status_code == status
