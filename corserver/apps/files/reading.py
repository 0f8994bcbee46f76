"""A file's bytes as a response body: read in a worker thread, piece by piece, and exactly as many as were announced."""

import os
from typing import Final

import trio

#: What is read at a time, and so what a slow client can make the server hold. One thread hop costs as much CPU as
#: copying a few of these KiB, so that smaller pieces make large files dear.
CHUNK: Final = 256 * 1024


class FileShrank(OSError):
    """A file ended before the length that its answer announces: the rest cannot be sent, and is not made up."""


class FileBody:
    """*length* bytes of an open file from *first* on. Owns a descriptor of its own until `aclose`."""

    __slots__ = ("_file", "_left", "_position")

    def __init__(self, fd: int, first: int, length: int) -> None:
        """Duplicates *fd*, which stays the caller's."""
        # A file object, and not a number, so that a body that nobody closed is closed with a warning.
        self._file = os.fdopen(os.dup(fd), "rb", buffering=0)
        self._position = first
        self._left = length

    def __aiter__(self) -> "FileBody":
        return self

    async def __anext__(self) -> bytes:
        """The next piece. Raises `FileShrank`, and OSError as the file system does."""
        if not self._left:
            raise StopAsyncIteration
        fd, size = self._file.fileno(), min(self._left, CHUNK)
        chunk = await trio.to_thread.run_sync(_read_some, fd, self._position, size)
        self._position += len(chunk)
        self._left -= len(chunk)
        return chunk

    async def aclose(self) -> None:
        """Close the descriptor; a second time it does nothing."""
        self._file.close()


def read_exactly(fd: int, first: int, length: int) -> bytes:
    """*length* bytes from *first* on. Blocks. Raises `FileShrank` if the file has them no more."""
    chunks = []
    while length:
        chunks.append(chunk := _read_some(fd, first, length))
        first += len(chunk)
        length -= len(chunk)
    return b"".join(chunks)


def _read_some(fd: int, first: int, size: int) -> bytes:
    chunk = os.pread(fd, size, first)
    if not chunk:
        raise FileShrank(f"the file ends at byte {first} now: it was longer when its answer began")
    return chunk
