"""Apps that may read a path in another way than the policies do: no policy of one path governs another one's answer."""

from collections.abc import Callable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from corserver import App, Policy, Request, Response, Scopes, asgi, wsgi
from corserver.apps.auth import BasicAuth
from corserver.apps.live import Live
from corserver.apps.proxy import Fallback, Proxy
from corserver.cors import Path
from corserver.http.exchange import Service
from corserver.http.polling import Poller

from ..http.kqueues import openers
from ..http.lobbies import attended_with, talk
from ..http.peer import ask, read_answers, request

SITE = "https://site.example"
OPEN, CLOSED = Policy("*"), Policy(["https://own.example"])
SCOPES = Scopes.of(
    {"/*": OPEN, "/private/*": CLOSED, "/private/lists/*": Policy(["https://own.example"]), "/no/*": None}
)
#: Each is the path of something private to somebody.
CONFUSING = [
    "/private%2Fkey",
    "/private%2fkey",
    "/%2Fprivate/key",
    "/public%2F..%2Fprivate/key",
    "/public/..%2Fprivate/key",
    "/public/..%5Cprivate/key",
    "/private%5Ckey",
    "/private;v=1/key",
    "/public/..;/private/key",
    "/public/..;a=b/private/key",
    "/.;/private/key",
    "/private/..%2Fpublic",
    "/no%2Fthing",
    "/private%2F..%2Fkey",
    "/private%2F%2E%2E",
    "/private;v%2F..%2Fkey",
    "//private/key",
    "/%2Fprivate/key",
]
PLAIN = ["/public%2Fthing", "/public;v=1", "/private/a%2Fb", "/private/key;v=1", "/private/lists%2Fa", "/public/..%2Fb"]
PLAIN += ["/public//thing", "//public", "/a/https://b"]


def environ_path(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode("latin-1")]


async def own(request: Request) -> Response:
    return Response(str(request.path))


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("it is not called")


def mounting(app: Any) -> App:
    router = App()
    router.mount("/below", app)
    return router


@pytest.mark.parametrize("target", CONFUSING)
async def test_a_path_that_an_app_may_read_as_one_of_another_policy_is_refused(target: str) -> None:
    service = Service(app=wsgi(environ_path), scopes=SCOPES)
    answer = await ask(service, request("GET", target, f"Origin: {SITE}"))
    assert answer.status == 400
    assert b"another one" in answer.body
    preflight = request("OPTIONS", target, f"Origin: {SITE}", "Access-Control-Request-Method: PUT")
    assert (await ask(service, preflight)).status == 400


@pytest.mark.parametrize("target", PLAIN)
async def test_one_of_the_same_policy_either_way_is_answered(target: str) -> None:
    answer = await ask(Service(app=wsgi(environ_path), scopes=SCOPES), request("GET", target, f"Origin: {SITE}"))
    assert answer.status == 200
    assert (b"access-control-allow-origin" in dict(answer.headers)) != target.startswith("/private")


@pytest.mark.parametrize("target", CONFUSING)
async def test_where_one_policy_is_for_all_paths_every_path_is_answered(target: str) -> None:
    answer = await ask(Service(app=wsgi(environ_path), scopes=Scopes.of(OPEN)), request("GET", target))
    assert answer.status == 200


@pytest.mark.parametrize("target", CONFUSING)
async def test_an_app_that_reads_paths_as_the_policies_do_gets_every_path(target: str) -> None:
    assert (await ask(Service(app=own, scopes=SCOPES), request("GET", target))).status == 200


@pytest.mark.parametrize("open_poller", openers().values(), ids=openers())
async def test_the_lobby_refuses_what_a_connection_refuses(open_poller: Callable[[], Poller]) -> None:
    preflight = request("OPTIONS", "/private;a/key", f"Origin: {SITE}", "Access-Control-Request-Method: PUT")
    async with attended_with(open_poller, Service(app=wsgi(environ_path), scopes=SCOPES)) as hall:
        for _ in range(3):
            assert [answer.status for answer in read_answers(await talk(hall, preflight))] == [400]


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        (own, False),
        (App(), False),
        (asgi(nothing), True),
        (wsgi(environ_path), True),
        (Proxy("http://localhost:9"), True),
        (BasicAuth(asgi(nothing), {"a": "b"}, realm="r"), True),
        (BasicAuth(own, {"a": "b"}, realm="r"), False),
        (Live(asgi(nothing)), True),
        (Fallback(own, Proxy("http://localhost:9")), True),
        (Fallback(own, own), False),
        (mounting(asgi(nothing)), True),
        (mounting(mounting(wsgi(environ_path))), True),
        (mounting(own), False),
    ],
)
def test_who_may_read_paths_in_another_way(app: Any, expected: bool) -> None:
    assert Service(app=app).decodes_path(Path(("below", "below")), "GET") is expected


@pytest.mark.parametrize("target", ["/items/a%2Fb", "//items/7", "/items//7", "/items/7;v=1", "/items/a%5Cb"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
async def test_where_no_hosted_app_answers_a_path_is_read_in_one_way(method: str, target: str) -> None:
    app = App()
    app.get("/items/{name}", cors=OPEN)(own)
    app.mount("/hosted", wsgi(environ_path), cors=CLOSED)
    head = request(method, target, f"Origin: {SITE}", *["Access-Control-Request-Method: GET"] * (method == "OPTIONS"))
    answer = await ask(Service(app=app, scopes=app.cors), head)
    assert answer.status == (204 if method == "OPTIONS" else 200)
    assert answer.get(b"access-control-allow-origin") == [b"*"]
    assert (await ask(Service(app=app, scopes=app.cors), request("GET", "/hosted/..;/items/7"))).status == 400
