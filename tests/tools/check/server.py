"""A hand-made server on a free port, for faults: what it answers is a function of the request."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import h11
import trio

from corserver.cors.fetch import Field
from corserver.tools.check.report import Mend, Report


@dataclass(frozen=True)
class Asked:
    """A request as the faulty server sees it."""

    method: str
    path: str
    headers: tuple[Field, ...] = ()

    def get(self, name: str) -> str | None:
        return next((value.decode() for key, value in self.headers if key == name.encode()), None)

    @property
    def is_preflight(self) -> bool:
        return self.method == "OPTIONS" and self.get("access-control-request-method") is not None


@dataclass(frozen=True)
class Answered:
    """Status and header lines; names and values as text."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"{}"


Fault = Callable[[Asked], Answered]


@asynccontextmanager
async def serving(fault: Fault) -> AsyncIterator[str]:
    """Serve *fault*; the URL of its origin."""

    async def connection(stream: trio.SocketStream) -> None:
        async with stream:
            await _answer(stream, fault)

    async with trio.open_nursery() as nursery:
        opened = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, connection, opened)
        yield f"http://127.0.0.1:{opened[0].socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


async def _answer(stream: trio.SocketStream, fault: Fault) -> None:
    connection = h11.Connection(h11.SERVER)
    request: h11.Request | None = None
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await stream.receive_some())
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.EndOfMessage):
            break
        elif isinstance(event, h11.ConnectionClosed):
            return
    assert request is not None
    asked = Asked(request.method.decode(), request.target.decode(), tuple(request.headers))
    answered = fault(asked)
    headers = [*answered.headers, ("Content-Length", str(len(answered.body))), ("Connection", "close")]
    head = h11.Response(status_code=answered.status, headers=headers, reason=b"")
    data = (connection.send(head) or b"") + b"".join(
        connection.send(event) or b"" for event in (h11.Data(data=answered.body), h11.EndOfMessage())
    )
    await stream.send_all(data)


def mended(fault: Fault, report: Report) -> Fault:
    """The same server after the mends of *report*, to the letter: header lines sent and dropped, and the status."""

    def answer(asked: Asked) -> Answered:
        answered = fault(asked)
        for mend in report.mends:
            if f" {asked.method} {asked.path}" in f" {mend.where},".replace(", errors too,", "").replace(",", ""):
                answered = _apply(mend, answered)
        return answered

    return answer


def _apply(mend: Mend, answered: Answered) -> Answered:
    names = {name.decode().lower() for name, _ in mend.send}
    kept = tuple(line for line in answered.headers if line[0].lower() not in names)
    sent = tuple((name.decode(), value.decode()) for name, value in mend.send)
    status = int(mend.status.split()[1]) if mend.status else answered.status
    return replace(answered, status=status, headers=kept + sent, body=b"" if status == 204 else answered.body)
