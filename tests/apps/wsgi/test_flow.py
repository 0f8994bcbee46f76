"""What flows between an app and its client: as fast as either takes it, in flat memory."""

import shutil
import subprocess
from collections.abc import Iterator
from wsgiref.types import WSGIEnvironment

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
from .asking import ask, returning, service_of
from .flow import PIECE, Flow

#: How far an app may be ahead of its client: what waits for it, and a few pieces on the way.
AHEAD = 256 * 1024 + 4 * PIECE

NO_LIMIT = Limits(body=None)


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
        assert path == "/other" or last.endswith(b"\r\n\r\n3")


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
        answers = read_answers(await converse(hosted, request("POST", "/", body=b"x" * 65537)))
    assert [answer.body for answer in answers] == [b"all"]
    assert "the request is over" in str(raised[0])


async def test_the_whole_body_that_a_list_is_goes_out_unaltered() -> None:
    assert (await ask(returning([b"x" * 3 * MIB, b"y"]), valid=False)).body == b"x" * 3 * MIB + b"y"
