"""A whole conversation as evidence: what came back, what was logged, how long it took, and what was left behind."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import trio
import trio.testing

from corserver.http.connection import Connection
from corserver.http.exchange import Service
from corserver.http.log import Entry

from .peer import Answer, Cutter, read_answers, whole

#: Virtual seconds after which a conversation is taken for one that hangs: above the sum of all deadlines.
_FOREVER = 1000.0
#: How often a server may ask again for bytes after it was told that there are none.
_READS_AFTER_END = 8


class Spinning(Exception):
    """The server asks again and again for bytes that will never come."""


class WatchedStream(trio.abc.HalfCloseableStream):
    """The server's half of a stream. It knows whether it was closed, and refuses to be read without end at its end."""

    def __init__(self, inner: trio.abc.HalfCloseableStream) -> None:
        self.inner = inner
        self.closed = False
        self.taken = 0
        self._reads_after_end = 0

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        data = bytes(await self.inner.receive_some(max_bytes))
        self.taken += len(data)
        self._reads_after_end += not data
        if self._reads_after_end > _READS_AFTER_END:
            raise Spinning
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.inner.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.inner.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        await self.inner.send_eof()

    async def aclose(self) -> None:
        self.closed = True
        await self.inner.aclose()


@dataclass
class Records(logging.Handler):
    """What the server logs meanwhile."""

    records: list[logging.LogRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.WARNING)

    def __hash__(self) -> int:
        return id(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def own_faults(self) -> list[str]:
        """The records that say that the server itself is at fault."""
        return [told for record in self.records if "own fault" in (told := _told(record))]

    @property
    def errors(self) -> list[str]:
        """What was logged as an error, whoever made it."""
        return [_told(record) for record in self.records if record.levelno >= logging.ERROR]


def _told(record: logging.LogRecord) -> str:
    return f"{record.getMessage()}: {record.exc_info and record.exc_info[1]!r}"


@contextmanager
def recorded() -> Iterator[Records]:
    """The records of the server's logger, which go nowhere else."""
    logger, records = logging.getLogger("corserver"), Records()
    logger.addHandler(records)
    propagate, logger.propagate = logger.propagate, False
    try:
        yield records
    finally:
        logger.propagate = propagate
        logger.removeHandler(records)


@dataclass(frozen=True, slots=True)
class Transcript:
    """One connection from its first byte to its close."""

    received: bytes
    entries: list[Entry]
    own_faults: list[str]
    errors: list[str]
    seconds: float
    hung: bool
    closed: bool

    @property
    def answers(self) -> list[Answer]:
        """The answers, parsed strictly; the server's own log says which of them are to HEAD."""
        return read_answers(self.received, ["HEAD" if entry.method == b"HEAD" else "GET" for entry in self.entries])


def hold(service: Service, data: bytes, cut: Cutter = whole) -> Transcript:
    """Send *data*, cut into pieces, end our side, and read until the server closes; in virtual time."""
    entries: list[Entry] = []
    service.access_log = entries.append
    clock = trio.testing.MockClock(autojump_threshold=0)
    with recorded() as records:
        received, seconds, hung, closed = trio.run(_hold, service, data, cut, clock=clock)
    return Transcript(received, entries, records.own_faults, records.errors, seconds, hung, closed)


async def _hold(service: Service, data: bytes, cut: Cutter) -> tuple[bytes, float, bool, bool]:
    ours, theirs = trio.testing.memory_stream_pair()
    stream = WatchedStream(theirs)
    received = bytearray()
    start = trio.current_time()

    async def send() -> None:
        try:
            for piece in cut(data):
                await ours.send_all(piece)
                await trio.testing.wait_all_tasks_blocked()
            await ours.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # The server closed first: what it answered is what counts.

    with trio.move_on_after(_FOREVER) as scope:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Connection(stream, service).run)
            nursery.start_soon(send)
            while chunk := await ours.receive_some():
                received += chunk
            await ours.aclose()
    return bytes(received), trio.current_time() - start, scope.cancelled_caught, stream.closed
