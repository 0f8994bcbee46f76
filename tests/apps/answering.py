"""Apps that answer as they are asked, and the ways in which each kind of app can be made to answer."""

from collections.abc import AsyncIterator, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from corserver import App, HTTPError, Limits, Request, Response

from .websocket.peer import handshake


async def native(request: Request) -> Response:
    match str(request.path).removeprefix("/"):
        case "raises":
            raise RuntimeError("oops")
        case "json":
            return Response.json(await request.json())
        case "reads":
            return Response(await request.body())
        case "stream":
            return Response(pieces(), headers={"X-Id": "7"})
    status = int(request.path.segments[-1])
    if status >= 400:
        raise HTTPError(status, "as asked", {"X-Id": "7"})
    own = {"X-Id": "7", "ETag": '"1"', "Access-Control-Max-Age": "9"} if request.headers.get("x-own") else {"X-Id": "7"}
    return Response(b"", status, own)


async def pieces() -> AsyncIterator[bytes]:
    yield b"piece"


async def of_asgi(scope: Any, receive: Any, send: Any) -> None:
    path = scope["path"].removeprefix("/")
    if scope["type"] == "websocket":
        await receive()
        if path != "close":
            start = {"status": int(path), "headers": [(b"access-control-allow-origin", b"*")]}
            await send({"type": "websocket.http.response.start", **start})
            await send({"type": "websocket.http.response.body", "body": b"no"})
            return
        await send({"type": "websocket.close"})
        return
    if path == "raises":
        raise RuntimeError("oops")
    while path == "reads" and (await receive()).get("more_body"):
        pass
    status = 200 if path == "reads" else int(path)
    headers = [(b"x-id", b"7"), (b"access-control-allow-origin", b"https://own.example")]
    await send({"type": "http.response.start", "status": status, "headers": headers if status != 204 else []})
    await send({"type": "http.response.body", "body": b""})


def of_wsgi(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    path = environ["PATH_INFO"].removeprefix("/")
    if path == "raises":
        raise RuntimeError("oops")
    if path == "reads":
        environ["wsgi.input"].read()
    status = 200 if path == "reads" else int(path)
    start_response(f"{status} Status", [("X-Id", "7"), ("access-control-allow-origin", "https://own.example")])
    return []


# ------------------------------------------------------------------------------------------------------- the requests

#: What a row asks for: method, target and lines beside Origin, and the status that answers it.
Row = tuple[int, str, str, list[str]]
LONG, TIGHT = "Content-Length: 999999", Limits(body=1000, fields=40)
#: The server's own answers, before any app's.
SERVERS: list[Row] = [
    (400, "GET", "/%zz", []),
    (400, "GET", "/a/%2e%2E/b", []),
    (400, "GET", "no-slash", []),
    (400, "GET", "/200", ["Bad[Name: 1"]),
    (400, "POST", "/200", ["Content-Length: 1", "Transfer-Encoding: chunked"]),
    (403, "GET", "http://elsewhere.example/200", []),
    (413, "POST", "/200", [LONG]),
    (414, "GET", "/" + "a" * 9000, []),
    (417, "POST", "/200", ["Expect: tea"]),
    (431, "GET", "/200", [f"X-{number}: 1" for number in range(50)]),
    (431, "GET", "/200", ["Cookie: " + "c" * 40000]),
    (501, "CONNECT", "/200", []),
    (501, "POST", "/200", ["Transfer-Encoding: gzip, chunked"]),
]
#: Statuses that an app answers with by itself.
ITS_OWN = [200, 201, 204, 206, 301, 308, 304, 400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 415, 416, 421, 429, 500]
ITS_OWN += [501, 502, 503, 504, 508]
APPS: list[Row] = [(status, "GET", f"/{status}", []) for status in ITS_OWN]
APPS += [(500, "GET", "/raises", []), (404, "HEAD", "/404", []), (413, "POST", "/reads", [LONG])]
NATIVES: list[Row] = [(200, "GET", "/200", ["X-Own: 1"]), (200, "GET", "/stream", []), (400, "POST", "/json", [])]
ROUTES: list[Row] = [(405, "DELETE", "/200", []), (501, "BREW", "/200", []), (404, "GET", "/a/b", [])]
ROUTES += [(204, "OPTIONS", "/200", ["X-A: 1"])]
UPGRADE = handshake().decode().split("\r\n")[2:-2]
SOCKETS: list[Row] = [(429, "GET", "/429", UPGRADE), (403, "GET", "/close", UPGRADE), (400, "POST", "/429", UPGRADE)]
FILES: list[Row] = [
    (200, "GET", "/a.txt", []),
    (200, "GET", "/list/", []),
    (206, "GET", "/a.txt", ["Range: bytes=0-1"]),
    (206, "GET", "/a.txt", ["Range: bytes=0-0,2-2"]),
    (301, "GET", "/list", []),
    (304, "GET", "/a.txt", ["If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT"]),
    (404, "GET", "/nothing", []),
    (405, "PUT", "/a.txt", []),
    (412, "GET", "/a.txt", ['If-Match: "x"']),
    (416, "GET", "/a.txt", ["Range: bytes=100-"]),
    (204, "OPTIONS", "/a.txt", []),
]
LOGIN: list[Row] = [(401, "GET", "/a.txt", []), (401, "PUT", "/nothing", [])]
FALLBACK: list[Row] = [(200, "GET", "/a.txt", []), (301, "GET", "/list", [])]


def router() -> App:
    app = App()

    async def answer(request: Request) -> Response:
        return await native(request)

    for method in ("GET", "POST"):
        app.route("/{what}", methods=[method])(answer)
    return app
