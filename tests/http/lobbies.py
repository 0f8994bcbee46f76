"""A lobby without a server: sockets go in, and a task serves those that need one."""

import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import trio
import trio.testing

from corserver.cors.policy import Policy
from corserver.cors.scopes import Scopes
from corserver.http.exchange import Service
from corserver.http.limits import Limits
from corserver.http.lobby import Lobby
from corserver.http.messages import Request, Response
from corserver.http.polling import Poller
from corserver.http.visitor import Visitor

from .peer import Answer, Cutter, read_answers, request, whole

SITE, OTHER = "https://site.example", "https://other.example"
PREFLIGHT = request("OPTIONS", "/", f"Origin: {SITE}", "Access-Control-Request-Method: PUT")
GET = request("GET", "/", f"Origin: {SITE}")


@dataclass
class Hall:
    """A lobby that is attended; its crew works in *nursery*. *left* counts the visitors that are gone."""

    service: Service
    nursery: trio.Nursery
    poller: Poller
    left: int = 0
    clients: list[trio.SocketStream] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lobby = Lobby(self.service, self.poller, self.nursery, self._leave)

    def _leave(self) -> None:
        self.left += 1

    def enter(self, buffer: int = 0, fd: int | None = None) -> trio.SocketStream:
        """A new connection's other end. *buffer* is how much of what the server sends may wait, in bytes; *fd* is the
        descriptor that the server has of it, which is free."""
        ours, theirs = socket.socketpair()
        if fd not in (None, theirs.fileno(), ours.fileno()):
            old = theirs.detach()
            theirs = socket.socket(fileno=os.dup2(old, fd))
            os.close(old)
        elif fd == ours.fileno():
            ours, theirs = theirs, ours
        theirs.setblocking(False)
        if buffer:
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        self.lobby.admit(theirs, "a client")
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
        self.clients.append(stream)
        return stream


@asynccontextmanager
async def attended_with(open_: Callable[[], Poller], service: Service) -> AsyncIterator[Hall]:
    """A lobby, attended while the block runs. Afterwards nothing of it is left."""
    async with trio.open_nursery() as attendants:
        async with trio.open_nursery() as nursery:
            hall = Hall(service, nursery, open_())
            hall.lobby.open()
            for attend in (hall.lobby.sweep, hall.lobby.deliver):
                attendants.start_soon(attend)
            yield hall
            hall.lobby.stop()
            for client in hall.clients:
                await client.aclose()
            nursery.cancel_scope.deadline = trio.current_time() + 5
        assert not nursery.cancel_scope.cancelled_caught, "every task ends by itself"
        attendants.cancel_scope.cancel()
    hall.lobby.close()
    assert hall.left == len(hall.clients)


#: A lobby over a poller that is chosen.
Attended = Callable[[Service], AbstractAsyncContextManager[Hall]]


async def read_all(stream: trio.SocketStream) -> bytes:
    """What arrives until the other side ends or resets the connection."""
    received = bytearray()
    try:
        while data := await stream.receive_some():
            received += data
    except trio.BrokenResourceError:
        pass
    return bytes(received)


async def talk(hall: Hall, data: bytes, cut: Cutter = whole) -> bytes:
    """What the answer is to *data* on a new connection, sent in pieces, each once the server has come to rest."""
    client = hall.enter()
    received: list[bytes] = []

    async def read() -> None:
        received.append(await read_all(client))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read)
        try:
            for piece in cut(data):
                await client.send_all(piece)
                await trio.testing.wait_all_tasks_blocked()
            await client.send_eof()
        except (trio.BrokenResourceError, trio.ClosedResourceError, OSError):
            pass  # The server closed first: what it answered is what counts.
    await client.aclose()
    return received[0]


async def hello(request: Request) -> Response:
    return Response(await request.body() or b"hello")


def served(app: object = hello, scopes: Scopes | None = None, **limits: object) -> Service:
    policies = scopes or Scopes(default=Policy([SITE], ["PUT"]))
    return Service(app=app, scopes=policies, limits=Limits(**limits))  # type: ignore[arg-type]


async def ask(client: trio.SocketStream, data: bytes) -> Answer:
    """The answer to one request on a connection that stays."""
    await client.send_all(data)
    (answer,) = read_answers(bytes(await client.receive_some()))
    return answer


def visitors(hall: Hall) -> list[Visitor]:
    return list(hall.lobby._visitors.values())


async def until(condition: object) -> None:
    with trio.fail_after(10):
        while not condition():  # type: ignore[operator]
            await trio.testing.wait_all_tasks_blocked(0.005)
