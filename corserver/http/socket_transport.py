"""A transport over a socket that does not block: what it takes is sent at once, without a stream of trio's."""

import socket
from typing import Final

import trio

from corserver.http.body import PeerLeft
from corserver.http.limits import Limits
from corserver.http.transport import Transport, name_of

#: A whole answer up to this size is joined and goes out by one call; of a longer one the body is not copied.
JOINED: Final = 16384


class SocketTransport(Transport):
    """*sock* as a transport. It becomes a stream of trio's only where one is needed.

    What is *owed* is the end of the answers so far, and goes ahead of whatever is sent next.
    """

    __slots__ = ("_socket", "owed", "receive_now")

    def __init__(self, sock: socket.socket, limits: Limits) -> None:
        super().__init__(None, limits)
        self._socket = sock
        #: The socket's own: it raises BlockingIOError where there is nothing, or OSError where the peer has left.
        self.receive_now = sock.recv
        self.owed = b""

    @property
    def stream(self) -> trio.abc.Stream:
        """The socket as a stream of trio's."""
        if self._stream is None:
            self._stream = trio.SocketStream(trio.socket.from_stdlib_socket(self._socket))
        return self._stream

    def _ask_name(self) -> tuple[str, int] | None:
        return name_of(self._socket)

    def has_left(self) -> bool:
        """As `Transport`."""
        if not self.peer_left:
            try:
                return not self._socket.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                return False
            except OSError:
                self.peer_left = True
        return self.peer_left

    async def send(self, head: bytes, body: bytes = b"") -> None:
        """As `Transport`, at once as far as the socket takes it."""
        if self.owed:
            head, self.owed = self.owed + head, b""
        try:
            if len(head) + len(body) <= JOINED:
                head, body = head + body, b""
                sent = self._socket.send(head)
            else:
                sent = self._socket.sendmsg((head, body))
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self.peer_left = True
            raise PeerLeft from error
        if sent < len(head):
            await self._send(memoryview(head)[sent:])
            sent = len(head)
        if sent < len(head) + len(body):
            await self._send(memoryview(body)[sent - len(head) :])

    def send_now(self, data: bytes) -> int:
        """As `Transport`."""
        try:
            return 0 if self.owed else self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self.peer_left = True
            raise PeerLeft from error

    async def _send(self, data: bytes | memoryview) -> None:
        # As much at once as the socket takes, which is at least a third of its buffer once it can be written again.
        view = memoryview(data)
        while view:
            try:
                view = view[self._socket.send(view) :]
            except BlockingIOError:
                await self._writable()
            except OSError as error:
                self.peer_left = True
                raise PeerLeft from error

    async def _writable(self) -> None:
        with trio.move_on_after(self._limits.write_seconds) as scope:
            await trio.lowlevel.wait_writable(self._socket)
        if scope.cancelled_caught:
            self.peer_left = True
            raise PeerLeft

    def push(self, data: bytes = b"") -> None:
        """Send what the socket takes; the rest is owed. Raises OSError where the peer has left."""
        if self.owed:
            data, self.owed = self.owed + data, b""
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            self.owed = data[sent:]

    def end(self) -> None:
        """End our side. Raises OSError where the peer has left."""
        self._socket.shutdown(socket.SHUT_WR)

    def close_now(self) -> None:
        """Close, without a stream having been made."""
        self._socket.close()
