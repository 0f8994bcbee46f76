"""The health endpoint, and draining."""

from functools import partial

import pytest
import trio

from corserver import Entry, Policy, Request, Response, Server, serve
from corserver.http.health import health_path
from corserver.http.server import Policies

from .peer import Answer, read_answers, request

SITE = "https://site.example"


async def app(request: Request) -> Response:
    return Response("the app")


async def ask(server: Server, data: bytes) -> Answer:
    stream = await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)
    async with stream:
        await stream.send_all(data)
        await stream.send_eof()
        received = b"".join([chunk async for chunk in stream])
    (answer,) = read_answers(received, [data.split(b" ")[0].decode()])
    return answer


def probe(method: str = "GET", host: str = "localhost") -> bytes:
    return request(method, "/healthz", f"Origin: {SITE}").replace(b"localhost", host.encode())


async def test_it_answers_anybody_without_a_line_in_the_log_and_says_no_once_it_drains() -> None:
    entries: list[Entry] = []
    cors: Policies = Policy([SITE], methods=["GET"])
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(
                partial(serve, app, port=0, health="/healthz", access_log=entries.append, cors=cors)
            )
            answer = await ask(server, probe(host="10-0-0-7.pod.example"))
            assert (answer.status, answer.body, answer.cors) == (200, b"ok\n", {})
            assert (await ask(server, probe("HEAD"))).status == 200
            assert (await ask(server, probe("POST"))).body == b"the app"
            preflight = request("OPTIONS", "/healthz", f"Origin: {SITE}", "Access-Control-Request-Method: GET")
            assert (await ask(server, preflight)).status == 204
            server.drain()
            answer = await ask(server, probe())
            assert (answer.status, answer.get(b"connection")) == (503, [b"close"])
            answer = await ask(server, request("GET", "/"))
            assert (answer.status, answer.get(b"connection")) == (200, [b"close"])
            assert (await ask(server, preflight)).get(b"connection") == [b"close"]
            server.stop()
    assert [(entry.method, entry.target) for entry in entries] == [
        (b"POST", b"/healthz"),
        (b"OPTIONS", b"/healthz"),
        (b"GET", b"/"),
        (b"OPTIONS", b"/healthz"),
    ]


@pytest.mark.parametrize("path", ["", "healthz", "/a b", "/a?b", "/ä"])
def test_a_path_that_is_none_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="is no path for health checks"):
        health_path(path)
