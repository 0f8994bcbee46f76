"""What a hosted app sends, as the parts of a response."""

import os
from typing import Final

from corserver.apps.asgi.protocol import Message
from corserver.http.fileslice import FileSlice

#: A status and header lines.
Start = tuple[int, tuple[tuple[bytes, bytes], ...]]

#: About the connection, which is the server's: ASGI lets it ignore them.
_IGNORED: Final = frozenset({b"connection", b"transfer-encoding", b"keep-alive", b"upgrade", b"te"})


def response_start(message: Message) -> Start:
    """Of `http.response.start`."""
    return message["status"], header_lines(message.get("headers", ()))


def header_lines(headers: object) -> tuple[tuple[bytes, bytes], ...]:
    """Header lines without those about the connection. Raises TypeError for what is no pair of bytes."""
    lines = []
    for name, value in headers:  # type: ignore[attr-defined]
        if not (isinstance(name, bytes) and isinstance(value, bytes)):
            raise TypeError(f"a header line is two bytes objects, not {name!r}: {value!r}")
        if name.lower() not in _IGNORED:
            lines.append((name, value))
    return tuple(lines)


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
