"""Hosted apps that set CORS headers themselves: one right set with a policy, told once where to remove theirs; without
one all is left to them."""

from collections.abc import Callable, Iterable
from typing import Any

import flask
import flask_cors
import httpx
import pytest
import quart
import quart_cors
from django.conf import settings
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from werkzeug.middleware.proxy_fix import ProxyFix

from corserver import App, Policy
from corserver.apps.asgi import asgi
from corserver.apps.auth import BasicAuth
from corserver.apps.own_cors import own_cors
from corserver.apps.wsgi import wsgi
from corserver.testing import Running, running
from tests.trio_asyncio_here import needs_asyncio

from ..http.transcript import Records, recorded
from .wsgi.django_site import django_app

SITE, OTHER = "https://site.example", "https://other.example"
POLICY = Policy([SITE], ["GET", "PUT"], credentials=True, expose=["X-Total"])

Make = Callable[..., Any]


def starlette_app(origins: Iterable[str] = ("*",), credentials: bool = True) -> Starlette:
    async def hello(request: Request) -> PlainTextResponse:
        return PlainTextResponse("hello", headers={"X-Total": "7"})

    app = Starlette(routes=[Route("/", hello, methods=["GET", "PUT"])])
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["*"],
        allow_credentials=credentials,
        expose_headers=["X-Own"],
    )
    return app


def flask_app(origins: Iterable[str] = ("*",), credentials: bool = True) -> flask.Flask:
    app = flask.Flask("app")
    flask_cors.CORS(app, origins=list(origins), supports_credentials=credentials, expose_headers=["X-Own"])

    @app.route("/", methods=["GET", "PUT"])
    def hello() -> flask.Response:
        return flask.Response("hello", headers={"X-Total": "7"})

    return app


def django_site(origins: Iterable[str] = ("*",), credentials: bool = True) -> Any:
    app = django_app()
    everyone = "*" in origins
    settings.CORS_ALLOW_ALL_ORIGINS, settings.CORS_ALLOWED_ORIGINS = everyone, [] if everyone else list(origins)
    settings.CORS_ALLOW_CREDENTIALS, settings.CORS_EXPOSE_HEADERS = credentials, ["X-Own"]
    return app


NAMES = [pytest.param("starlette", marks=needs_asyncio), "flask-cors", "django-cors-headers"]
HOSTED: dict[str, tuple[Callable[[Any], Any], Make, str]] = {
    "starlette": (asgi, starlette_app, "app.add_middleware(CORSMiddleware, ...)"),
    "flask-cors": (wsgi, flask_app, "CORS(app) (flask-cors)"),
    "django-cors-headers": (
        wsgi,
        django_site,
        "'corsheaders.middleware.CorsMiddleware' in MIDDLEWARE (django-cors-headers)",
    ),
}


@pytest.fixture
def records() -> Iterable[Records]:
    with recorded() as found:
        yield found


def cors_of(answer: httpx.Response) -> list[tuple[str, str]]:
    return sorted(line for line in answer.headers.multi_items() if line[0].startswith("access-control-"))


def vary_of(answer: httpx.Response) -> list[str]:
    values = answer.headers.get_list("vary", split_commas=True)
    return sorted(value.lower() for value in values)


def ask(server: Running, method: str, origin: str | None, **headers: str) -> httpx.Response:
    lines = headers if origin is None else {"Origin": origin, **headers}
    return httpx.request(method, server.url, headers={name.replace("_", "-"): lines[name] for name in lines})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("origins", [["*"], [SITE, OTHER]])
def test_with_a_policy_there_is_one_right_set_and_one_warning(records: Records, name: str, origins: list[str]) -> None:
    host, make, where = HOSTED[name]
    with running(host(make(origins)), cors=POLICY) as server:
        unrelated, allowed, denied = (ask(server, "GET", origin) for origin in (None, SITE, OTHER))
        missing = httpx.get(f"{server.url}/missing", headers={"Origin": SITE})
    right = [
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-origin", SITE),
        ("access-control-expose-headers", "X-Total"),
    ]
    assert ["hello" in answer.text for answer in (unrelated, allowed, denied)] == [True] * 3
    assert [(name, value.lower()) for name, value in cors_of(allowed)] == [(n, v.lower()) for n, v in right]
    assert cors_of(missing) == cors_of(allowed)
    assert (cors_of(unrelated), cors_of(denied)) == ([], [])
    assert [vary_of(answer) for answer in (unrelated, allowed, denied, missing)] == [["origin"]] * 4
    (told,) = [record.getMessage() for record in records.records]
    assert where in told
    assert "are replaced by the policy's" in told


@pytest.mark.parametrize("name", NAMES)
def test_with_a_policy_no_preflight_reaches_the_app(records: Records, name: str) -> None:
    host, make, _ = HOSTED[name]
    with running(host(make([OTHER])), cors=POLICY) as server:
        allowed, denied = (
            ask(server, "OPTIONS", origin, Access_Control_Request_Method="PUT") for origin in (SITE, OTHER)
        )
        assert [request.reached_app for request in server.wait_for(2)] == [False, False]
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, SITE)
    assert (denied.status_code, cors_of(denied)) == (403, [])
    assert records.records == []


@pytest.mark.parametrize("name", NAMES)
def test_without_a_policy_the_app_answers_preflights_and_its_headers_are_as_it_made_them(
    records: Records, name: str
) -> None:
    host, make, _ = HOSTED[name]
    with running(host(make([SITE, "https://third.example"]))) as server:
        answer = ask(server, "GET", SITE)
        preflight = ask(server, "OPTIONS", SITE, Access_Control_Request_Method="PUT")
        refused = ask(server, "OPTIONS", OTHER, Access_Control_Request_Method="PUT")
        assert [request.reached_app for request in server.wait_for(3)] == [True] * 3
    assert dict(cors_of(answer))["access-control-allow-origin"] == SITE
    assert dict(cors_of(answer))["access-control-expose-headers"] == "X-Own"
    assert vary_of(answer) == ["origin"]
    assert preflight.status_code == 200
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert "access-control-allow-origin" not in refused.headers
    assert records.records == []


@pytest.mark.parametrize("name", NAMES)
def test_under_a_policy_for_all_the_apps_own_origin_is_no_second_one(records: Records, name: str) -> None:
    host, make, _ = HOSTED[name]
    with running(host(make([SITE], credentials=False)), cors=Policy("*", ["GET"])) as server:
        answer = ask(server, "GET", SITE)
    assert dict(cors_of(answer))["access-control-allow-origin"] == "*"
    assert len(records.records) == 1


def test_an_app_below_a_mount_and_behind_a_password_is_recognised(records: Records) -> None:
    router = App(cors=POLICY)
    router.mount("/old", wsgi(flask_app()))
    with running(BasicAuth(router, {"a": "b"})) as server:
        answer = httpx.get(f"{server.url}/old/", headers={"Origin": SITE}, auth=("a", "b"))
    assert answer.headers["access-control-allow-origin"] == SITE
    assert "CORS(app) (flask-cors)" in records.records[0].getMessage()


# ------------------------------------------------------------------------------------------------------- recognising


def fastapi_app() -> FastAPI:
    app = FastAPI()
    app.add_middleware(CORSMiddleware, allow_origins=["*"])
    return app


def cross_origin_app() -> flask.Flask:
    app = flask.Flask("app")

    @app.get("/")
    @flask_cors.cross_origin()
    def hello() -> str:
        return "hello"

    return app


def blueprint_app() -> flask.Flask:
    app, part = flask.Flask("app"), flask.Blueprint("part", __name__)
    flask_cors.CORS(part)
    app.register_blueprint(part)
    return app


def wrapped_flask_app() -> flask.Flask:
    app = flask.Flask("app")

    class Around:
        def __init__(self, inner: Any) -> None:
            self.app = inner

    app.wsgi_app = Around(app.wsgi_app)  # type: ignore[method-assign, assignment]
    flask_cors.CORS(app)
    return app


KNOWN: dict[str, tuple[Make, str]] = {
    "Starlette": (starlette_app, "app.add_middleware(CORSMiddleware, ...)"),
    "FastAPI": (fastapi_app, "app.add_middleware(CORSMiddleware, ...)"),
    "Starlette, around": (
        lambda: CORSMiddleware(Starlette(), allow_origins=["*"]),
        "CORSMiddleware(app, ...) (starlette)",
    ),
    "Starlette, wrapped": (lambda: GZipMiddleware(starlette_app()), "app.add_middleware(CORSMiddleware, ...)"),
    "flask-cors": (flask_app, "CORS(app) (flask-cors)"),
    "flask-cors behind a proxy": (lambda: ProxyFix(flask_app()), "CORS(app) (flask-cors)"),
    "flask-cors of a view": (cross_origin_app, "@cross_origin (flask-cors)"),
    "flask-cors of a blueprint": (blueprint_app, "CORS(app) (flask-cors)"),
    "flask-cors of a wrapped app": (wrapped_flask_app, "CORS(app) (flask-cors)"),
    "quart-cors": (lambda: quart_cors.cors(quart.Quart("app")), "cors(app) (quart-cors)"),
    "Starlette without": (Starlette, ""),
    "Flask without": (lambda: flask.Flask("app"), ""),
    "Quart without": (lambda: quart.Quart("app"), ""),
    "a function": (lambda: django_app, ""),
    "an app of itself": (lambda: _itself(), ""),
}


def _itself() -> Any:
    class Itself:
        app: Any

    itself = Itself()
    itself.app = itself
    return itself


@pytest.mark.parametrize(("make", "where"), KNOWN.values(), ids=KNOWN)
def test_what_sets_cors_headers_is_recognised(make: Make, where: str) -> None:
    assert own_cors(make()) == where
