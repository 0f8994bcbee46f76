"""Handlers that go wrong: when they are cancelled, in groups of exceptions, and by responses that cannot be sent."""

from collections.abc import AsyncIterator, Callable

import pytest
import trio
import trio.testing

from corserver.http.connection import Connection
from corserver.http.exchange import Service, run_call
from corserver.http.messages import Request, Response

from .peer import ask, converse, request
from .transcript import WatchedStream, recorded


class Mistake(Exception):
    """What a handler does wrong."""


# ------------------------------------------------------------------------------- cancellations and groups of exceptions


async def sleeps(request: Request) -> Response:
    await trio.sleep_forever()
    raise AssertionError("unreachable")


async def fails_when_cancelled(*args: object) -> Response:
    try:
        await trio.sleep_forever()
    finally:
        raise Mistake("while it was cancelled")


async def fails_in_a_child(request: Request) -> Response:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(fails_when_cancelled)
        nursery.start_soon(sleeps, request)
    raise AssertionError("unreachable")


async def fails_in_its_stream(request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"one"
        await fails_when_cancelled()

    return Response(chunks())


async def fails_in_a_child_of_its_stream(request: Request) -> Response:
    class Chunks:
        def __aiter__(self) -> "Chunks":
            return self

        async def __anext__(self) -> bytes:
            await fails_in_a_child(request)
            return b""

    return Response(Chunks())


async def groups_its_cancellation(request: Request) -> Response:
    try:
        return await sleeps(request)
    except trio.Cancelled as cancelled:
        raise BaseExceptionGroup("both", [cancelled, Mistake("while it was cancelled")]) from None


CANCELLED = [
    fails_when_cancelled,
    fails_in_a_child,
    fails_in_its_stream,
    fails_in_a_child_of_its_stream,
    groups_its_cancellation,
]


@pytest.mark.parametrize("app", CANCELLED)
async def test_what_a_handler_raises_when_it_is_cancelled_reaches_nobody_else(
    autojump_clock: object, app: object
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    stream = WatchedStream(theirs)
    with recorded() as records, trio.move_on_after(1) as scope:
        await ours.send_all(request("GET", "/"))
        await Connection(stream, Service(app=app)).run()  # type: ignore[arg-type]
    assert scope.cancel_called
    assert (stream.closed, records.own_faults) == (True, [])


async def test_a_handler_may_cancel_what_is_its_own(autojump_clock: object) -> None:
    async def app(incoming: Request) -> Response:
        with trio.move_on_after(1):
            await sleeps(incoming)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sleeps, incoming)
            nursery.cancel_scope.cancel()
        return Response("done")

    assert (await ask(Service(app=app), request("GET", "/"))).body == b"done"


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("where", ["handler", "child", "stream"])
async def test_what_ends_the_program_is_not_swallowed(
    autojump_clock: object, error: type[BaseException], where: str
) -> None:
    async def interrupted(*args: object) -> AsyncIterator[bytes]:
        if args:
            yield b"one"
        raise error

    async def app(incoming: Request) -> Response:
        if where == "stream":
            return Response(interrupted(incoming))
        if where == "handler":
            raise error

        async def child() -> None:
            raise error

        async with trio.open_nursery() as nursery:
            nursery.start_soon(child)
        raise AssertionError("unreachable")

    ours, theirs = trio.testing.memory_stream_pair()
    stream = WatchedStream(theirs)
    await ours.send_all(request("GET", "/"))
    with pytest.raises(BaseException) as caught:  # noqa: PT011  a group of it is it, too
        await Connection(stream, Service(app=app)).run()
    found = caught.value
    while isinstance(found, BaseExceptionGroup):
        (found,) = found.exceptions
    assert (type(found), stream.closed) == (error, True)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
async def test_what_ends_the_program_is_not_swallowed_while_a_connection_is_cancelled(
    autojump_clock: object, error: type[BaseException]
) -> None:
    async def app(request: Request) -> Response:
        try:
            return await sleeps(request)
        finally:
            raise error

    ours, theirs = trio.testing.memory_stream_pair()
    stream = WatchedStream(theirs)
    await ours.send_all(request("GET", "/"))
    with pytest.raises(error), trio.move_on_after(1):
        await Connection(stream, Service(app=app)).run()
    assert stream.closed


class Panic(BaseException):
    """As PyO3's, of Rust: no `Exception`, and not what ends a program."""


@pytest.mark.parametrize("error", [Panic(), GeneratorExit(), BaseExceptionGroup("both", [Panic(), Mistake()])])
@pytest.mark.parametrize("where", ["handler", "child", "stream"])
async def test_a_panic_is_a_mistake(autojump_clock: object, where: str, error: BaseException) -> None:
    async def panics(*args: object) -> AsyncIterator[bytes]:
        if args:
            yield b"one"
        raise error

    async def app(incoming: Request) -> Response:
        if where == "handler":
            raise error
        if where == "stream":
            return Response(panics(incoming))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(anext, panics())
        raise AssertionError("unreachable")

    ours, theirs = trio.testing.memory_stream_pair()
    stream = WatchedStream(theirs)
    await ours.send_all(request("GET", "/", "Connection: close"))
    with recorded() as records:
        await Connection(stream, Service(app=app)).run()
    received = bytes(await ours.receive_some())
    assert received.startswith(b"HTTP/1.1 200 " if where == "stream" else b"HTTP/1.1 500 ")
    assert not received.endswith(b"0\r\n\r\n")
    assert (stream.closed, records.own_faults) == (True, [])


async def test_a_panic_in_a_task_of_its_own_ends_that_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def panics() -> None:
        raise Panic

    await run_call((panics, ()))
    assert [record.exc_info is not None for record in caplog.records] == [True]


# ---------------------------------------------------------------------------------------- responses that cannot be sent


class NotIterable:
    def __aiter__(self) -> AsyncIterator[bytes]:
        raise Mistake("it cannot be read")


async def _text() -> AsyncIterator[bytes]:
    yield "text"  # type: ignore[misc]


async def _one() -> AsyncIterator[bytes]:
    yield b"one"


class RaisesWhenClosed:
    """A stream of one chunk, and a mistake when it is closed."""

    def __init__(self) -> None:
        self.chunks = _one()

    def __aiter__(self) -> "RaisesWhenClosed":
        return self

    async def __anext__(self) -> bytes:
        return await anext(self.chunks)

    async def aclose(self) -> None:
        raise Mistake("on closing")


#: What the app returns, and how the answer begins.
UNSENDABLE: dict[str, tuple[Callable[[], Response], bytes]] = {
    "a number": (lambda: Response(7), b"HTTP/1.1 500 "),  # type: ignore[arg-type]
    "a list": (lambda: Response([b"a"]), b"HTTP/1.1 500 "),  # type: ignore[arg-type]
    "a plain iterator": (lambda: Response(iter([b"a"])), b"HTTP/1.1 500 "),  # type: ignore[arg-type]
    "a stream that cannot be begun": (lambda: Response(NotIterable()), b"HTTP/1.1 500 "),
    "a stream of text": (lambda: Response(_text()), b"HTTP/1.1 200 "),
    "a length of 30 digits": (lambda: Response(_one(), headers={"Content-Length": "9" * 30}), b"HTTP/1.1 500 "),
    "too many bytes": (lambda: Response(_one(), headers={"Content-Length": "2"}), b"HTTP/1.1 200 "),
    "too few bytes": (lambda: Response(_one(), headers={"Content-Length": "4"}), b"HTTP/1.1 200 "),
    "a stream that fails when closed": (lambda: Response(RaisesWhenClosed()), b"HTTP/1.1 200 "),
    "a stream that fails when closed, unread": (lambda: Response(RaisesWhenClosed(), 304), b"HTTP/1.1 304 "),
}


@pytest.mark.parametrize(("respond", "begins"), UNSENDABLE.values(), ids=UNSENDABLE)
async def test_a_response_that_cannot_be_sent_is_the_apps_mistake(
    autojump_clock: object, respond: Callable[[], Response], begins: bytes
) -> None:
    async def app(incoming: Request) -> Response:
        return respond() if incoming.target == "/bad" else Response("good")

    service = Service(app=app)
    with recorded() as records:
        received = await converse(service, request("GET", "/bad"))
    assert received[: len(begins)] == begins
    assert records.own_faults == []
    assert records.errors, "somebody is told"
    assert (await ask(service, request("GET", "/good"))).body == b"good"
