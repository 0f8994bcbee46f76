"""Files first, the rest to the upstream."""

from pathlib import Path

import pytest

from corserver import Request, Response, StaticFiles
from corserver.apps.proxy import Fallback, Proxy
from tests.http.peer import request

from .upstreams import Peer, answers, ask, ok, serving, upstream


async def answering(peer: Peer, number: int) -> None:
    while head := await peer.head():
        await peer.exactly(3 if b"content-length: 3" in head else 0)
        await peer.say(ok(b"from behind"))


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (request("GET", "/a.txt"), b"a file"),
        (request("GET", "/"), b"from behind"),
        (request("GET", "/api/x"), b"from behind"),
        (request("POST", "/a.txt", body=b"abc"), b"from behind"),
        (request("OPTIONS", "/a.txt"), b"from behind"),
        (request("GET", "/a.txt", "Connection: Upgrade", "Upgrade: websocket"), b"from behind"),
        (request("GET", "/a.txt", "Connection: Upgrade", "Upgrade: h2c"), b"a file"),
    ],
)
async def test_what_is_no_file_is_asked_for_behind(tmp_path: Path, data: bytes, body: bytes) -> None:
    (tmp_path / "a.txt").write_text("a file")
    async with upstream(answering) as there:
        app = Fallback(StaticFiles(tmp_path, listing=False), Proxy(there.url))
        async with serving(app) as server:
            assert (await ask(server, data)).body == body


def test_both_are_told_that_the_server_stops_and_the_first_is_asked_what_it_is() -> None:
    class Told:
        cors = None
        own_cors = "app.add_middleware(CORSMiddleware, ...)"

        def __init__(self) -> None:
            self.times = 0

        async def __call__(self, request: Request) -> Response:
            return Response()

        def stopping(self) -> None:
            self.times += 1

    first, second = Told(), Told()
    app = Fallback(first, second)
    app.stopping()
    assert (first.times, second.times, app.own_cors) == (1, 1, first.own_cors)


async def test_other_refusals_are_the_first_ones_own_and_both_are_entered_and_left(tmp_path: Path) -> None:
    lived = []

    class Living:
        async def __call__(self, request: Request) -> Response:
            return Response("no", 404 if request.target == "/404" else 403)

        async def __aenter__(self) -> None:
            lived.append("entered")

        async def __aexit__(self, *exc_info: object) -> None:
            lived.append("left")

    async with upstream(answers(ok(b"behind"))) as there, serving(Fallback(Living(), Proxy(there.url))) as server:
        assert (await ask(server, request("GET", "/"))).status == 403
        assert (await ask(server, request("GET", "/404"))).body == b"behind"
    assert lived == ["entered", "left"]
