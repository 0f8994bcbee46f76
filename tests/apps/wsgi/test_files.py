"""`wsgi.file_wrapper`: files that the kernel sends, and what only looks like one."""

import gzip
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment
from wsgiref.validate import validator

import pytest

from corserver.apps.wsgi import wsgi
from corserver.cors.scopes import Path as URLPath
from corserver.http.fileslice import FileSlice
from corserver.http.messages import Request, Response

from .asking import TEXT, ask, raw, returning

DATA = b"0123456789" * 1000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    found = tmp_path / "data"
    found.write_bytes(DATA)
    return found


def sending(make: Any, headers: Iterable[tuple[str, str]] = TEXT, status: str = "200 OK") -> WSGIApplication:
    """An app that returns what *make* gives, wrapped."""
    return returning(lambda environ: environ["wsgi.file_wrapper"](make(), 4096), status, headers)


async def response_of(app: WSGIApplication) -> Response:
    return await wsgi(app)(Request(method="GET", target="/", path=URLPath()))


@pytest.mark.parametrize("buffering", [0, -1])
async def test_a_file_is_sent_by_the_kernel_and_has_its_length(data: Path, buffering: int) -> None:
    app = sending(lambda: data.open("rb", buffering=buffering))
    response = await response_of(app)
    assert isinstance(response.body, FileSlice)
    await response.body.aclose()
    answer = await ask(app, valid=False)
    assert (answer.body, answer.get(b"content-length")) == (DATA, [b"10000"])


async def test_a_file_is_sent_from_where_it_stands(data: Path) -> None:
    def opened() -> Any:
        file = data.open("rb")
        assert file.read(3) == b"012"
        return file

    assert (await ask(sending(opened), valid=False)).body == DATA[3:]
    part = await ask(sending(opened, [*TEXT, ("Content-Length", "5")]), valid=False)
    assert (part.body, part.get(b"content-length")) == (b"34567", [b"5"])


async def test_a_file_that_is_shorter_than_said_is_cut(data: Path) -> None:
    received = await raw(sending(lambda: data.open("rb"), [*TEXT, ("Content-Length", "10001")]), valid=False)
    assert received.endswith(b"9")
    assert b"Content-Length: 10001" in received


class OwnRead(io.RawIOBase):
    """A file of one's own, with the descriptor of another."""

    def __init__(self, other: Any) -> None:
        self.other = other
        self.left = 3

    def fileno(self) -> int:
        found: int = self.other.fileno()
        return found

    def close(self) -> None:
        self.other.close()
        super().close()

    def read(self, size: int = -1) -> bytes:
        self.left -= 1
        return b"own" if self.left >= 0 else b""


LOOKALIKES: dict[str, tuple[Any, bytes]] = {
    "in memory": (lambda path: io.BytesIO(DATA), DATA),
    "empty": (lambda path: io.BytesIO(), b""),
    "gzip": (lambda path: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(DATA))), DATA),
    "with another's descriptor": (lambda path: OwnRead(path.open("rb")), b"ownownown"),
    "an empty file": (lambda path: open(os.devnull, "rb"), b""),  # noqa: SIM115
}


@pytest.mark.parametrize(("make", "body"), LOOKALIKES.values(), ids=LOOKALIKES)
async def test_what_is_no_real_file_is_read(data: Path, make: Any, body: bytes) -> None:
    app = sending(lambda: make(data))
    assert not isinstance((await response_of(app)).body, FileSlice)
    assert (await ask(app, valid=False)).body == body


async def test_a_pipe_is_read() -> None:
    ends: list[int] = []

    def opened() -> Any:
        reading, writing = os.pipe()
        os.write(writing, b"through a pipe")
        os.close(writing)
        ends.append(reading)
        return os.fdopen(reading, "rb")

    assert (await ask(sending(opened), valid=False)).body == b"through a pipe"


async def test_it_is_an_iterable_that_middleware_may_wrap(data: Path) -> None:
    assert (await ask(sending(lambda: data.open("rb")))).body == DATA


@pytest.mark.parametrize(("method", "status"), [("HEAD", "200 OK"), ("GET", "304 Not Modified")])
async def test_where_there_is_no_body_the_file_is_closed_unsent(data: Path, method: str, status: str) -> None:
    opened: list[Any] = []

    def make() -> Any:
        opened.append(data.open("rb"))
        return opened[-1]

    app = wsgi(sending(make, [], status))
    async with app:
        answer = await app(Request(method=method, target="/", path=URLPath()))
    assert (answer.body, opened[0].closed) == (b"", True)


async def test_the_file_is_closed_when_it_is_handed_over(data: Path) -> None:
    opened: list[Any] = []

    def make() -> Any:
        opened.append(data.open("rb"))
        return opened[-1]

    app = wsgi(sending(make))
    async with app:
        response = await app(Request(method="GET", target="/", path=URLPath()))
    assert opened[0].closed
    assert isinstance(response.body, FileSlice)
    assert b"".join([piece async for piece in response.body]) == DATA
    await response.body.aclose()


async def test_after_something_was_written_the_file_is_read(data: Path) -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", TEXT)(b"before ")
        found: Iterable[bytes] = environ["wsgi.file_wrapper"](data.open("rb"))
        return found

    assert (await ask(app, valid=False)).body == b"before " + DATA
    assert (await ask(validator(app), valid=False)).body == b"before " + DATA
