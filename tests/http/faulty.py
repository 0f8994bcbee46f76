"""What breaks at the point that a test chooses: streams, tasks, bodies and apps."""

from collections.abc import Callable
from dataclasses import dataclass, field

import trio

from corserver.http.messages import Request, Response

from .transcript import WatchedStream

#: More points than any of the exchanges has.
ENOUGH = 200


class Mistake(Exception):
    """What a handler does wrong."""


class Countdown:
    """Calls *happen* at the point that it is set to; knows whether that point was reached."""

    def __init__(self, points: int, happen: Callable[[], object]) -> None:
        self.left = points
        self.happen = happen

    @property
    def happened(self) -> bool:
        return self.left < 0

    def point(self) -> None:
        self.left -= 1
        if self.left == -1:
            self.happen()


class FaultyStream(WatchedStream):
    """A stream each of whose operations is a point at which it may break, before or after the operation is done."""

    def __init__(self, inner: trio.abc.HalfCloseableStream, points: int, fault: type[Exception] | None) -> None:
        super().__init__(inner)
        self.countdown = Countdown(points, self._break)
        self._fault = fault
        self._ended = False

    def _break(self) -> None:
        self._ended = self._fault is None
        if self._fault is not None:
            raise self._fault

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        self.countdown.point()
        return b"" if self._ended else await super().receive_some(max_bytes)

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self.countdown.point()
        await super().send_all(data)
        self.countdown.point()

    async def send_eof(self) -> None:
        self.countdown.point()
        await super().send_eof()


class Steps(trio.abc.Instrument):
    """Counts the steps of one task, which is where a cancellation can reach it."""

    def __init__(self, countdown: Countdown) -> None:
        self.countdown = countdown
        self.task: trio.lowlevel.Task | None = None

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self.task:
            self.countdown.point()


class Source:
    """A streamed body that knows whether it was closed."""

    def __init__(self, app: "Works") -> None:
        self.app = app
        self.chunks = iter([b"one ", b"two ", b"three"])
        self.closed = False
        app.sources.append(self)

    def __aiter__(self) -> "Source":
        return self

    async def __anext__(self) -> bytes:
        await self.app.point()
        for chunk in self.chunks:
            return chunk
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed = True
        await trio.lowlevel.checkpoint()


@dataclass
class Works:
    """An app that streams, reads or leaves the body, and that may make a mistake at any of its own points."""

    countdown: Countdown = field(default_factory=lambda: Countdown(ENOUGH, lambda: None))
    sources: list[Source] = field(default_factory=list)
    mistaken: bool = False

    async def point(self) -> None:
        await trio.lowlevel.checkpoint()
        self.mistaken = self.mistaken or self.countdown.left == 0
        self.countdown.point()

    async def __call__(self, request: Request) -> Response:
        await self.point()
        if request.target == "/leave":
            return Response("early", 403)
        if request.target == "/children":
            return Response(await self._read_in_a_child(request))
        received = b""
        async for chunk in request.stream():
            received += chunk
            await self.point()
        return Response(Source(self) if request.target == "/stream" else received)

    async def _read_in_a_child(self, request: Request) -> bytes:
        received: list[bytes] = []

        async def read() -> None:
            received.append(await request.body())
            await self.point()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            nursery.start_soon(self.point)
        return received[0]
