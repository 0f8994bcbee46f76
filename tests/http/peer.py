"""The other end of a connection: bytes sent in pieces over a memory stream, and the answers read back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import h11
import trio
import trio.testing

from corserver.http.connection import Connection
from corserver.http.exchange import Service

#: Ways to cut a byte string into the pieces in which it arrives.
Cutter = Callable[[bytes], Iterable[bytes]]


def whole(data: bytes) -> Iterator[bytes]:
    yield data


def byte_by_byte(data: bytes) -> Iterator[bytes]:
    yield from (data[i : i + 1] for i in range(len(data)))


def cut_at(places: Sequence[int]) -> Cutter:
    def cut(data: bytes) -> Iterator[bytes]:
        bounds = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
        yield from (data[a:b] for a, b in pairwise(bounds))

    return cut


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as a client understands it."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    raw_names: tuple[bytes, ...] = ()

    def get(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key == name]

    @property
    def cors(self) -> dict[bytes, bytes]:
        """The Access-Control-* and Vary lines; of each name there is one at most, but for Vary."""
        lines = [line for line in self.headers if line[0].startswith(b"access-control-")]
        assert len(dict(lines)) == len(lines), f"a CORS header stands twice: {lines}"
        return dict(lines)

    @property
    def vary(self) -> list[bytes]:
        return [member.strip() for value in self.get(b"vary") for member in value.split(b",")]


def read_answers(data: bytes, methods: Sequence[str] = ()) -> list[Answer]:
    """Parse the responses in *data*, which answer requests with *methods* (GET where not given), strictly."""
    answers: list[Answer] = []
    while data:
        method = methods[len(answers)] if len(answers) < len(methods) else "GET"
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
        client.send(h11.EndOfMessage())
        client.receive_data(data)
        head, body = None, b""
        while not isinstance(event := client.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                client.receive_data(b"")
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
        assert head is not None
        answers.append(Answer(head.status_code, tuple((n, v) for n, v in head.headers), body))
        data = client.trailing_data[0]
    return answers


async def converse(
    service: Service, data: bytes, *, cut: Cutter = whole, end: bool = True, stop_reading: float = 5.0
) -> bytes:
    """What a connection answers to *data*, cut into pieces; *end* says whether the peer then ends its side."""
    ours, theirs = trio.testing.memory_stream_pair()
    received = bytearray()

    async def send() -> None:
        try:
            for piece in cut(data):
                await ours.send_all(piece)
            if end:
                await ours.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # The server closed first: what it answered is what counts.

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Connection(theirs, service).run)
        nursery.start_soon(send)
        while chunk := await ours.receive_some():
            received += chunk
        await ours.aclose()
        nursery.cancel_scope.deadline = trio.current_time() + stop_reading
    return bytes(received)


async def ask(service: Service, data: bytes, *, cut: Cutter = whole, method: str = "GET") -> Answer:
    """The one answer to one request."""
    (answer,) = read_answers(await converse(service, data, cut=cut), [method])
    return answer


def request(method: str, target: str, *headers: str, body: bytes = b"", version: str = "1.1") -> bytes:
    """A request's bytes, with a Host and, for a body, its Content-Length."""
    lines = [f"{method} {target} HTTP/{version}", "Host: localhost", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
