"""What a hosted app sends, as the parts of a response."""

import os
from typing import Final, NamedTuple

from corserver.apps.asgi.protocol import Message
from corserver.http.fileslice import FileSlice

#: About the connection, which is the server's: ASGI lets it ignore them.
_IGNORED: Final = frozenset({b"connection", b"transfer-encoding", b"keep-alive", b"upgrade", b"te"})
#: What would come too late behind a body (RFC 9110 §6.5.1): how it is framed, what it is, and who may have it.
_NO_TRAILERS: Final = frozenset({
    b"content-length", b"content-encoding", b"content-type", b"content-range", b"trailer", b"set-cookie", b"date",
    b"cache-control", b"expires", b"location", b"vary", b"www-authenticate",
})  # fmt: skip


class Start(NamedTuple):
    """How an answer begins. *closes* is whether it is the connection's last one, as the app says."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...] = ()
    closes: bool = False
    has_trailers: bool = False


def response_start(message: Message) -> Start:
    """Of `http.response.start`."""
    headers = tuple(message.get("headers", ()))  # It may be any iterable.
    lines = header_lines(headers)
    closes = len(lines) < len(headers) and _closes(headers)
    return Start(message["status"], lines, closes, bool(message.get("trailers", False)))


def _closes(headers: object) -> bool:
    options = [value for name, value in headers if name.lower() == b"connection"]  # type: ignore[attr-defined]
    return any(option.strip().lower() == b"close" for value in options for option in value.split(b","))


def header_lines(headers: object) -> tuple[tuple[bytes, bytes], ...]:
    """Header lines without those about the connection. Raises TypeError for what is no pair of bytes."""
    lines = []
    for name, value in headers:  # type: ignore[attr-defined]
        if not (isinstance(name, bytes) and isinstance(value, bytes)):
            raise TypeError(f"a header line is two bytes objects, not {name!r}: {value!r}")
        if name.lower() not in _IGNORED:
            lines.append((name, value))
    return tuple(lines)


def trailer_lines(message: Message) -> tuple[tuple[bytes, bytes], ...]:
    """Of `http.response.trailers`. Raises ValueError for those that cannot come behind a body, and as above."""
    lines = header_lines(message.get("headers", ()))
    late = [name for name, _ in lines if name.lower() in _NO_TRAILERS]
    if late:
        raise ValueError(f"{late[0]!r} cannot be a trailer: it would come too late")
    return tuple([(name.lower(), value) for name, value in lines])


def piece_of(message: Message) -> bytes:
    """Of `http.response.body`. Raises TypeError for what is not bytes."""
    body = message.get("body", b"")
    if isinstance(body, bytes):
        return body
    if isinstance(body, bytearray | memoryview):
        return bytes(body)
    raise TypeError(f"the body of an answer is bytes, not {type(body).__name__}")


def file_slice(path: str) -> FileSlice:
    """Of `http.response.pathsend`: the whole file. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return FileSlice(fd, 0, os.fstat(fd).st_size)
    finally:
        os.close(fd)
