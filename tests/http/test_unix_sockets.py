"""Listening on a Unix socket: who may connect, what is found there, what is left."""

import errno
import functools
import os
import socket
import stat
import sys
from pathlib import Path

import httpx
import pytest
import trio

from corserver import App, serve
from corserver.http.log import common
from corserver.http.unix_sockets import unix_listener


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "app.sock")


@pytest.mark.parametrize("mode", [0o600, 0o660, 0o666])
def test_the_file_has_its_mode_from_the_start_and_is_gone_in_the_end(path: str, mode: int) -> None:
    before = os.umask(0o077)
    try:
        with unix_listener(path, mode) as listener:
            assert stat.S_IMODE(os.stat(path).st_mode) == mode
            assert listener.getsockname() == path
        assert not os.path.exists(path)
        assert os.umask(0o077) == 0o077, "the mask is as it was"
    finally:
        os.umask(before)


def test_what_a_dead_server_left_is_replaced(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    with unix_listener(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(path)


def test_where_a_server_answers_nothing_is_touched(path: str) -> None:
    with unix_listener(path):
        with pytest.raises(OSError, match="a server answers there already") as refused, unix_listener(path):
            pass
        assert refused.value.errno == errno.EADDRINUSE
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)


@pytest.mark.parametrize("make", [lambda path: path.write_text("precious"), lambda path: path.mkdir()])
def test_what_is_no_socket_is_left_alone(tmp_path: Path, make: object) -> None:
    path = tmp_path / "file"
    make(path)  # type: ignore[operator]
    with pytest.raises(FileExistsError), unix_listener(str(path)):
        pass
    assert path.exists()


def test_anothers_socket_is_not_removed_in_the_end(path: str) -> None:
    with unix_listener(path):
        os.unlink(path)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(path)
    assert os.path.exists(path)


def test_a_path_that_is_too_long_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="at most 107 bytes"), unix_listener(str(tmp_path / ("x" * 120))):
        pass


async def test_it_is_served_under_any_host(path: str, nursery: trio.Nursery) -> None:
    app = App()
    app.get("/")(answer)
    with unix_listener(path) as listener:
        server = await nursery.start(functools.partial(serve, app, listeners=[listener]))
        assert (server.addresses[0].uds, server.url) == (path, "http://localhost")
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=path)) as client:
            for host in ("localhost", "public.example"):
                assert (await client.get(f"http://{host}/")).json() == {"client": ""}
        server.stop()
        await server.wait_stopped()


@pytest.mark.skipif(sys.platform != "linux", reason="such names are Linux's")
async def test_a_client_may_have_a_name_that_is_no_path(path: str, nursery: trio.Nursery) -> None:
    logged: list[str] = []
    with unix_listener(path) as listener, socket.socket(socket.AF_UNIX) as client:
        log = logged.append
        server = await nursery.start(
            functools.partial(serve, App(), listeners=[listener], access_log=lambda entry: log(common(entry)))
        )
        client.bind(b"\0corserver-%d" % os.getpid())
        client.setblocking(False)
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(client))
        await stream.socket.connect(path)
        await stream.send_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 404 ")
        await stream.aclose()
        server.stop()
        await server.wait_stopped()
    assert [line.partition(" ")[0].startswith("\\x00") for line in logged] == [True]


async def answer(request: object) -> dict[str, object]:
    return {"client": getattr(request, "client", None)}
