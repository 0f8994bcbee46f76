"""What goes out on a WebSocket, in order: at once as far as the connection takes it, the rest by a task of its own.

The task is there as long as something is unsent. So a sender that is cancelled never leaves half a frame.
"""

from collections.abc import Callable
from typing import Any

import trio


class Outgoing:
    """The way to the peer. *moved* is called when some of what was unsent is sent, *lost* when the peer is gone."""

    def __init__(self, moved: Callable[[], None], lost: Callable[[], None]) -> None:
        self._moved = moved
        self._lost = lost
        self._stream: Any = None
        self._send_now: Callable[[bytes], int] | None = None
        self._nursery: trio.Nursery | None = None
        #: What is to be sent, and how much more the writer has in its hands.
        self._waiting = bytearray()
        self._in_flight = 0
        self._is_writing = False

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._stream is not None

    @property
    def unsent(self) -> int:
        """How many bytes the connection has not taken."""
        return len(self._waiting) + self._in_flight

    def open(self, stream: Any, nursery: trio.Nursery) -> None:
        """Here is the connection's *stream*, and room for the task."""
        self._stream = stream
        self._send_now = getattr(stream, "send_now", None)
        self._nursery = nursery

    def put(self, data: bytes) -> None:
        """Send *data*."""
        if not self._is_writing and self._send_now is not None:
            try:
                data = data[self._send_now(data) :] if data else data
            except trio.BrokenResourceError:
                self._lost()
                return
        if data:
            self._waiting += data
            if not self._is_writing and self._nursery is not None:
                self._is_writing = True
                self._nursery.start_soon(self._write)

    async def _write(self) -> None:
        try:
            while self._waiting:
                data, self._waiting = bytes(self._waiting), bytearray()
                self._in_flight = len(data)
                await self._stream.send_all(data)
                self._in_flight = 0
                self._moved()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self._lost()
        finally:
            self._is_writing = False
