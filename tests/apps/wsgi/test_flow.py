"""What flows between an app and its client: as fast as either takes it, in flat memory; and clients that leave."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx
import pytest
import trio
import trio.testing

from corserver import Limits
from corserver.apps.wsgi import wsgi
from corserver.http.connection import Connection
from corserver.testing import running

from ...http.peer import converse, read_answers, request
from ...http.test_flow import MIB, Peak
from ...http.transcript import recorded
from .asking import TEXT, ask, returning, service_of

PIECE = 65536
#: How far an app may be ahead of its client: what waits for it, and a few pieces on the way.
AHEAD = 256 * 1024 + 4 * PIECE
PATIENCE = 10.0
NO_LIMIT = Limits(body=None)


class Flow:
    """An app that sends *size* bytes, or counts what it is sent. It knows what it did, and how its generator ended."""

    def __init__(self, size: int = 0, piece: int = PIECE) -> None:
        self.size = size
        self.piece = piece
        self.sent = 0
        self.taken = 0
        self.closed = threading.Event()
        self.raised: list[BaseException] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", TEXT)
        match environ["PATH_INFO"]:
            case "/down":
                return self._pieces()
            case "/write":
                return self._written(start_response("200 OK", TEXT, (ValueError, ValueError(), None)))  # type: ignore[arg-type]
            case "/echo":
                return iter(lambda: environ["wsgi.input"].read(PIECE), b"")
            case "/up":
                return [self._count(environ)]
        return [b"other"]

    def _pieces(self) -> Iterator[bytes]:
        try:
            while self.sent < self.size:
                self.sent += self.piece
                yield b"x" * self.piece
        finally:
            self.closed.set()

    def _written(self, write: Callable[[bytes], object]) -> Iterable[bytes]:
        try:
            for piece in self._pieces():
                write(piece)
        except OSError as error:
            self.raised.append(error)
            raise
        finally:
            self.closed.set()
        return []

    def _count(self, environ: WSGIEnvironment) -> bytes:
        try:
            while piece := environ["wsgi.input"].read(PIECE):
                self.taken += len(piece)
        except OSError as error:
            self.raised.append(error)
            raise
        finally:
            self.closed.set()
        return str(self.taken).encode()


# ------------------------------------------------------------------------------------------------------------ pressure


@pytest.mark.parametrize("path", ["/down", "/write"])
async def test_an_app_is_never_far_ahead_of_its_client(path: str) -> None:
    app, received, most = Flow(20 * MIB), 0, 0
    ours, theirs = trio.testing.lockstep_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, service_of(app)).run)
        await ours.send_all(request("GET", path, "Connection: close"))
        while chunk := await ours.receive_some(PIECE):
            received += len(chunk)
            most = max(most, app.sent - received)
        await ours.aclose()
    assert received > app.size == app.sent
    assert most <= AHEAD


async def test_many_small_pieces_go_out_together_once_they_wait() -> None:
    app = Flow(1000, piece=1)
    ours, theirs = trio.testing.lockstep_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, service_of(app)).run)
        await ours.send_all(request("GET", "/down", "Connection: close"))
        head = await ours.receive_some()
        while not app.closed.is_set():  # The client takes nothing, and the app does not wait for it.
            await trio.testing.wait_all_tasks_blocked()
        received = bytes(head) + b"".join([chunk async for chunk in ours])
        await ours.aclose()
    assert read_answers(received)[0].body == b"x" * 1000
    assert received.count(b"\r\n") < 30


async def test_an_app_reads_no_faster_than_its_client_sends_and_the_client_sends_no_faster_than_it_reads() -> None:
    app, sent = Flow(), 0
    ours, theirs = trio.testing.lockstep_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, service_of(app, limits=NO_LIMIT)).run)
        await ours.send_all(request("POST", "/up", f"Content-Length: {100 * PIECE}", "Connection: close"))
        for _ in range(100):
            await ours.send_all(b"x" * PIECE)
            sent += PIECE
            assert app.taken <= sent <= app.taken + AHEAD
        (answer,) = read_answers(b"".join([bytes(chunk) async for chunk in ours]))
        await ours.aclose()
    assert answer.body == str(100 * PIECE).encode()


@pytest.mark.parametrize(("coding", "size"), [("length", 100 * MIB), ("chunked", 25 * MIB)])
def test_an_input_larger_than_memory_takes_none(coding: str, size: int) -> None:
    app = Flow()
    with running(wsgi(app), limits=NO_LIMIT) as server, Peak() as peak:
        pieces = (b"x" * PIECE for _ in range(size // PIECE))
        headers = {"Content-Length": str(size)} if coding == "length" else {}
        answer = httpx.post(f"{server.url}/up", content=pieces, headers=headers)
    assert answer.text == str(size)
    assert peak.size < 3 * MIB


def test_an_output_larger_than_memory_takes_none() -> None:
    app, received = Flow(50 * MIB), 0
    with running(wsgi(app)) as server, Peak() as peak, httpx.stream("GET", f"{server.url}/down") as answer:
        for piece in answer.iter_raw():
            received += len(piece)
    assert received == 50 * MIB
    assert peak.size < 3 * MIB


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_sends_and_takes_much_at_once() -> None:
    with running(wsgi(Flow()), limits=NO_LIMIT) as server:
        echo = ["curl", "-sSf", "-T", "-", "-H", "Expect: 100-continue", f"{server.url}/echo"]
        done = subprocess.run(echo, input=b"0123456789" * 2_000_000, capture_output=True, check=True, timeout=60)
    assert done.stdout == b"0123456789" * 2_000_000


# ----------------------------------------------------------------------------------------------- input that is not read


async def test_the_client_is_told_to_go_on_when_the_app_first_reads() -> None:
    for path, first in (("/up", b"HTTP/1.1 100 Continue\r\n\r\n"), ("/other", b"HTTP/1.1 200 OK\r\n")):
        ours, theirs = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Connection(theirs, service_of(Flow())).run)
            await ours.send_all(request("POST", path, "Content-Length: 3", "Expect: 100-continue", "Connection: close"))
            assert (await ours.receive_some()).startswith(first)
            await ours.send_all(b"abc")
            last = b"".join([chunk async for chunk in ours])
            await ours.aclose()
        assert last.endswith(b"\r\n\r\n3" if path == "/up" else b"")


async def test_an_app_that_does_not_read_a_short_body_keeps_its_connection() -> None:
    data = request("POST", "/other", body=b"x" * 1000) + request("GET", "/other")
    answers = read_answers(await converse(service_of(Flow()), data))
    assert [answer.body for answer in answers] == [b"other"] * 2


def test_an_app_that_does_not_read_a_long_body_is_heard_all_the_same() -> None:
    with running(wsgi(Flow()), limits=NO_LIMIT) as server:
        answer = httpx.post(f"{server.url}/other", content=b"x" * 20 * MIB)
    assert (answer.text, answer.headers["connection"]) == ("other", "close")


async def test_what_is_read_after_the_answer_raises() -> None:
    raised: list[BaseException] = []

    class Reading:
        def __init__(self, environ: WSGIEnvironment) -> None:
            self.input = environ["wsgi.input"]

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"all"])

        def __len__(self) -> int:
            return 1

        def close(self) -> None:
            try:
                self.input.read(1)
            except OSError as error:
                raised.append(error)

    hosted = service_of(returning(Reading))
    async with hosted.app:  # type: ignore[attr-defined]
        answers = read_answers(await converse(hosted, request("POST", "/", body=b"abc") + request("GET", "/")))
    assert [answer.body for answer in answers] == [b"all"] * 2
    assert "the request is over" in str(raised[0])


# --------------------------------------------------------------------------------------------------- clients that leave


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
        peer.sendall(request("POST", "/up", "Content-Length: 1000") + b"abc")
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


async def test_the_whole_body_that_a_list_is_goes_out_unaltered() -> None:
    assert (await ask(returning([b"x" * 3 * MIB, b"y"]), valid=False)).body == b"x" * 3 * MIB + b"y"
