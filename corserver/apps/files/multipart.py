"""Several parts of a file as one body: multipart/byteranges (RFC 9110 §14.6), streamed, of a length known before."""

import secrets
from collections.abc import AsyncIterator, Sequence

from corserver.apps.files.ranges import ByteRange
from corserver.http.fileslice import FileSlice


class Multipart:
    """The frame of *parts* of a representation of that *media_type* and *length*: what stands around their bytes."""

    __slots__ = ("_boundary", "_heads", "_parts", "_tail")

    def __init__(self, parts: Sequence[ByteRange], media_type: str, length: int) -> None:
        # Random, so that no file can hold it: it would end its part for whoever wrote the file.
        self._boundary = secrets.token_hex(16)
        self._parts = tuple(parts)
        self._heads = [
            f"\r\n--{self._boundary}\r\nContent-Type: {media_type}\r\n"
            f"Content-Range: {part.content_range(length)}\r\n\r\n".encode("ascii")
            for part in parts
        ]
        self._heads[0] = self._heads[0].removeprefix(b"\r\n")
        self._tail = f"\r\n--{self._boundary}--\r\n".encode("ascii")

    @property
    def media_type(self) -> str:
        """The value of the response's `Content-Type`."""
        return f"multipart/byteranges; boundary={self._boundary}"

    def __len__(self) -> int:
        return sum(map(len, self._parts)) + sum(map(len, self._heads)) + len(self._tail)

    def around(self, chunks: Sequence[bytes]) -> bytes:
        """The whole body, given each part's bytes."""
        pairs = zip(self._heads, chunks, strict=True)
        return b"".join([*(piece for pair in pairs for piece in pair), self._tail])

    async def _stream(self, file: FileSlice) -> AsyncIterator[bytes]:
        for head, part in zip(self._heads, self._parts, strict=True):
            yield head
            async for piece in file.pieces(part.first, len(part)):
                yield piece
        yield self._tail


class MultipartBody:
    """The whole body, its parts read from *file* piece by piece. Owns *file* until `aclose`."""

    __slots__ = ("_file", "_stream")

    def __init__(self, frame: Multipart, file: FileSlice) -> None:
        self._file = file
        self._stream = frame._stream(file)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._stream

    async def aclose(self) -> None:
        """Close the file; a second time it does nothing."""
        await self._file.aclose()
