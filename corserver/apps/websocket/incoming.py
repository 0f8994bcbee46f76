"""What has arrived on a WebSocket and the app has not received."""

from collections import deque

from corserver.apps.websocket.options import WebSocketOptions


class Incoming:
    """Messages in a queue, which is full by their number or by what they hold."""

    def __init__(self, options: WebSocketOptions) -> None:
        self._most = options.queued_messages
        self._most_bytes = options.queued_bytes
        self._messages: deque[str | bytes] = deque()
        self._size = 0

    def __bool__(self) -> bool:
        return bool(self._messages)

    @property
    def is_full(self) -> bool:
        """Whether nothing more is to be read."""
        return len(self._messages) >= self._most or self._size >= self._most_bytes

    def put(self, message: str | bytes) -> None:
        """Add a message at the end."""
        self._messages.append(message)
        self._size += len(message)

    def take(self) -> str | bytes:
        """The first message."""
        message = self._messages.popleft()
        self._size -= len(message)
        return message

    def clear(self) -> None:
        """Drop them all."""
        self._messages.clear()
        self._size = 0
