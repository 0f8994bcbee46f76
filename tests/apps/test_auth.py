"""A name and a password before an app."""

import contextlib
import functools
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import trio

from corserver import App, Policy, Request, Response, Server, StaticFiles, serve
from corserver.apps.auth import BasicAuth
from corserver.http.header_lines import Headers
from corserver.http.messages import HTTPError
from tests.apps.files.site import make_request


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


async def answer(request: Request) -> Response:
    return Response(str(request.path))


@pytest.fixture
def guarded() -> BasicAuth:
    app = App()
    app.get("/x")(answer)
    return BasicAuth(app, {"ada": "lö:ve", "bob": "two"})


@pytest.mark.parametrize("user", ["ada:lö:ve", "bob:two"])
@pytest.mark.parametrize("scheme", ["Basic ", "basic ", "BASIC   "])
async def test_who_knows_is_let_in(guarded: BasicAuth, user: str, scheme: str) -> None:
    line = scheme + basic(user).removeprefix("Basic ")

    assert (await guarded(make_request("/x", headers={"authorization": line}))).status == 200
    with pytest.raises(HTTPError) as raised:
        await guarded(make_request("/nope", headers={"authorization": line}))
    assert raised.value.status == 404


@pytest.mark.parametrize(
    "line",
    [
        None,
        "",
        "Basic",
        "Basic ",
        basic("ada:two"),
        basic("ada:"),
        basic("ada"),
        basic(""),
        basic("ADA:lö:ve"),
        basic("ada:lö:ve "),
        basic("ada:lö:ve") + "!",
        basic("ada:lö:ve")[:-3],
        "Bearer " + b64encode(b"bob:two").decode(),
        "Basic bob:two",
        "Basic " + b64encode("ada:lö:ve".encode("latin-1")).decode(),
        "Basic \xff\xfe",
        basic("bob:two") + ", " + basic("bob:two"),
    ],
)
@pytest.mark.parametrize(("target", "method"), [("/x", "GET"), ("/nope", "GET"), ("/x", "OPTIONS"), ("/x", "POST")])
async def test_nobody_else_is(guarded: BasicAuth, line: str | None, target: str, method: str) -> None:
    headers = {} if line is None else {"authorization": line}
    with pytest.raises(HTTPError) as raised:
        await guarded(make_request(target, method, headers))
    response = raised.value.response()

    assert response.status == 401
    assert response.header(b"www-authenticate") == b'Basic realm="corserver", charset="UTF-8"'
    assert response.body == b"401 Unauthorized\n\na name and a password are asked for here\n"


async def test_two_lines_are_none(guarded: BasicAuth) -> None:
    line = (b"authorization", basic("bob:two").encode())
    request = make_request("/x")
    with pytest.raises(HTTPError):
        await guarded(Request(method="GET", target="/x", path=request.path, headers=Headers((line, line))))


@pytest.mark.parametrize(
    ("users", "realm", "words"),
    [
        ({}, "x", "nobody"),
        ({"a:b": "c"}, "x", "no colon"),
        ({"a": "b\n"}, "x", "control characters"),
        ({"a": "b"}, 'x"', "without quotes"),
        ({"a": "b"}, "ü", "in ASCII"),
    ],
)
def test_mistakes_are_said(users: dict[str, str], realm: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        BasicAuth(App(), users, realm=realm)


async def test_the_apps_life_and_policy_are_its_own() -> None:
    lived = []

    @contextlib.asynccontextmanager
    async def life(app: App) -> AsyncIterator[None]:
        lived.append("begun")
        yield
        lived.append("ended")

    app = App(cors=Policy(["https://a.example"], methods=["GET"]), lifespan=life)
    assert BasicAuth(app, {"a": "b"}).cors.default_policy == app.cors.default_policy
    assert BasicAuth(answer, {"a": "b"}).cors is None
    async with BasicAuth(app, {"a": "b"}):
        assert lived == ["begun"]
    async with BasicAuth(answer, {"a": "b"}):
        assert lived == ["begun", "ended"]


async def test_a_preflight_needs_no_password_and_the_401_can_be_read(nursery: trio.Nursery, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    policy = Policy(["https://a.example"], methods=["GET"], headers=["authorization"])
    app = BasicAuth(StaticFiles(tmp_path), {"ada": "love"})
    server: Server = await nursery.start(functools.partial(serve, app, port=0, cors=policy))
    async with httpx.AsyncClient(base_url=server.url, headers={"Origin": "https://a.example"}) as client:
        wanted = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
        preflight = await client.options("/a.txt", headers=wanted)
        refused = await client.get("/a.txt")
        read = await client.get("/a.txt", auth=("ada", "love"))
        plain = await client.options("/a.txt")
    nursery.cancel_scope.cancel()

    assert preflight.status_code == 204
    assert refused.status_code == plain.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://a.example"
    assert (read.status_code, read.text) == (200, "a")
