"""A large file as an answer, and clients that take it."""

import random
import socket
from typing import Any

import trio

from corserver.http.exchange import Service
from corserver.http.fileslice import FileSlice
from corserver.http.log import Entry
from corserver.http.messages import Request, Response
from corserver.http.sendfile import PIECE

from .lobbies import Hall, served

SIZE = 2 * PIECE + 12345
CONTENT = random.Random(1).randbytes(SIZE)
#: A socket's buffer that a piece does not fit, so that there is always something to wait for.
SMALL = 16384


def enter_by_tcp(hall: Hall) -> trio.SocketStream:
    """A new connection's other end, over the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    theirs.setblocking(False)
    hall.lobby.admit(theirs, "a client")
    hall.clients.append(trio.SocketStream(trio.socket.from_stdlib_socket(ours)))
    return hall.clients[-1]


class Files:
    """Answers with the file, or with as much of it as the target says."""

    def __init__(self, fd: int, kind: type[FileSlice] = FileSlice) -> None:
        self.fd, self.kind = fd, kind
        self.entries: list[Entry] = []

    async def __call__(self, request: Request) -> Response:
        length = int(request.target[1:] or SIZE)
        return Response(self.kind(self.fd, 0, length), headers={"Content-Length": str(length)})

    def service(self, **limits: Any) -> Service:
        service = served(self, **limits)
        service.access_log = self.entries.append
        return service


async def take(client: trio.SocketStream, size: int) -> bytes:
    """So many bytes."""
    received = bytearray()
    while len(received) < size:
        piece = await client.receive_some(size - len(received))
        assert piece, "the other side ended early"
        received += piece
    return bytes(received)
