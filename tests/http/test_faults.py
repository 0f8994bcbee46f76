"""A fault at every point of an exchange in turn: the connection ends, the server does not.

Whatever breaks, afterwards the connection's task is gone, its stream closed, the streamed body closed, nothing in the
log blames the server itself, and the next connection is served.
"""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import trio
import trio.testing

from corserver.cors.policy import Policy
from corserver.cors.scopes import Scopes
from corserver.http.connection import Connection
from corserver.http.exchange import Service
from corserver.http.limits import Limits

from .faulty import ENOUGH, Countdown, FaultyStream, Mistake, Steps, Works
from .peer import ask, request
from .transcript import Records, recorded

SITE = "https://site.example"
ORIGIN = f"Origin: {SITE}"
LAST = "Connection: close"

Talk = Callable[[trio.abc.HalfCloseableStream], Awaitable[None]]


def sends(*pieces: bytes) -> Talk:
    """A peer that sends these pieces, each once the server has come to rest."""

    async def talk(stream: trio.abc.HalfCloseableStream) -> None:
        for piece in pieces:
            await stream.send_all(piece)
            await trio.testing.wait_all_tasks_blocked()

    return talk


async def waits_for_100(stream: trio.abc.HalfCloseableStream) -> None:
    await stream.send_all(request("POST", "/", LAST, "Expect: 100-continue", "Content-Length: 3"))
    await trio.testing.wait_all_tasks_blocked()
    await stream.send_all(b"abc")


CHUNKED = request("POST", "/", LAST, "Transfer-Encoding: chunked")
EXCHANGES: dict[str, Talk] = {
    "a GET": sends(request("GET", "/", LAST)),
    "a GET in two pieces": sends(b"GET / HTTP/1.1\r\nHo", b"st: a\r\nConnection: close\r\n\r\n"),
    "a POST whose body comes later": sends(request("POST", "/", LAST, "Content-Length: 6"), b"abc", b"def"),
    "a chunked upload": sends(CHUNKED, b"3\r\nabc\r\n", b"3\r\ndef\r\n0\r\n", b"T: 1\r\n\r\n"),
    "a peer that waits for 100": waits_for_100,
    "a streamed answer": sends(request("GET", "/stream", LAST)),
    "a streamed answer to HEAD": sends(request("HEAD", "/stream", LAST)),
    "a streamed answer to 1.0": sends(request("GET", "/stream", version="1.0")),
    "an early answer, the body unread": sends(
        request("POST", "/leave", "Transfer-Encoding: chunked"), b"ff\r\n" + b"x" * 99
    ),
    "an unread body that is drained": sends(
        request("POST", "/leave", "Content-Length: 4"), b"abcd", request("GET", "/", LAST)
    ),
    "two at once": sends(request("POST", "/stream", body=b"abc") + request("GET", "/stream", LAST)),
    "a preflight and its request": sends(
        request("OPTIONS", "/", ORIGIN, "Access-Control-Request-Method: PUT"),
        request("PUT", "/", ORIGIN, LAST, body=b"a"),
    ),
    "a head that is refused": sends(b"GET / HTTP/1.1\r\nHost: a b\r\n\r\nmore"),
    "a chunk that is refused": sends(CHUNKED + b"zz\r\n"),
    "a child that reads the body": sends(request("POST", "/children", LAST, "Content-Length: 6"), b"abc", b"def"),
}
EACH = pytest.mark.parametrize("talk", EXCHANGES.values(), ids=EXCHANGES)


@dataclass
class Scene:
    """One connection of a peer that talks, with a fault somewhere."""

    app: Works = field(default_factory=Works)
    points: int = ENOUGH
    fault: type[Exception] | None = trio.BrokenResourceError
    cancels_at: int = ENOUGH
    records: Records = field(default_factory=Records)

    async def play(self, talk: Talk) -> tuple[bool, bool]:
        """Whether the stream broke, whether it was cancelled. Afterwards nothing is left."""
        service = Service(app=self.app, scopes=Scopes(default=Policy([SITE], ["PUT"])), limits=Limits())
        ours, theirs = trio.testing.memory_stream_pair()
        stream = FaultyStream(theirs, self.points, self.fault)
        scope = trio.CancelScope()
        steps = Steps(Countdown(self.cancels_at, scope.cancel))

        async def serve() -> None:
            steps.task = trio.lowlevel.current_task()
            with scope:
                await Connection(stream, service).run()
            steps.task = None

        trio.lowlevel.add_instrument(steps)
        try:
            with recorded() as self.records, trio.fail_after(1000):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(serve)
                    nursery.start_soon(self._be_peer, ours, talk)
        finally:
            trio.lowlevel.remove_instrument(steps)
        assert stream.closed
        assert [source.closed for source in self.app.sources] == [True] * len(self.app.sources)
        assert self.records.own_faults == []
        self.app.countdown.left = ENOUGH
        assert (await ask(service, request("POST", "/", body=b"again"))).body == b"again"
        return stream.countdown.happened, steps.countdown.happened

    async def _be_peer(self, stream: trio.abc.HalfCloseableStream, talk: Talk) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._talk, stream, talk)
            try:
                while await stream.receive_some():
                    pass
            except trio.BrokenResourceError:
                pass
            nursery.cancel_scope.cancel()
        await stream.aclose()

    async def _talk(self, stream: trio.abc.HalfCloseableStream, talk: Talk) -> None:
        # The server may close meanwhile.
        with contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await talk(stream)


async def until_it_passes(talk: Talk, scene: Callable[[int], Scene], which: int, *, errors: bool = False) -> int:
    """Play the scene with its fault at the first point, the second, and so on, until there is none. Their number."""
    for points in range(ENOUGH):
        playing = scene(points)
        if not (await playing.play(talk))[which]:
            assert playing.records.errors == []
            return points
        if not errors:
            assert playing.records.errors == [], f"at point {points} the handler is blamed for what it did not do"
    raise AssertionError("there are more points than enough")


# ------------------------------------------------------------------------------------------------ faults of the peer


@EACH
@pytest.mark.parametrize(
    "fault", [trio.BrokenResourceError, trio.ClosedResourceError, None], ids=["broken", "closed", "ended"]
)
async def test_the_stream_breaks_at_every_operation_in_turn(
    autojump_clock: object, talk: Talk, fault: type[Exception] | None
) -> None:
    assert await until_it_passes(talk, lambda n: Scene(points=n, fault=fault), 0) >= 3


@EACH
async def test_a_cancellation_at_every_step_in_turn(autojump_clock: object, talk: Talk) -> None:
    assert await until_it_passes(talk, lambda n: Scene(cancels_at=n), 1) >= 5


@EACH
async def test_a_cancellation_while_the_stream_is_broken_already(autojump_clock: object, talk: Talk) -> None:
    for points in range(6):
        await until_it_passes(talk, lambda n, points=points: Scene(points=points, cancels_at=n), 1)  # type: ignore[misc]


# --------------------------------------------------------------------------------------------- faults of the handler


def raises(error: BaseException) -> Callable[[], None]:
    def happen() -> None:
        raise error

    return happen


@EACH
@pytest.mark.parametrize(
    "error",
    [
        Mistake("a mistake"),
        ExceptionGroup("two", [Mistake("one"), Mistake("another")]),
        trio.BrokenResourceError("another stream's"),
        trio.TooSlowError("its own deadline"),
        trio.EndOfChannel(),
        StopAsyncIteration(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_the_app_raises_at_every_point_of_its_own_in_turn(
    autojump_clock: object, talk: Talk, error: BaseException
) -> None:
    for points in range(ENOUGH):
        scene = Scene(app=Works(Countdown(points, raises(error))))
        await scene.play(talk)
        if not scene.app.mistaken:
            return
        if not isinstance(error, StopAsyncIteration):
            assert scene.records.errors, "somebody is told"
    raise AssertionError("there are more points than enough")
