"""Whether a stream takes what is written to it at once, so that who does not read a pipe that is full stops nobody."""

import io
import select
from typing import Final, TextIO

#: How much a pipe takes whole, in bytes (PIPE_BUF, pipe(7)).
PIECE: Final = 4096


def has_room(stream: TextIO) -> bool:
    """Whether *stream* takes a piece at once: a pipe does that has a page free, and a file always."""
    try:
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
    except (AttributeError, io.UnsupportedOperation):  # It is in memory, or this is Windows.
        return True
    return bool(poll.poll(0))
