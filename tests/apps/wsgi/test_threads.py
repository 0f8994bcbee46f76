"""The threads of an app: as many as there may be, in order; calls that wait, are given up, hang, or end late."""

import contextvars
import threading
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import WSGIEnvironment

import pytest
import trio
import trio.testing

from corserver.apps.wsgi import Hosted, wsgi
from corserver.cors.scopes import Path
from corserver.http.body import Body
from corserver.http.header_lines import Headers
from corserver.http.messages import Request, Response

from .asking import returning

PATIENCE = 10.0


class Gate:
    """An app whose calls wait until they are let on. It knows the paths in the order of their calls."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.most = 0
        self.now = 0
        self.lock = threading.Lock()
        self.open = threading.Event()

    def __call__(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        with self.lock:
            self.begun.append(environ["PATH_INFO"])
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            assert self.open.wait(PATIENCE)
        finally:
            with self.lock:
                self.now -= 1
        return [b"done"]


def a_request(target: str = "/") -> Request:
    return Request(method="GET", target=target, path=Path())


async def all_begun(gate: Gate, count: int) -> None:
    with trio.fail_after(PATIENCE):
        while len(gate.begun) < count:
            await trio.testing.wait_all_tasks_blocked()


async def test_no_more_calls_are_made_at_once_than_there_are_threads_and_the_others_wait_in_order() -> None:
    gate, bodies = Gate(), []
    app = wsgi(returning(gate), threads=3)

    async def ask(number: int) -> None:
        bodies.append((await app(a_request(f"/{number}"))).body)

    async with trio.open_nursery() as nursery:
        for number in range(10):
            nursery.start_soon(ask, number)
            await trio.testing.wait_all_tasks_blocked()
        await all_begun(gate, 3)
        assert len(gate.begun) == 3
        gate.open.set()
    assert (gate.most, bodies) == (3, [b"done"] * 10)
    assert sorted(gate.begun[:3]) == ["/0", "/1", "/2"]
    assert sorted(gate.begun) == [f"/{number}" for number in range(10)]


async def test_those_that_wait_for_one_thread_are_called_in_order() -> None:
    gate = Gate()
    app = wsgi(returning(gate), threads=1)
    async with trio.open_nursery() as nursery:
        for number in range(10):
            nursery.start_soon(app, a_request(f"/{number}"))
            await trio.testing.wait_all_tasks_blocked()
        await all_begun(gate, 1)
        gate.open.set()
    assert gate.begun == [f"/{number}" for number in range(10)]


async def test_one_that_is_given_up_while_it_waits_is_never_called() -> None:
    gate = Gate()
    app = wsgi(returning(gate), threads=1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(app, a_request("/first"))
        await all_begun(gate, 1)
        with trio.CancelScope() as scope:
            nursery.start_soon(_cancel, scope)
            await app(a_request("/second"))
        assert scope.cancelled_caught
        nursery.start_soon(app, a_request("/third"))
        gate.open.set()
    assert gate.begun == ["/first", "/third"]


async def _cancel(scope: trio.CancelScope) -> None:
    await trio.testing.wait_all_tasks_blocked()
    scope.cancel()


async def test_one_that_is_given_up_while_it_runs_is_left_to_end_and_the_task_does_not_wait() -> None:
    gate = Gate()
    app = wsgi(returning(gate), threads=1)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(app, a_request())
            await all_begun(gate, 1)
            scope.cancel()
    assert not gate.open.is_set()
    gate.open.set()
    assert (await app(a_request())).body == b"done"


async def test_one_that_is_given_up_while_it_reads_is_told() -> None:
    raised: list[BaseException] = []

    def reads(environ: WSGIEnvironment) -> Iterable[bytes]:
        try:
            environ["wsgi.input"].read()
        except OSError as error:
            raised.append(error)
            raise
        return []

    app, waiting = wsgi(returning(reads)), trio.Event()

    async def never() -> bytes:
        waiting.set()
        await trio.sleep_forever()
        raise AssertionError("unreachable")

    request = Request(
        method="POST", target="/", path=Path(), headers=Headers(((b"content-length", b"3"),)), content=Body(never)
    )
    async with app, trio.open_nursery() as nursery:
        nursery.start_soon(app, request)
        await waiting.wait()
        nursery.cancel_scope.cancel()
    assert "the client has left" in str(raised[0])


async def test_a_call_is_in_one_thread_from_its_beginning_to_its_end() -> None:
    threads: list[int] = []

    class Noting:
        def __init__(self, environ: WSGIEnvironment) -> None:
            threads.append(threading.get_ident())

        def __iter__(self) -> Iterator[bytes]:
            for _ in range(5):
                threads.append(threading.get_ident())
                yield b"x" * 300_000

        def close(self) -> None:
            threads.append(threading.get_ident())

    app = wsgi(returning(Noting))
    async with app:
        body: Any = (await app(a_request())).body
        assert b"".join([piece async for piece in body]) == b"x" * 1_500_000
    assert len(threads) == 7
    assert {*threads} == {threads[0]} != {threading.get_ident()}


async def test_context_variables_stay_in_their_request() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")
    seen: list[str] = []

    def notes(environ: WSGIEnvironment) -> Iterable[bytes]:
        seen.append(variable.get())
        variable.set(environ["PATH_INFO"])
        return [b""]

    app = wsgi(returning(notes), threads=1)
    variable.set("the server's")
    for _ in range(3):
        await app(a_request())
    assert seen == ["unset"] * 3


async def test_leaving_waits_for_the_end_of_calls_whose_answers_are_sent() -> None:
    let_on, ended = threading.Event(), threading.Event()

    class Late:
        def __iter__(self) -> Iterator[bytes]:
            return iter([b"x"])

        def __len__(self) -> int:
            return 1

        def close(self) -> None:
            assert let_on.wait(PATIENCE)
            ended.set()

    async with wsgi(returning(Late())) as app:
        response = await app(a_request())  # It is here before the call has ended.
        assert (response.body, ended.is_set()) == (b"x", False)
        let_on.set()
    assert ended.is_set()


async def test_leaving_does_not_wait_for_ever_and_says_where_the_app_hangs(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("corserver.apps.wsgi.hosted._LAST_SECONDS", 0.01)
    gate = Gate()
    async with wsgi(returning(gate)) as app, trio.open_nursery() as nursery:
        nursery.start_soon(app, a_request())
        await all_begun(gate, 1)
        nursery.cancel_scope.cancel()
    assert gate.now == 1
    (message,) = caplog.messages
    assert "calls of the app have not ended" in message
    assert f"{threading.__file__}:" in message, "where it waits"
    gate.open.set()


async def test_an_app_is_served_again_in_another_run_of_trio() -> None:
    app: Hosted = wsgi(returning([b"x"]), threads=1)

    async def ask() -> Response:
        async with app:
            return await app(a_request())

    def run() -> list[object]:
        return [trio.run(ask).body for _ in range(2)]

    assert await trio.to_thread.run_sync(run) == [b"x"] * 2
    assert (await ask()).body == b"x"
