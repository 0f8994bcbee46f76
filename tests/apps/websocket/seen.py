"""What a handler saw of its WebSocket."""

import struct

from corserver import WebSocket, WebSocketClosed

from .peer import CLOSE

NORMAL = (CLOSE, struct.pack("!H", 1000))


def code_of(closed: tuple[int, bytes] | None) -> int:
    assert closed is not None
    assert closed[0] == CLOSE
    return int.from_bytes(closed[1][:2], "big")


class Seen:
    """What a handler saw of the end."""

    def __init__(self) -> None:
        self.closed: WebSocketClosed | None = None
        self.said: WebSocketClosed | None = None
        self.messages: list[str | bytes] = []

    async def __call__(self, ws: WebSocket) -> None:
        try:
            while True:
                self.messages.append(await ws.receive())
        except WebSocketClosed as closed:
            self.closed = closed
            self.said = ws.closed
            raise

    @property
    def end(self) -> tuple[int, str]:
        assert self.closed is not None
        assert self.said is not None
        assert self.said.code == self.closed.code
        return self.closed.code, self.closed.reason
