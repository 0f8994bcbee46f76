"""A part of an open file as a response body: an async iterable of bytes, and enough of a file to be sent by the kernel.

Whoever sends it may iterate it, as any stream, or take `fileno`, `offset` and `length` and call `os.sendfile`. Either
way it is exactly `length` bytes: a file that ends before them has shrunk, and its answer cannot be finished.
"""

import os
import threading
from typing import Final

import trio

#: What is read at a time, and so what a slow client can make the server hold. One thread hop costs as much CPU as
#: copying a few of these KiB, so that smaller pieces make large files dear.
CHUNK: Final = 256 * 1024
#: What is in the page cache is there in runs, as it was read ahead: one byte in so many is looked for, the last first.
_SAMPLED: Final = 2 * 1024 * 1024
_NOWAIT: Final[int | None] = getattr(os, "RWF_NOWAIT", None)
#: Where that one byte is read to. Nobody reads it.
_ANY_BYTE: Final = (bytearray(1),)


class FileShrank(OSError):
    """A file ended before the length that its answer announces: the rest cannot be sent, and is not made up."""


class OpenFile:
    """A descriptor with several owners, who may be in several threads. The last one of them closes it.

    *fd* is the descriptor, for its owners.
    """

    __slots__ = ("_file", "_lock", "_owners", "fd")

    def __init__(self, fd: int) -> None:
        """Duplicates *fd*, which stays the caller's. Whoever makes it owns it."""
        # A file object, and not a number, so that what nobody closed is closed with a warning.
        self._file = os.fdopen(os.dup(fd), "rb", buffering=0)
        self.fd: Final = self._file.fileno()
        self._lock = threading.Lock()
        self._owners = 1

    def fileno(self) -> int:
        """The descriptor. Raises ValueError once closed."""
        return self._file.fileno()

    def share(self) -> bool:
        """Become an owner; False where it is closed already."""
        with self._lock:
            if not self._owners:
                return False
            self._owners += 1
            return True

    def close(self) -> None:
        """Own it no longer. To be called once by each owner."""
        with self._lock:
            self._owners -= 1
            if not self._owners:
                self._file.close()


class FileSlice:
    """*length* bytes of an open file from *offset* on. Owns the file, with others or alone, until `aclose`.

    The descriptor's position is not used, so that several slices may share an open file. Each iteration is a new one.
    """

    __slots__ = ("_file", "_is_closed", "length", "offset")

    def __init__(self, file: int | OpenFile, offset: int, length: int) -> None:
        """Duplicates a number, becomes an owner of an `OpenFile`: what the caller has stays the caller's.

        Raises ValueError for a file that is closed.
        """
        if isinstance(file, int):
            file = OpenFile(file)
        elif not file.share():
            raise ValueError("the file is closed")
        self._file = file
        self._is_closed = False
        self.offset: Final = offset
        self.length: Final = length

    def fileno(self) -> int:
        """The descriptor. Raises ValueError once closed."""
        if self._is_closed:
            raise ValueError("the slice is closed: others may own its file still")
        return self._file.fd

    def __aiter__(self) -> "Pieces":
        return self.pieces(self.offset, self.length)

    def pieces(self, offset: int, length: int) -> "Pieces":
        """Another part of the same file."""
        return Pieces(self, offset, length)

    def is_at_hand(self, offset: int, length: int) -> bool:
        """Whether a part of the file can be had without waiting for a disk, as far as samples of it tell."""
        fd = self.fileno()
        if _NOWAIT is None:
            return False
        try:
            for at in range(offset + length - 1, offset - 1, -_SAMPLED):
                os.preadv(fd, _ANY_BYTE, at, _NOWAIT)
        except OSError:  # It would have to be waited for, or the file system cannot tell.
            return False
        return True

    def close(self) -> None:
        """Own the file no longer; a second time it does nothing."""
        if not self._is_closed:
            self._is_closed = True
            self._file.close()

    async def aclose(self) -> None:
        """As `close`."""
        self.close()


class Pieces:
    """The bytes of a part of a file, piece by piece, each read in a worker thread."""

    __slots__ = ("_end", "_file", "_position")

    def __init__(self, file: FileSlice, offset: int, length: int) -> None:
        self._file = file
        self._position = offset
        self._end = offset + length

    def __aiter__(self) -> "Pieces":
        return self

    async def __anext__(self) -> bytes:
        """The next piece. Raises `FileShrank`, and OSError as the file system does."""
        if self._position == self._end:
            raise StopAsyncIteration
        return await trio.to_thread.run_sync(self.read_some)

    def is_at_hand(self) -> bool:
        """Whether the next piece can be read without waiting for a disk."""
        size = min(self._end - self._position, CHUNK)
        return not size or self._file.is_at_hand(self._position, size)

    def read_some(self) -> bytes:
        """The next piece, `b""` at the end. Blocks. Raises as the iteration."""
        size = min(self._end - self._position, CHUNK)
        if not size:
            return b""
        piece = read_some(self._file.fileno(), self._position, size)
        self._position += len(piece)
        return piece


def read_exactly(fd: int, offset: int, length: int) -> bytes:
    """*length* bytes from *offset* on. Blocks. Raises `FileShrank` if the file has them no more."""
    pieces = []
    while length:
        pieces.append(piece := read_some(fd, offset, length))
        offset += len(piece)
        length -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def read_some(fd: int, offset: int, size: int) -> bytes:
    """At most *size* bytes from *offset* on, at least one. Blocks. Raises `FileShrank`."""
    piece = os.pread(fd, size, offset)
    if not piece:
        raise FileShrank(f"the file ends at byte {offset} now: it was longer when its answer began")
    return piece
