"""A call of an app: its head, in each of the ways that PEP 3333 has, right ones and wrong ones."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from ...http.peer import converse, read_answers, request
from ...http.transcript import recorded
from .apps import Mistake
from .asking import TEXT, ask, raw, returning, service_of

# -------------------------------------------------------------------------------------------------------------- heads


async def test_header_lines_arrive_as_they_are() -> None:
    headers = [*TEXT, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Latin", "caf\xe9"), ("X-Empty", "")]
    answer = await ask(returning([b"x"], "299 Whatever It Is", headers))
    assert answer.status == 299
    assert answer.get(b"set-cookie") == [b"a=1", b"b=2"]
    assert (answer.get(b"x-latin"), answer.get(b"x-empty")) == ([b"caf\xe9"], [b""])


async def test_lines_about_the_connection_are_left_to_the_server() -> None:
    headers = [*TEXT, ("Connection", "keep-alive"), ("Keep-Alive", "timeout=5"), ("Transfer-Encoding", "chunked")]
    received = await raw(returning(lambda environ: iter([b"one"]), headers=headers), valid=False)
    assert b"eep-alive" not in received
    assert received.count(b"ransfer-") == 1


BAD_HEADS: dict[str, tuple[Any, Any, str]] = {
    "no number": ("OK", TEXT, "is not a status"),
    "an interim status": ("103 Early Hints", TEXT, "is not a status"),
    "a status of bytes": (b"200 OK", TEXT, "a status is a str"),
    "a status of a number": (200, TEXT, "a status is a str"),
    "a line feed in the status": ("200 OK\nX: y", TEXT, "is not a status"),
    "a line feed in a value": ("200 OK", [("X-A", "b\nX-C: d")], "control characters"),
    "a colon in a name": ("200 OK", [("X-A:", "b")], "is not a header name"),
    "a value beyond latin-1": ("200 OK", [("X-A", "\u20ac")], "beyond latin-1"),
    "a value of a number": ("200 OK", [("Content-Length", 5)], "are str"),
    "a name of bytes": ("200 OK", [(b"X-A", "b")], "are str"),
    "two lengths": ("200 OK", [("Content-Length", "1"), ("Content-Length", "1")], "one Content-Length"),
    "a length of words": ("200 OK", [("Content-Length", "two")], "one Content-Length"),
}


@pytest.mark.parametrize(("status", "headers", "says"), BAD_HEADS.values(), ids=BAD_HEADS)
async def test_a_head_that_cannot_be_raises_where_it_is_made(status: Any, headers: Any, says: str) -> None:
    raised: list[Exception] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            start_response(status, headers)
        except Exception as error:
            raised.append(error)
            raise
        return [b"x"]

    with recorded() as records:
        assert (await ask(app, valid=False)).status == 500
    assert says in str(raised[0])
    assert says in records.errors[0]


# ----------------------------------------------------------------------------------------------- start_response, again


async def test_an_error_may_replace_a_head_that_was_not_sent() -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", TEXT)
        try:
            raise Mistake
        except Mistake:
            start_response("503 Sorry", TEXT, sys.exc_info())
        return [b"sorry"]

    answer = await ask(app)
    assert (answer.status, answer.body) == (503, b"sorry")


@pytest.mark.parametrize("result", [[b"bye"], lambda environ: iter([b"b", b"ye"])])
async def test_an_app_may_end_the_connection(result: Any) -> None:
    app = returning(result, headers=[*TEXT, ("Connection", "x, Close")])
    (answer,) = read_answers(await converse(service_of(app), 2 * request("GET", "/")), ["GET"])
    assert (answer.body, answer.get(b"connection")) == (b"bye", [b"close"])


async def test_an_error_after_the_head_was_sent_is_raised_again_and_the_connection_cut() -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", TEXT)
        yield b"one"
        try:
            raise Mistake("too late")
        except Mistake:
            start_response("503 Sorry", TEXT, sys.exc_info())
        yield b"unreachable"

    with recorded() as records:
        received = await raw(app, valid=False)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert b"unreachable" not in received
    assert not received.endswith(b"0\r\n\r\n")
    assert "too late" in records.errors[0]


async def test_a_second_head_without_an_error_is_a_mistake() -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", TEXT)
        start_response("201 Created", TEXT)
        return [b"x"]

    with recorded() as records:
        assert (await ask(app, valid=False)).status == 500
    assert "exc_info" in records.errors[0]
