"""Flask over real sockets: routes, cookies and sessions, uploads, streams, files, and mistakes."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.validate import validator

import flask
import httpx
import pytest
from werkzeug.datastructures import FileStorage

from corserver import App, Limits, Policy
from corserver.apps.wsgi import wsgi
from corserver.testing import Running, running

from ...http.transcript import recorded

SITE = "https://site.example"


def make_app(file: Path) -> flask.Flask:
    app = flask.Flask("app")
    app.secret_key = "a key of the tests"

    @app.route("/items/<int:number>", methods=["GET", "PUT"])
    def item(number: int) -> dict[str, Any]:
        return {"number": number, "query": flask.request.args.to_dict(), "method": flask.request.method}

    @app.get("/count")
    def count() -> str:
        flask.session["count"] = flask.session.get("count", 0) + 1
        return str(flask.session["count"])

    @app.post("/upload")
    def upload() -> dict[str, Any]:
        found: FileStorage = flask.request.files["file"]
        return {"name": found.filename, "size": len(found.read()), "note": flask.request.form["note"]}

    @app.post("/json")
    def json() -> Any:
        return flask.request.get_json()

    @app.post("/raw")
    def raw() -> str:
        return str(sum(len(piece) for piece in iter(lambda: flask.request.stream.read(65536), b"")))

    @app.get("/stream")
    def stream() -> flask.Response:
        def pieces() -> Iterator[str]:
            for number in range(1000):
                yield f"{number} {flask.request.args['word']}\n"

        return flask.Response(flask.stream_with_context(pieces()), mimetype="text/plain")

    @app.get("/file")
    def send() -> flask.Response:
        return flask.send_file(file, mimetype="application/octet-stream")

    @app.get("/made")
    def made() -> flask.Response:
        return flask.send_file(io.BytesIO(b"made" * 1000), mimetype="text/plain")

    @app.get("/mistake")
    def mistake() -> str:
        raise LookupError("a view's mistake")

    @app.get("/late")
    def late() -> flask.Response:
        def pieces() -> Iterator[bytes]:
            yield b"one"
            raise LookupError("a stream's mistake")

        return flask.Response(pieces())

    return app


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("files") / "data.bin"
    found.write_bytes(os.urandom(500_000))
    return found


@pytest.fixture(scope="module", params=["plain", "validated"])
def server(request: pytest.FixtureRequest, file: Path) -> Iterator[Running]:
    app = make_app(file)
    hosted = wsgi(validator(app) if request.param == "validated" else app)
    with running(hosted, cors=Policy([SITE], ["GET", "PUT"]), limits=Limits(body=10_000_000)) as found:
        yield found


@pytest.fixture
def client(server: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers={"Origin": SITE}) as found:
        yield found


def test_routes(client: httpx.Client) -> None:
    assert client.get("/items/7?a=b").json() == {"number": 7, "query": {"a": "b"}, "method": "GET"}
    assert client.put("/items/7").json()["method"] == "PUT"
    options = client.options("/items/7")
    assert {"GET", "HEAD", "OPTIONS", "PUT"} == {method.strip() for method in options.headers["allow"].split(",")}
    head = client.head("/items/7")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/items/x", 404), ("DELETE", "/items/7", 405), ("POST", "/json", 415), ("GET", "/mistake", 500)],
)
def test_flasks_own_errors_carry_the_policys_headers(client: httpx.Client, method: str, path: str, status: int) -> None:
    with recorded() as records:
        answer = client.request(method, path)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, SITE)
    assert answer.headers["vary"] == "Origin"
    assert records.own_faults == []


def test_sessions(client: httpx.Client) -> None:
    assert [client.get("/count").text for _ in range(3)] == ["1", "2", "3"]


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_uploads(client: httpx.Client, size: int) -> None:
    answer = client.post("/upload", files={"file": ("caf\xe9.bin", b"x" * size)}, data={"note": "\u20ac"})
    assert answer.json() == {"name": "caf\xe9.bin", "size": size, "note": "\u20ac"}


def test_json(
    file: Path,
) -> None:  # Not validated: Werkzeug calls `read()`, which PEP 3333 allows, and wsgiref does not.
    with running(wsgi(make_app(file))) as server:
        answer = httpx.post(f"{server.url}/json", json={"a": [1, "\u20ac"]})
    assert answer.json() == {"a": [1, "\u20ac"]}


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_that_is_read_piece_by_piece(client: httpx.Client, framing: str) -> None:
    body: Any = b"x" * 1_000_000 if framing == "length" else (b"x" * 1000 for _ in range(1000))
    assert client.post("/raw", content=body).text == "1000000"


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_beyond_the_servers_limit_is_a_413_that_a_script_can_read(client: httpx.Client, framing: str) -> None:
    body: Any = b"x" * 11_000_000 if framing == "length" else (b"x" * 100_000 for _ in range(110))
    with recorded() as records:
        answer = client.post("/raw", content=body)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (413, SITE)
    assert records.own_faults == []


def test_streams(client: httpx.Client) -> None:
    answer = client.get("/stream", params={"word": "caf\xe9"})
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.text == "".join(f"{number} caf\xe9\n" for number in range(1000))


def test_files(client: httpx.Client, file: Path) -> None:
    answer = client.get("/file")
    assert (answer.content, answer.headers["content-length"]) == (file.read_bytes(), "500000")
    again = client.get("/file", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    part = client.get("/file", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, file.read_bytes()[100:200])
    assert client.get("/made").content == b"made" * 1000


def test_a_stream_that_fails_is_cut(client: httpx.Client) -> None:
    with recorded() as records, pytest.raises(httpx.TransportError):
        client.get("/late")
    assert "a stream's mistake" in records.errors[0]


def test_below_a_mount_flasks_urls_have_its_prefix(file: Path) -> None:
    app, router = make_app(file), App()

    @app.get("/link")
    def link() -> str:
        return flask.url_for("item", number=7)

    router.mount("/old", wsgi(app))
    with running(router) as server:
        assert httpx.get(f"{server.url}/old/link").text == "/old/items/7"
