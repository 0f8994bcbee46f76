"""`App`: which handler answers, what becomes of its return value, and which policy goes with it."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from corserver.apps.router import App, to_response
from corserver.cors.scopes import Path
from corserver.http.messages import HTTPError, Request, Response


def a_request(method: str, target: str) -> Request:
    return Request(method=method, target=target, path=Path.parse(target.partition("?")[0].encode()))


async def ask(app: App, method: str, target: str) -> tuple[int, Any, str | None]:
    """Status, body and Allow, an HTTPError made a response as the connection does it."""
    try:
        response = await app(a_request(method, target))
    except HTTPError as error:
        response = error.response()
    allow = response.header(b"allow")
    return response.status, response.body, None if allow is None else allow.decode()


async def handler(request: Request) -> None:
    return None


@pytest.fixture
def app() -> App:
    app = App()

    @app.get("/items/{id:int}")
    async def by_number(request: Request) -> dict[str, Any]:
        return {"number": request.path_params["id"]}

    @app.get("/items/{name}")
    async def by_name(request: Request) -> dict[str, Any]:
        return {"name": request.path_params["name"]}

    @app.put("/items/{name}")
    async def put(request: Request) -> str:
        return "put"

    @app.get("/items/new")
    async def new(request: Request) -> str:
        return "new"

    @app.get("/rest/{rest:path}")
    async def rest(request: Request) -> str:
        return str(request.path_params["rest"])

    @app.head("/items/new")
    async def new_head(request: Request) -> Response:
        return Response(headers={"X-Own-Head": "1"})

    return app


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/items/7", (200, b'{"number":7}', None)),
        ("GET", "/items/seven", (200, b'{"name":"seven"}', None)),
        ("GET", "/items/new", (200, b"new", None)),
        ("PUT", "/items/7", (200, b"put", None)),
        ("PUT", "/items/new", (200, b"put", None)),
        ("HEAD", "/items/7", (200, b'{"number":7}', None)),
        ("HEAD", "/items/new", (200, b"", None)),
        ("GET", "/rest/a/b%2Fc/", (200, b"a/b/c/", None)),
        ("GET", "//items///7", (200, b'{"number":7}', None)),
        ("GET", "/items/a%20b", (200, b'{"name":"a b"}', None)),
        ("OPTIONS", "/items/7", (204, b"", "GET, HEAD, OPTIONS, PUT")),
        ("OPTIONS", "/items/new", (204, b"", "GET, HEAD, OPTIONS, PUT")),
    ],
)
async def test_the_most_specific_route_that_has_the_method_answers(
    app: App, method: str, target: str, expected: tuple[int, bytes, str | None]
) -> None:
    assert expected == await ask(app, method, target)


@pytest.mark.parametrize(
    ("method", "target", "status", "allow"),
    [
        ("DELETE", "/items/7", 405, "GET, HEAD, OPTIONS, PUT"),
        ("FOO", "/items/7", 501, "GET, HEAD, OPTIONS, PUT"),
        ("get", "/items/7", 501, "GET, HEAD, OPTIONS, PUT"),
        ("GET", "/items", 404, None),
        ("GET", "/items/7/", 404, None),
        ("GET", "/items/%ff", 404, None),
        ("GET", "/rest", 404, None),
        ("OPTIONS", "/nothing", 404, None),
    ],
)
async def test_the_rest_is_404_or_405_with_allow(
    app: App, method: str, target: str, status: int, allow: str | None
) -> None:
    answer = await ask(app, method, target)
    assert (status, allow) == (answer[0], answer[2])


async def test_each_method_of_a_path_has_its_own_parameter_names() -> None:
    app = App()

    @app.get("/items/{id}")
    async def get(request: Request) -> dict[str, Any]:
        return dict(request.path_params)

    @app.put("/items/{name}")
    async def put(request: Request) -> dict[str, Any]:
        return dict(request.path_params)

    assert (await ask(app, "GET", "/items/a"))[1] == b'{"id":"a"}'
    assert (await ask(app, "PUT", "/items/a"))[1] == b'{"name":"a"}'


async def test_a_handlers_parameters_are_its_own() -> None:
    async def adding(request: Request) -> dict[str, Any]:
        had = dict(request.path_params)
        request.path_params["mine"] = True  # type: ignore[index]
        return had

    app = App()
    app.get("/routed/{id}")(adding)
    inner = App()
    inner.get("/inner")(adding)
    app.mount("/mounted/{id}", inner)
    for target in ("/routed/1", "/mounted/1/inner"):
        assert [(await ask(app, "GET", target))[1] for _ in range(2)] == [b'{"id":"1"}'] * 2, target


async def test_a_mount_gets_what_no_route_has_with_the_path_below_it(app: App) -> None:
    async def mounted(request: Request) -> Response:
        if request.method != "GET":
            raise HTTPError(405, headers={"Allow": "GET"})
        if str(request.path) == "/items/8":
            raise HTTPError(404)
        return Response(f"{request.mount}|{request.path}")

    app.mount("/", mounted)
    app.mount("/deep/er", mounted)
    assert (await ask(app, "GET", "/x/y"))[1] == b"/|/x/y"
    assert (await ask(app, "GET", "/deep/er/x/"))[1] == b"/deep/er|/x/"
    assert (await ask(app, "GET", "/deep/er"))[1] == b"/deep/er|/"
    assert (await ask(app, "GET", "/items/7"))[0] == 200
    assert (await ask(app, "POST", "/x"))[0] == 405


async def test_a_route_says_more_of_its_path_than_a_mount_that_does_not_have_it() -> None:
    async def empty(request: Request) -> Response:
        raise HTTPError(404)

    app = App()
    app.mount("/", empty)

    @app.put("/items/{id}")
    async def put(request: Request) -> str:
        return "put"

    status, _, allow = await ask(app, "GET", "/items/7")
    assert (status, allow) == (405, "OPTIONS, PUT")
    assert (await ask(app, "GET", "/other"))[0] == 404


@pytest.mark.parametrize(
    ("returned", "status", "body", "content_type"),
    [
        ("text", 200, b"text", b"text/plain; charset=utf-8"),
        (b"bytes", 200, b"bytes", b"application/octet-stream"),
        ({"a": 1}, 200, b'{"a":1}', b"application/json"),
        ([1, "ü"], 200, '[1,"ü"]'.encode(), b"application/json"),
        (None, 204, b"", None),
        (Response("x", 201), 201, b"x", b"text/plain; charset=utf-8"),
    ],
)
def test_a_return_value_becomes_a_response(
    returned: object, status: int, body: bytes, content_type: bytes | None
) -> None:
    response = to_response(returned)
    assert (status, body, content_type) == (response.status, response.body, response.header(b"content-type"))


def test_anything_else_is_an_error_that_says_what_to_return() -> None:
    with pytest.raises(TypeError, match="returns a Response, str, bytes, dict, list or None, not int"):
        to_response(7)


def test_mistakes_are_found_when_the_route_is_made() -> None:
    app = App()

    app.get("/a")(handler)
    with pytest.raises(ValueError, match="/a stands twice for GET"):
        app.get("/a")(handler)
    for path, methods, words in (
        ("a", ["GET"], "begins with a slash"),
        ("/{a:integer}", ["GET"], "not a parameter type"),
        ("/b", [], "at least one method"),
        ("/b", ["GET", "put"], "compared with their case: write 'PUT'"),
    ):
        with pytest.raises(ValueError, match=words):
            app.route(path, methods=methods)
    app.route("/b", methods="PROPFIND")(handler)
    assert app.cors.scopes[-1].methods == ("PROPFIND",)
    with pytest.raises(TypeError, match="write `async def plain`"):

        @app.get("/c")  # type: ignore[arg-type]
        def plain(request: Request) -> None: ...


async def test_a_lifespan_is_around_the_app_and_its_mounts() -> None:
    seen = []

    def life(name: str) -> Any:
        @contextlib.asynccontextmanager
        async def lifespan(app: App) -> AsyncIterator[None]:
            seen.append(f"{name} in")
            yield
            seen.append(f"{name} out")

        return lifespan

    app, inner = App(lifespan=life("app")), App(lifespan=life("inner"))
    app.mount("/inner", inner)
    app.mount("/again", inner)
    async with app:
        seen.append("served")
    assert seen == ["app in", "inner in", "served", "inner out", "app out"]


async def test_an_app_that_two_mounted_apps_mount_is_entered_once_each_time() -> None:
    seen = []

    @contextlib.asynccontextmanager
    async def life(app: App) -> AsyncIterator[None]:
        seen.append("in")
        yield
        seen.append("out")

    outer, inner, parents = App(), App(lifespan=life), (App(), App())
    for number, parent in enumerate(parents):
        parent.mount("/inner", inner)
        outer.mount(f"/{number}", parent)
    for entered in (outer, parents[1], outer):
        async with entered:
            assert seen.pop() == "in"
        assert seen.pop() == "out"
        assert not seen
