"""What a hosted app is told of a request."""

from typing import Any

import pytest

from corserver import App, asgi

from .hosting import Message, Receive, Send, client, connect, receive_until, serving


def keeping(kept: list[Message]) -> Any:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        kept.append(scope)
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    return app


async def test_the_scope_is_exactly_that_of_the_specification() -> None:
    kept: list[Message] = []
    async with serving(keeping(kept), loop="trio", lifespan="off") as server, await connect(server) as stream:
        await stream.send_all(b"POST /a%20b/%C3%A9?x=%20y HTTP/1.1\r\nHost: localhost\r\nX-One: 1\r\nx-one: 2\r\n\r\n")
        await receive_until(stream, b"\r\n\r\n")
        here = stream.socket.getsockname()
    assert kept == [
        {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/a b/é",
            "raw_path": b"/a%20b/%C3%A9",
            "query_string": b"x=%20y",
            "root_path": "",
            "headers": [(b"host", b"localhost"), (b"x-one", b"1"), (b"x-one", b"2")],
            "client": here,
            "server": ("127.0.0.1", server.addresses[0].port),
            "extensions": {"http.response.pathsend": {}, "http.response.trailers": {}},
        }
    ]


@pytest.mark.parametrize(
    ("root", "target", "path", "raw", "root_path"),
    [
        ("/api", "/x", "/api/x", b"/api/x", "/api"),
        ("/api/", "/x", "/api/x", b"/api/x", "/api"),
        ("", "//x//", "//x//", b"//x//", ""),
    ],
)
async def test_a_root_path_stands_before_every_path(
    root: str, target: str, path: str, raw: bytes, root_path: str
) -> None:
    kept: list[Message] = []
    async with serving(keeping(kept), loop="trio", root_path=root) as server, await connect(server) as stream:
        await stream.send_all(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await receive_until(stream, b"\r\n\r\n")
    scope = kept[-1]
    assert (scope["path"], scope["raw_path"], scope["root_path"]) == (path, raw, root_path)


@pytest.mark.parametrize(
    ("target", "path"),
    [("/old/x/", "/old/x/"), ("/old", "/old"), ("//old//x", "/old/x"), ("/%6Fld/%20", "/old/ ")],
)
async def test_mounted_it_is_given_the_whole_path_and_the_mount_as_its_root(target: str, path: str) -> None:
    kept: list[Message] = []
    router = App()
    router.mount("/old", asgi(keeping(kept), loop="trio"))
    async with serving(router) as server, await connect(server) as stream:
        await stream.send_all(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await receive_until(stream, b"\r\n\r\n")
    assert (kept[-1]["path"], kept[-1]["root_path"]) == (path, "/old")


def test_a_root_path_without_its_slash_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with a slash"):
        asgi(keeping([]), root_path="api")


async def test_each_request_has_its_own_copy_of_the_state() -> None:
    seen: list[Any] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["shared"] = [1]
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        seen.append(dict(scope["state"]))
        scope["state"]["own"] = True
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})

    async with client(app, loop="trio") as http:
        await http.get("/")
        await http.get("/")
    assert seen == [{"shared": [1]}, {"shared": [1]}]
    assert seen[0]["shared"] is seen[1]["shared"]
