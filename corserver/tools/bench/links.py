"""One connection of the load."""

import socket
import struct
from typing import Final

#: A close that resets: else thousands of closed connections would keep this machine's ports for a minute.
NO_LINGER: Final = struct.pack("ii", 1, 0)


class Link:
    """A connection. *since* is when its request was sent, or should have been; 0 where none is under way."""

    __slots__ = ("data", "since", "sock")

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.data = b""
        self.since = 0.0


def words(error: OSError) -> str:
    """What is counted for *error*."""
    return (error.strerror or str(error)).lower()
