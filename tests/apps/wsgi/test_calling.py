"""A call of an app: what it answers with, in each of the ways that PEP 3333 has, right ones and wrong ones."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
import trio

from ...http.peer import converse, read_answers, request
from ...http.transcript import recorded
from .asking import TEXT, ask, raw, returning, service_of


class Mistake(Exception):
    """What an app does wrong."""


class Closing:
    """An iterable of *pieces*, an exception among which is raised; it knows how often it was closed."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = iter(pieces)
        self.taken = 0
        self.closed = trio.Event()
        self.times_closed = 0
        self.token = trio.lowlevel.current_trio_token()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = next(self.pieces)
        self.taken += 1
        if isinstance(piece, Exception):
            raise piece
        return piece

    def close(self) -> None:
        self.times_closed += 1
        self.token.run_sync_soon(self.closed.set)


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


# --------------------------------------------------------------------------------------------- mistakes, in each phase


def failing(pieces: list[bytes | Exception]) -> Iterator[bytes]:
    for piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece


def raises_at_once(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    raise Mistake("at once")


def raises_after_start(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    raise Mistake("after start_response")


def exits(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    sys.exit("done for")


def returns_nothing(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    return None  # type: ignore[return-value]


def never_starts(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    return [b"x"]


def returns_text(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", TEXT)
    return "text"  # type: ignore[return-value]


EARLY: dict[str, tuple[WSGIApplication, str]] = {
    "raises at once": (raises_at_once, "at once"),
    "raises after start_response": (raises_after_start, "after start_response"),
    "raises before the first piece": (returning(lambda environ: failing([Mistake("at the first")])), "at the first"),
    "raises after an empty piece": (returning(lambda environ: failing([b"", Mistake("at the second")])), "the second"),
    "exits": (exits, "SystemExit"),
    "returns nothing": (returns_nothing, "NoneType"),
    "never starts": (never_starts, "did not call start_response"),
    "returns text": (returns_text, "str"),
    "returns a list of text": (returning(["text"]), "str"),
    "yields text": (returning(lambda environ: iter(["text"])), "bytes objects, not str"),
}


@pytest.mark.parametrize(("app", "says"), EARLY.values(), ids=EARLY)
async def test_a_mistake_before_the_head_is_a_500_and_in_the_log(app: WSGIApplication, says: str) -> None:
    with recorded() as records:
        answer = await ask(app, valid=False)
    assert (answer.status, len(records.errors)) == (500, 1)
    assert says in records.errors[0]


async def test_the_log_shows_where_in_the_app_it_was() -> None:
    with recorded() as records:
        await ask(raises_at_once, valid=False)
    error = records.records[0].exc_info
    assert error is not None
    assert error[2] is not None
    frames = []
    traceback: Any = error[2]
    while traceback is not None:
        frames.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    assert frames[-1] == "raises_at_once"


async def test_a_mistake_after_the_head_cuts_the_connection() -> None:
    result = Closing(b"one", Mistake("in the middle"))
    with recorded() as records:
        received = await raw(returning(result))
    await result.closed.wait()
    assert received.startswith(b"HTTP/1.1 200 ")
    assert not received.endswith(b"0\r\n\r\n")
    assert ("in the middle" in records.errors[0], result.times_closed) == (True, 1)


async def test_a_mistake_after_a_whole_answer_is_in_the_log() -> None:
    logged = trio.Event()
    token = trio.lowlevel.current_trio_token()

    class Late(Closing):
        def close(self) -> None:
            token.run_sync_soon(logged.set)
            raise Mistake("on closing")

    def writes(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [*TEXT, ("Content-Length", "3")])(b"one")
        raise Mistake("after all")

    with recorded() as records:
        assert (await ask(returning(Late(b"one")), valid=False)).body == b"one"
        await logged.wait()
        assert (await ask(writes, valid=False)).body == b"one"
        await ask(returning([b"next"]))
    assert sorted("on closing" in told for told in records.errors) == [False, True]


@pytest.mark.parametrize("kind", ["whole", "streamed", "empty", "bodiless", "failed"])
async def test_what_is_returned_is_closed_once_however_it_ends(kind: str) -> None:
    pieces: dict[str, tuple[bytes | Exception, ...]] = {
        "streamed": (b"one", b"two"),
        "empty": (),
        "failed": (Mistake("at the first"),),
    }
    result = Closing(*pieces.get(kind, (b"one",)))
    headers = [*TEXT, ("Content-Length", "3")] if kind == "whole" else TEXT
    with recorded():
        await ask(returning(result, headers=headers), "HEAD" if kind == "bodiless" else "GET")
    await result.closed.wait()
    assert result.times_closed == 1


async def test_connections_live_on_after_each_kind_of_answer() -> None:
    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", TEXT)
        path = environ["PATH_INFO"]
        return [b"list"] if path == "/list" else iter([b"it", b"er"]) if path == "/iter" else []

    data = request("GET", "/list") + request("GET", "/iter") + request("GET", "/none") + request("GET", "/iter")
    answers = read_answers(await converse(service_of(app), data))
    assert [answer.body for answer in answers] == [b"list", b"iter", b"", b"iter"]
