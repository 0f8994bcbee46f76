"""The other end of a WebSocket, frame by frame as RFC 6455 §5.2 draws them, over a memory stream."""

import contextlib
import struct
from collections.abc import AsyncIterator
from typing import Any

import trio
import trio.testing

from corserver import App, WebSocket, WebSocketOptions
from corserver.apps.websocket import WebSocketHandler
from corserver.http.connection import Connection
from corserver.http.crew import Crew
from corserver.http.exchange import Service, run_call
from corserver.http.messages import App as AnyApp

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
#: The sample of RFC 6455 §1.3, and what answers it.
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

Frame = tuple[int, bytes]


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes | None = b"\x37\xfa\x21\x3d"
) -> bytes:
    """A client's frame. *rsv* has the three reserved bits, the first as 4; without a *mask* it is not masked."""
    head = bytearray([fin << 7 | rsv << 4 | opcode])
    masked = 0 if mask is None else 0x80
    if len(payload) < 126:
        head.append(masked | len(payload))
    elif len(payload) < 65536:
        head += struct.pack("!BH", masked | 126, len(payload))
    else:
        head += struct.pack("!BQ", masked | 127, len(payload))
    if mask is None:
        return bytes(head) + payload
    return bytes(head) + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def close_frame(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, struct.pack("!H", code) + reason)


def handshake(*headers: str, path: str = "/", key: str = KEY) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket"]
    lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Client:
    """What a server's end of a memory stream sends, taken apart."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self._received = bytearray()
        self.head = b""

    async def send(self, data: bytes) -> None:
        await self.stream.send_all(data)

    async def read_head(self) -> bytes:
        while b"\r\n\r\n" not in self._received:
            assert await self._more(), bytes(self._received)
        head, _, rest = bytes(self._received).partition(b"\r\n\r\n")
        self._received = bytearray(rest)
        self.head = head
        return head

    async def read(self, size: int) -> bytes:
        """So many bytes of a body."""
        while len(self._received) < size:
            assert await self._more(), bytes(self._received)
        body, self._received = bytes(self._received[:size]), self._received[size:]
        return body

    async def next_frame(self) -> tuple[int, bytes] | None:
        """Opcode, with the bits before it where they are not FIN alone, and payload; None at the end."""
        while (found := self._parse()) is None:
            if not await self._more():
                assert not self._received, f"the server ended within a frame: {bytes(self._received)!r}"
                return None
        return found

    async def frames(self) -> list[Frame]:
        """All there are until the server ends its side."""
        found = []
        while (one := await self.next_frame()) is not None:
            found.append(one)
        return found

    async def _more(self) -> bool:
        data = await self.stream.receive_some()
        self._received += data
        return bool(data)

    def _parse(self) -> tuple[int, bytes] | None:
        data = self._received
        if len(data) < 2:
            return None
        size, at = data[1], 2
        assert size < 128, "a server masks nothing"
        if size > 125:
            width, form = (2, "!H") if size == 126 else (8, "!Q")
            if len(data) < 2 + width:
                return None
            (size,), at = struct.unpack(form, data[2 : 2 + width]), 2 + width
        if len(data) < at + size:
            return None
        opcode, payload = data[0], bytes(data[at : at + size])
        del data[: at + size]
        return (opcode & 0x7F if opcode & 0x80 else opcode | 0x100), payload


async def echo(ws: WebSocket) -> None:
    async for message in ws:
        await ws.send(message)


def routed(handler: WebSocketHandler, options: WebSocketOptions | None = None) -> App:
    app = App()
    app.websocket("/", options=options)(handler)
    return app


@contextlib.asynccontextmanager
async def connected(app: AnyApp, *, lockstep: bool = False, **options: Any) -> AsyncIterator[tuple[Client, Connection]]:
    """A connection to *app*, of a service with these *options*; what it leaves running is cancelled.

    In *lockstep* the stream holds nothing: what one side sends waits for the other to receive it.
    """
    ours, theirs = (trio.testing.lockstep_stream_pair if lockstep else trio.testing.memory_stream_pair)()
    service = Service(app=app, **options)
    async with trio.open_nursery() as nursery:
        service.crew = Crew(nursery, run_call)
        connection = Connection(theirs, service)
        nursery.start_soon(connection.run)
        yield Client(ours), connection
        await ours.aclose()
        nursery.cancel_scope.cancel()


@contextlib.asynccontextmanager
async def opened(
    handler: WebSocketHandler = echo, options: WebSocketOptions | None = None, *headers: str
) -> AsyncIterator[Client]:
    """An open WebSocket with *handler*."""
    async with connected(routed(handler, options)) as (client, _):
        await client.send(handshake(*headers))
        head = await client.read_head()
        assert head.startswith(b"HTTP/1.1 101 "), head
        yield client
