"""Clients that leave, and clients that take nothing: what becomes of the call."""

import socket
import threading
from collections.abc import Callable, Iterable
from wsgiref.types import WSGIEnvironment

import httpx
import pytest

from corserver.apps.wsgi import wsgi
from corserver.testing import running

from ...http.peer import request
from ...http.test_flow import MIB
from ...http.transcript import recorded
from .asking import returning
from .flow import Flow

PATIENCE = 10.0


def leave(peer: socket.socket) -> None:
    """Reset the connection."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.close()


@pytest.mark.parametrize("path", ["/down", "/write"])
def test_a_client_that_leaves_in_the_middle_of_an_answer_ends_it(path: str) -> None:
    app = Flow(1 << 40)
    with recorded() as records, running(wsgi(app, threads=1)) as server:
        peer = socket.create_connection(server.address)
        peer.sendall(request("GET", path))
        assert peer.recv(1000)
        leave(peer)
        assert app.closed.wait(PATIENCE)
        # The only thread is free again.
        assert httpx.get(f"{server.url}/other").text == "other"
    assert records.records == []
    assert all(isinstance(error, ConnectionAbortedError) for error in app.raised)
    assert len(app.raised) == (path == "/write")


@pytest.mark.parametrize("how", [leave, socket.socket.close])
def test_a_client_that_leaves_in_the_middle_of_its_body_ends_the_call(how: Callable[[socket.socket], None]) -> None:
    app = Flow()
    with recorded() as records, running(wsgi(app, threads=1)) as server:
        peer = socket.create_connection(server.address)
        peer.sendall(request("POST", "/up", "Content-Length: 65537") + b"abc")
        how(peer)
        assert app.closed.wait(PATIENCE)
        assert httpx.get(f"{server.url}/other").text == "other"
    assert len(app.raised) == 1
    assert records.records == []


def test_a_client_that_leaves_while_the_app_thinks_is_no_mistake() -> None:
    begun, left = threading.Event(), threading.Event()

    def thinks(environ: WSGIEnvironment) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/think":
            begun.set()
            assert left.wait(PATIENCE)
        return [b"thought"]

    with recorded() as records, running(wsgi(returning(thinks), threads=1)) as server:
        peer = socket.create_connection(server.address)
        peer.sendall(request("GET", "/think"))
        assert begun.wait(PATIENCE)
        leave(peer)
        left.set()
        assert httpx.get(server.url).text == "thought"
    assert records.records == []


def test_one_that_sends_a_small_body_slowly_holds_no_thread() -> None:
    app = Flow()
    with (
        recorded() as records,
        running(wsgi(app, threads=1)) as server,
        socket.create_connection(server.address) as gone,
        socket.create_connection(server.address) as slow,
    ):
        gone.sendall(request("POST", "/up", "Content-Length: 3") + b"ab")
        slow.sendall(request("POST", "/up", "Content-Length: 65536", "Connection: close") + b"a" * 65535)
        assert httpx.get(f"{server.url}/other").text == "other"
        leave(gone)
        assert httpx.get(f"{server.url}/other").text == "other"
        assert not app.closed.is_set()
        slow.sendall(b"b")
        assert slow.makefile("rb").read().endswith(b"65536")
    assert records.records == []


def test_one_that_reads_nothing_holds_one_thread_and_no_other() -> None:
    app = Flow(1 << 40)
    with running(wsgi(app, threads=2)) as server, socket.create_connection(server.address) as slow:
        slow.sendall(request("GET", "/down"))
        assert slow.recv(1)
        for _ in range(4):
            assert httpx.get(f"{server.url}/other").text == "other"
        leave(slow)
        assert app.closed.wait(PATIENCE)


def test_a_file_to_one_that_reads_nothing_holds_no_thread(tmp_path: object) -> None:
    def file(environ: WSGIEnvironment) -> Iterable[bytes]:
        path = f"{tmp_path}/data"
        found: Iterable[bytes] = environ["wsgi.file_wrapper"](open(path, "rb"))  # noqa: SIM115
        return found

    with open(f"{tmp_path}/data", "wb") as data:
        data.truncate(100 * MIB)
    app = wsgi(returning(lambda environ: file(environ) if environ["PATH_INFO"] == "/file" else [b"x"]), threads=1)
    with running(app) as server, socket.create_connection(server.address) as slow:
        slow.sendall(request("GET", "/file"))
        assert slow.recv(1)
        assert httpx.get(server.url).text == "x"
