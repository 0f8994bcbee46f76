"""Apps that do what PEP 3333 asks, or fail as they are told."""

from collections.abc import Iterator

import trio


class Mistake(Exception):
    """What an app does wrong."""


class Closing:
    """An iterable of *pieces*, an exception among which is raised; it knows how often it was closed."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        self.pieces = iter(pieces)
        self.taken = 0
        self.closed = trio.Event()
        self.times_closed = 0
        self.token = trio.lowlevel.current_trio_token()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = next(self.pieces)
        self.taken += 1
        if isinstance(piece, Exception):
            raise piece
        return piece

    def close(self) -> None:
        self.times_closed += 1
        self.token.run_sync_soon(self.closed.set)
