"""Representations: a file in one coding, with everything about it that does not depend on who asks.

The responses that say all of a representation, and that it did not change, are made once: a server remembers the head
of a response by its very header lines, so that the same lines are best the same objects.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from corserver.apps.files.conditions import Precondition, evaluate
from corserver.apps.files.gzipping import GzipBody
from corserver.apps.files.multipart import Multipart, MultipartBody
from corserver.apps.files.ranges import ByteRange, RangeNotSatisfiable, requested_ranges
from corserver.apps.files.validators import Validators, format_http_date
from corserver.http.fileslice import CHUNK, FileSlice, OpenFile, read_exactly
from corserver.http.header_lines import header_fields
from corserver.http.messages import HTTPError, Response

Line = tuple[bytes, bytes]
#: What a response is made of: a representation's content, or its open file.
Source = bytes | int | OpenFile

#: Up to this size, to copy a file's content costs less than to have the kernel send it.
_COPIED: Final = 64 * 1024
NOSNIFF: Final = (b"X-Content-Type-Options", b"nosniff")
RANGES: Final = (b"Accept-Ranges", b"bytes")


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells a file's state from every other one of it, and from every other file."""

    device: int
    inode: int
    modified_ns: int
    changed_ns: int
    size: int

    @classmethod
    def of(cls, stat: os.stat_result) -> "FileState":
        """The state that *stat* found."""
        return cls(stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)


@dataclass(frozen=True, slots=True)
class Representation:
    """A file in one coding. *name* and *state* are of the file that is read; *content* is there if it is small.

    *length* is None for what is compressed while it is sent. *varies* is whether other clients get another coding.
    *near* is whether its disk is of this machine. *lines* are on every 200 and 206 of it.
    """

    name: bytes
    state: FileState
    media_type: str
    coding: str
    varies: bool
    near: bool
    current: Validators
    length: int | None
    content: bytes | None
    etag: bytes
    lines: tuple[Line, ...]
    whole: Response
    not_modified: Response

    @classmethod
    def make(
        cls,
        name: bytes,
        state: FileState,
        *,
        media_type: str,
        current: Validators,
        length: int | None,
        content: bytes | None,
        described: Iterable[Line],
        varies: bool = False,
        near: bool = True,
        coding: str = "",
    ) -> "Representation":
        """*described* are lines that are on every answer about it, such as `Cache-Control`."""
        etag = str(current.etag).encode("ascii")
        date = format_http_date(current.last_modified).encode("ascii")
        # RFC 9110 §15.4.5: what a 200 has of these, a 304 has too.
        kept = ((b"ETag", etag), (b"Last-Modified", date), *described)
        lines: tuple[Line, ...] = ((b"Content-Type", media_type.encode("ascii")), *kept)
        if coding:
            lines = (*lines, (b"Content-Encoding", coding.encode("ascii")))
        # What is compressed on the fly has no parts: who asks for some gets those of the file as it is.
        if length == state.size:
            lines = (*lines, RANGES)
        of_200 = lines if length is None else (*lines, (b"Content-Length", b"%d" % length))
        whole = Response(content or b"", headers=of_200)
        unchanged = Response(status=304, headers=kept)
        known = name, state, media_type, coding, varies, near, current
        return cls(*known, length, content, etag, lines, whole, unchanged)

    def judge(self, conditions: Mapping[str, str], *, ranges: bool) -> Response | tuple[ByteRange, ...]:
        """The answer, if its preconditions make it one without content; else the parts that are asked for, () for all.

        *ranges* is whether `Range` counts: RFC 9110 §14.2 defines it for GET alone. Raises `HTTPError` 412, 416.
        """
        match evaluate(conditions, self.current):
            case Precondition.FAILED:
                raise HTTPError(412, "the file is not in the state that the request is about")
            case Precondition.NOT_MODIFIED:
                return self.not_modified
            case Precondition.HOLDS:
                return self._parts(conditions) if ranges else ()

    def _parts(self, conditions: Mapping[str, str]) -> tuple[ByteRange, ...]:
        if self.length is None:
            return ()
        try:
            return requested_ranges(conditions, self.current, self.length)
        except RangeNotSatisfiable:
            lines = ((b"Content-Range", b"bytes */%d" % self.length), RANGES)
            raise HTTPError(416, f"the file has {self.length} bytes", lines) from None

    @property
    def is_worth_holding(self) -> bool:
        """Whether its file is best held open, if it is asked for again and again."""
        return self.length is not None and _COPIED < self.length == self.state.size and self.near

    def is_sliced(self, parts: tuple[ByteRange, ...]) -> bool:
        """Whether the response with *parts* is best made of an `OpenFile`: as a `FileSlice`, which reads nothing."""
        if not parts or not self.is_worth_holding:
            return self.is_worth_holding
        size = sum(map(len, parts))
        return size > CHUNK or (len(parts) == 1 and (self.content is None or size > _COPIED))

    def response(self, parts: tuple[ByteRange, ...], source: Source) -> Response:
        """The response with *parts*, or the whole, of *source*: the content, or the open file, which blocks."""
        if not parts:
            if isinstance(source, bytes):
                return self.whole
            # Which needs no check: only the body is another one than that of *whole*.
            return tuple.__new__(Response, (self._whole_body(source), *self.whole[1:]))
        if len(parts) > 1:
            return self._multipart(parts, source)
        [part] = parts
        assert self.length is not None
        length = (b"Content-Length", b"%d" % len(part))
        where = (b"Content-Range", part.content_range(self.length).encode("ascii"))
        return Response(_bytes_of(source, part.first, len(part)), 206, (*self.lines, length, where))

    def _whole_body(self, file: int | OpenFile) -> bytes | FileSlice | GzipBody:
        if self.length is None:
            return GzipBody(FileSlice(file, 0, self.state.size))
        return _bytes_of(file, 0, self.length)

    def _multipart(self, parts: tuple[ByteRange, ...], source: Source) -> Response:
        assert self.length is not None
        frame = Multipart(parts, self.media_type, self.length)
        body: bytes | MultipartBody
        if not isinstance(source, bytes) and sum(map(len, parts)) > CHUNK:
            body = MultipartBody(frame, FileSlice(source, 0, self.length))
        else:
            body = frame.around([_read(source, part.first, len(part)) for part in parts])
        own = header_fields({"Content-Type": frame.media_type, "Content-Length": str(len(frame))})
        return Response(body, 206, (*own, *(line for line in self.lines if line[0] != b"Content-Type")))


def _bytes_of(source: Source, first: int, length: int) -> bytes | FileSlice:
    # Where a number is given there is a thread, which may read.
    if isinstance(source, OpenFile) or (isinstance(source, int) and length > CHUNK):
        return FileSlice(source, first, length)
    return _read(source, first, length)


def _read(source: Source, first: int, length: int) -> bytes:
    if isinstance(source, bytes):
        return source[first : first + length]
    return read_exactly(source if isinstance(source, int) else source.fileno(), first, length)
