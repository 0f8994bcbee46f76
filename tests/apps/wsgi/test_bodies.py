"""A call of an app: the bodies that it answers with, and the lengths that it says."""

from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest

from ...http.peer import converse
from ...http.transcript import recorded
from .apps import Closing
from .asking import TEXT, ask, raw, returning, service_of

# ------------------------------------------------------------------------------------------------------------- bodies


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ([b"hello"], b"hello"),
        ((b"hel", b"", b"lo"), b"hello"),
        ([], b""),
        ([b""], b""),
        (lambda environ: iter([]), b""),
    ],
)
async def test_a_body_that_is_there_has_its_length(result: Any, body: bytes) -> None:
    checked = await ask(returning(result))
    answer = await ask(returning(result), valid=False)  # What the validator returns has no length.
    assert (answer.status, answer.body, answer.get(b"content-length")) == (200, body, [b"%d" % len(body)])
    assert (checked.status, checked.body) == (200, body)


class OfOne:
    """An iterable of a known length, which is one (PEP 3333, "Handling the Content-Length Header")."""

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> Iterator[bytes]:
        yield b"one"


async def test_the_length_of_the_only_piece_is_that_of_the_body() -> None:
    answer = await ask(returning(OfOne()), valid=False)
    assert (answer.body, answer.get(b"content-length")) == (b"one", [b"3"])


async def test_a_generator_is_streamed_in_the_framing_of_the_clients_version() -> None:
    app = returning(lambda environ: iter([b"", b"one", b"", b"two"]))
    new = await ask(app)
    old = await raw(app, "GET", "/", "Connection: close")
    assert (new.body, new.get(b"transfer-encoding")) == (b"onetwo", [b"chunked"])
    assert old.endswith(b"\r\n0\r\n\r\n")
    assert b"\r\nonetwo" in await raw_of_10(app)


async def raw_of_10(app: WSGIApplication) -> bytes:
    return await converse(service_of(app), b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")


async def test_a_generator_whose_length_is_said_is_not_chunked() -> None:
    headers = [*TEXT, ("Content-Length", "6")]
    answer = await ask(returning(lambda environ: iter([b"one", b"two"]), headers=headers))
    assert (answer.body, answer.get(b"content-length"), answer.get(b"transfer-encoding")) == (b"onetwo", [b"6"], [])


async def test_start_response_may_be_called_as_late_as_the_first_piece() -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("201 Created", TEXT)
        yield b"made"

    answer = await ask(app, valid=False)  # The validator wants it before the first piece is asked for.
    assert (answer.status, answer.body) == (201, b"made")


async def test_what_is_written_comes_before_what_is_returned() -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", TEXT)
        write(b"")
        write(b"one ")
        write(b"two ")
        return [b"three"]

    assert (await ask(app)).body == b"one two three"


async def test_what_is_written_may_be_all() -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [*TEXT, ("Content-Length", "3")])(b"one")
        return []

    answer = await ask(app)
    assert (answer.body, answer.get(b"content-length")) == (b"one", [b"3"])


@pytest.mark.parametrize(("method", "status"), [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 X")])
@pytest.mark.parametrize("result", [[b"body"], lambda environ: iter([b"body", b"more"])])
async def test_where_there_is_no_body_none_is_sent(method: str, status: str, result: Any) -> None:
    headers = [] if status[0] != "2" or method == "GET" else TEXT
    received = await raw(returning(result, status, headers), method, valid=False)
    assert received.endswith(b"\r\n\r\n")
    assert b"body" not in received


@pytest.mark.parametrize(
    ("result", "headers", "length"),
    [
        ([b"body"], TEXT, [b"4"]),
        ([b"body"], [*TEXT, ("Content-Length", "4")], [b"4"]),
        ([], [*TEXT, ("Content-Length", "4")], [b"4"]),
        (iter([b"bo", b"dy"]), [*TEXT, ("Content-Length", "4")], [b"4"]),
        (iter([b"bo", b"dy"]), TEXT, []),
    ],
)
async def test_the_answer_to_head_says_the_length_that_gets_would(
    result: Any, headers: Any, length: list[bytes]
) -> None:
    answer = await ask(returning(result, headers=headers), "HEAD", valid=False)
    assert answer.get(b"content-length") == length


async def test_a_method_that_the_app_changes_in_its_environ_does_not_change_the_framing() -> None:
    def overriding(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["REQUEST_METHOD"] = "HEAD"
        start_response("200 OK", TEXT)
        return [b"body"]

    assert (await ask(overriding, valid=False)).body == b"body"


# ------------------------------------------------------------------------------------------------------------- lengths


@pytest.mark.parametrize("result", [[b"one"], [], iter([]), iter([b""])])
async def test_a_body_that_ends_too_early_is_no_answer_if_that_is_known_in_time(result: Any) -> None:
    with recorded() as records:
        answer = await ask(returning(result, headers=[*TEXT, ("Content-Length", "7")]), valid=False)
    assert answer.status == 500
    assert "Content-Length says 7" in records.errors[0]


async def test_a_body_that_ends_too_early_is_cut_if_it_was_begun() -> None:
    headers = [*TEXT, ("Content-Length", "7")]
    with recorded() as records:
        received = await raw(returning(lambda environ: iter([b"one", b"two"]), headers=headers), valid=False)
    assert received.endswith(b"\r\n\r\nonetwo")
    assert "shorter" in records.errors[0]


@pytest.mark.parametrize(
    "pieces", [[b"one", b"two"], [b"o", b"ne", b"tw"], [b"onetwo"], [b"onet", b"wo"], [b"on", b"etwo", b"x"]]
)
@pytest.mark.parametrize("kind", [list, iter])
async def test_of_a_body_that_is_too_long_the_rest_is_dropped(pieces: list[bytes], kind: Any) -> None:
    headers = [*TEXT, ("Content-Length", "3")]
    with recorded() as records:
        answer = await ask(returning(lambda environ: kind(pieces), headers=headers), valid=False)
    assert (answer.status, answer.body) == (200, b"one")
    assert records.errors == []


async def test_what_comes_after_the_length_is_not_asked_for() -> None:
    result = Closing(b"one", b"two")
    answer = await ask(returning(result, headers=[*TEXT, ("Content-Length", "3")]))
    await result.closed.wait()
    assert (answer.body, result.taken, result.times_closed) == (b"one", 1, 1)


async def test_to_write_beyond_the_length_raises() -> None:
    raised: list[Exception] = []

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        write = start_response("200 OK", [*TEXT, ("Content-Length", "3")])
        write(b"one")
        try:
            write(b"two")
        except ValueError as error:
            raised.append(error)
        return []

    assert (await ask(app)).body == b"one"
    assert "Content-Length" in str(raised[0])
