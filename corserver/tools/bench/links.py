"""One connection of the load."""

import errno
import os
import socket
import struct
from typing import Any, Final

#: A close that resets: else thousands of closed connections would keep this machine's ports for a minute.
NO_LINGER: Final = struct.pack("ii", 1, 0)


class Link:
    """A connection. *since* is when its request was sent, or should have been; 0 where none is under way."""

    __slots__ = ("data", "since", "sock")

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.data = b""
        self.since = 0.0

    def connect(self, family: int, address: Any) -> tuple[socket.socket, OSError | None]:
        """Begin to connect: the socket is writable when that is done. What is wrong at once, if anything."""
        self.sock, self.data = socket.socket(family, socket.SOCK_STREAM), b""
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = self.sock.connect_ex(address)
        return self.sock, None if code in (0, errno.EINPROGRESS) else OSError(code, os.strerror(code))

    def failure(self) -> OSError | None:
        """What kept it from being connected."""
        assert self.sock is not None
        code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return OSError(code, os.strerror(code)) if code else None

    def reset(self) -> None:
        """Close it at once."""
        if self.sock is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            self.sock.close()
            self.sock = None


def words(error: OSError) -> str:
    """What is counted for *error*."""
    return (error.strerror or str(error)).lower()
