"""Clients that others wrote, over real sockets: `websockets`, with TLS and without, and wsproto."""

import ssl
from functools import partial
from typing import Any

import pytest
import trio
import trustme
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Event, Ping, Pong, Request, TextMessage
from wsproto.extensions import PerMessageDeflate

from corserver import App, HTTPError, Limits, Policy, Server, WebSocket, serve
from corserver.testing import running
from tests.http.transcript import recorded

from .peer import echo, handshake


def app() -> App:
    app = App()
    app.websocket("/echo")(echo)

    @app.websocket("/{name}/close/{code:int}")
    async def close(ws: WebSocket) -> None:
        await ws.close(ws.request.path_params["code"], ws.request.path_params["name"])

    @app.websocket("/closed", cors=Policy(["https://page.example"]))
    async def closed(ws: WebSocket) -> None:
        raise HTTPError(401, "who are you?", {"WWW-Authenticate": "Basic"})

    return app


@pytest.fixture(scope="module", params=["plain", "tls"])
def opening(request: pytest.FixtureRequest) -> Any:
    """A function that opens a WebSocket at a path of the app."""
    options: dict[str, Any] = {}
    client_options: dict[str, Any] = {}
    if request.param == "tls":
        authority = trustme.CA()
        options["ssl_context"] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(options["ssl_context"])
        client_options["ssl"] = ssl.create_default_context()
        authority.configure_trust(client_options["ssl"])
    with running(app(), **options) as server:

        def open_at(path: str, **more: Any) -> ClientConnection:
            url = server.url.replace("http", "ws", 1) + path
            client: ClientConnection = connect(url, open_timeout=10, close_timeout=10, **client_options, **more)
            return client

        yield open_at


@pytest.mark.parametrize("compression", ["deflate", None])
def test_messages_of_every_size_come_back(opening: Any, compression: str | None) -> None:
    with opening("/echo", compression=compression, max_size=None) as client:
        for message in ("", "a", "ä" * 5000, b"", b"\xff" * 125, b"\xfe" * 65536, "x" * 3_000_000, bytes(3_000_000)):
            client.send(message)
            assert client.recv(10) == message
        client.send(("frag", "", "ments"))
        assert client.recv(10) == "fragments"
        client.send(str(n) for n in range(50))
        assert client.recv(10) == "".join(map(str, range(50)))
        assert client.ping().wait(10)
        for n in range(500):
            client.send(str(n))
        assert [client.recv(10) for _ in range(500)] == [str(n) for n in range(500)]
    assert (client.close_code, client.close_reason) == (1000, "")


@pytest.mark.parametrize("code", [1000, 1001, 1003, 1008, 1013, 3000, 4999])
def test_the_code_and_the_reason_of_a_close_arrive(opening: Any, code: int) -> None:
    with opening(f"/bye/close/{code}") as client, pytest.raises(ConnectionClosed) as caught:
        client.recv(10)
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (code, "bye")


def test_refusals_are_answers(opening: Any) -> None:
    foreign = {"origin": "https://a.example"}
    for path, options, status in (("/closed", {}, 401), ("/closed", foreign, 403), ("/", {}, 404)):
        with pytest.raises(InvalidStatus) as caught, opening(path, **options):
            pass
        assert caught.value.response.status_code == status


@pytest.mark.parametrize("compressed", [False, True])
async def test_wsprotos_client(compressed: bool) -> None:
    client = WSConnection(ConnectionType.CLIENT)
    extensions = [PerMessageDeflate()] if compressed else []
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, app(), port=0))
            stream = await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)

            async def talk(event: Event | None) -> list[Event]:
                if event is not None:
                    await stream.send_all(client.send(event))
                found: list[Event] = []
                while not found:
                    client.receive_data(await stream.receive_some() or None)
                    found = list(client.events())
                return found

            (accepted,) = await talk(Request(host="localhost", target="/echo", extensions=extensions))
            assert isinstance(accepted, AcceptConnection)
            assert bool(accepted.extensions) == compressed
            assert await talk(Ping(b"p")) == [Pong(b"p")]
            assert await talk(TextMessage("hello " * 30)) == [TextMessage("hello " * 30)]
            await stream.send_all(client.send(BytesMessage(b"in ", message_finished=False)))
            assert await talk(BytesMessage(b"two")) == [BytesMessage(b"in two")]
            assert await talk(CloseConnection(4000, "bye")) == [CloseConnection(4000, "bye")]
            assert await stream.receive_some() == b""
            await stream.aclose()
            server.stop()


@pytest.mark.parametrize("lobby", [True, False])
async def test_a_server_that_stops_tells_every_client_and_waits_for_them_within_the_grace(lobby: bool) -> None:
    codes: list[int] = []

    def listen(url: str) -> None:
        with connect(url) as client:
            client.send("ready")
            client.recv(10)
            with pytest.raises(ConnectionClosed) as caught:
                client.recv(10)
        assert caught.value.rcvd is not None
        codes.append(caught.value.rcvd.code)

    ready = 0
    all_ready = trio.Event()

    async def handler(ws: WebSocket) -> None:
        nonlocal ready
        async for message in ws:
            await ws.send(message)
            ready += 1
            if ready == 3:
                all_ready.set()

    hosted = App()
    hosted.websocket("/")(handler)
    with recorded() as records, trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            limits = Limits(grace_seconds=10)
            server: Server = await nursery.start(partial(serve, hosted, port=0, limits=limits, lobby=lobby))
            async with trio.open_nursery() as clients:
                for _ in range(3):
                    clients.start_soon(trio.to_thread.run_sync, listen, server.url.replace("http", "ws"))
                await all_ready.wait()
                start = trio.current_time()
                server.stop()
                await server.wait_stopped()
                assert trio.current_time() - start < 5
    assert codes == [1001] * 3
    assert records.errors == []


async def test_a_client_that_never_answers_the_close_is_cut_at_the_end_of_the_grace() -> None:
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, app(), port=0))
            stream = await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)
            await stream.send_all(handshake(path="/echo"))
            await stream.receive_some()
            start = trio.current_time()
            server.stop(grace=0.3)
            await server.wait_stopped()
            assert 0.3 <= trio.current_time() - start < 3
            await stream.aclose()
