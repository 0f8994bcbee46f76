"""An app that makes a mistake, in each phase of its call."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
import trio

from ...http.peer import converse, read_answers, request
from ...http.transcript import recorded
from .apps import Closing, Mistake
from .asking import TEXT, ask, raw, returning, service_of


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
