"""`wsgi.file_wrapper`: a file as an app's body, which the kernel sends where it is a real one (PEP 3333)."""

import io
import os
import stat
from typing import Any, Protocol

from corserver.http.fileslice import FileSlice


class FileLike(Protocol):
    """What an app may wrap."""

    def read(self, size: int, /) -> bytes:
        """At most *size* bytes, none at the end."""


class FileWrapper:
    """The rest of *filelike* as an iterable of blocks. Its `close` is the file's, if it has one."""

    def __init__(self, filelike: FileLike, block_size: int = 65536, /) -> None:
        self._filelike = filelike
        self._block_size = block_size

    def __iter__(self) -> "FileWrapper":
        return self

    def __next__(self) -> bytes:
        if block := self._filelike.read(self._block_size):
            return block
        raise StopIteration

    def close(self) -> None:
        """Close the file."""
        close = getattr(self._filelike, "close", None)
        if close is not None:
            close()

    def slice(self, length: int | None) -> FileSlice | None:
        """*length* bytes from where the file stands, or all that there are; None where it is no real file, or has not
        as many."""
        file: Any = self._filelike
        # A GzipFile has a descriptor, too, of other bytes than it reads.
        if not isinstance(file, io.FileIO) and not isinstance(getattr(file, "raw", None), io.FileIO):
            return None
        found = os.fstat(file.fileno())
        start = file.tell() if stat.S_ISREG(found.st_mode) else found.st_size
        rest = found.st_size - start
        if rest <= 0 or (length is not None and length > rest):
            return None
        return FileSlice(file.fileno(), start, rest if length is None else length)
