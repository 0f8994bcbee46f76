"""Django over real sockets: routes, cookies, uploads, streams, files, mistakes, and that each request is finished."""

import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from wsgiref.validate import validator

import httpx
import pytest

from corserver import App, Limits, Policy
from corserver.apps.wsgi import wsgi
from corserver.testing import Running, running

from ...http.transcript import recorded
from . import django_site
from .django_site import django_app

SITE = "https://site.example"


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("django")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


@pytest.fixture(scope="module", params=["plain", "validated"])
def server(request: pytest.FixtureRequest) -> Iterator[Running]:
    app = django_app()
    policy = Policy([SITE], ["GET", "POST"])
    hosted = wsgi(validator(app) if request.param == "validated" else app)
    with running(hosted, cors=policy, limits=Limits(body=None)) as found:
        yield found


@pytest.fixture
def client(server: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, headers={"Origin": SITE}) as found:
        yield found


def test_routes(client: httpx.Client) -> None:
    assert client.get("/?a=b").json() == {"hello": "nobody", "query": {"a": "b"}, "method": "GET", "url": "/"}
    answer = client.get("/hello/Zo\xeb/", params={"q": "\u20ac"})
    assert (answer.json()["hello"], answer.json()["query"]) == ("Zo\xeb", {"q": "\u20ac"})
    assert client.head("/stream/").content == b""
    assert client.get("/hello/slash").status_code == 301


def test_sessions(client: httpx.Client) -> None:
    assert [client.get("/count/").text for _ in range(3)] == ["1", "2", "3"]


@pytest.mark.parametrize(("size", "on_disk"), [(100, False), (3_000_000, True)])
def test_uploads(client: httpx.Client, size: int, on_disk: bool) -> None:
    answer = client.post("/upload/", files={"file": ("a.bin", b"x" * size)}, data={"note": "caf\xe9"})
    assert answer.json() == {"size": size, "on_disk": on_disk, "note": "caf\xe9"}


def test_a_body_that_is_read_piece_by_piece(client: httpx.Client) -> None:
    assert client.post("/raw/", content=b"x" * 1_000_000).text == "1000000"


def test_streams(client: httpx.Client) -> None:
    answer = client.get("/stream/")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.text == "".join(f"{number}\n" for number in range(1000))


def test_files(client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(500_000)
    (tmp_path / "data").write_bytes(data)
    monkeypatch.setenv("DJANGO_SITE_FILE", str(tmp_path / "data"))
    answer = client.get("/file/")
    assert (answer.content, answer.headers["content-length"]) == (data, "500000")
    assert client.head("/file/").headers["content-length"] == "500000"


def test_conditional_requests(client: httpx.Client) -> None:
    etag = client.get("/").headers["etag"]
    answer = client.get("/", headers={"If-None-Match": etag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["access-control-allow-origin"] == SITE


@pytest.mark.parametrize(("path", "status"), [("/missing/", 404), ("/nowhere/", 404), ("/mistake/", 500)])
def test_djangos_own_errors_carry_the_policys_headers(client: httpx.Client, path: str, status: int) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, SITE)


def test_a_stream_that_fails_is_cut(client: httpx.Client) -> None:
    with recorded() as records, pytest.raises(httpx.TransportError):
        client.get("/late/")
    assert "a stream's mistake" in records.errors[0]


def test_every_request_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").write_bytes(b"data")
    monkeypatch.setenv("DJANGO_SITE_FILE", str(tmp_path / "data"))
    paths = ["/", "/stream/", "/file/", "/mistake/"]
    with running(wsgi(django_app(), threads=2)) as server:
        assert [httpx.get(server.url + path).status_code for path in paths] == [200, 200, 200, 500]
    port = str(server.address[1])
    assert [path for asked, path in django_site.finished if asked == port] == paths


def test_below_a_mount_djangos_urls_have_its_prefix() -> None:
    router = App()
    router.mount("/old", wsgi(django_app()))
    with running(router) as server:
        assert httpx.get(f"{server.url}/old/hello/x/").json()["url"] == "/old/hello/x/"


def test_the_body_that_the_client_does_not_finish_ends_the_request(server: Running) -> None:
    with recorded() as records, socket.create_connection(server.address) as peer:
        peer.sendall(b"POST /raw/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
        peer.shutdown(socket.SHUT_WR)
        assert peer.recv(65536).startswith(b"HTTP/1.1 ")
        server.wait_for(len(server.requests))
    assert records.own_faults == []
