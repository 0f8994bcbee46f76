"""Answers as the load reads them: where one ends, its status, and whether the connection ends with it.

As lean as can be, and no leaner: what is framed in a way that is not understood is malformed, never guessed at. Nearly
every answer of a server is the same bytes as the one before (its Date changes once a second), so what was read once is
known by its bytes.
"""

import re
from typing import Final, NamedTuple

MAX_HEAD: Final = 64 * 1024
_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: |\r\n)")
_LINES: Final = re.compile(rb"\r\n(content-length|transfer-encoding|connection):[ \t]*([^\r\n]*?)[ \t]*(?=\r\n)", re.I)
_KNOWN: Final = 1000


class Malformed(ValueError):
    """Bytes that are no answer, or one whose end cannot be told."""


class Answer(NamedTuple):
    """One answer: its *size* is that of head and body together."""

    status: int
    size: int
    closes: bool


def read(data: bytes) -> Answer | None:
    """The answer that *data* begins with, None while its head is not complete. Raises `Malformed`."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        if len(data) > MAX_HEAD or not (data.startswith(b"HTTP/1.") or b"HTTP/1.".startswith(data)):
            raise Malformed(f"an answer begins with {data[:40]!r}")
        return None
    start = _STATUS.match(data)
    if start is None:
        raise Malformed(f"an answer begins with {data[:40]!r}")
    status, length, closes = int(start[2]), None, start[1] == b"0"
    for name, value in _LINES.findall(data, 0, end + 2):
        match name.lower():
            case b"content-length":
                if not value.isdigit() or length not in (None, int(value)):
                    raise Malformed(f"an answer has Content-Length {value!r}")
                length = int(value)
            case b"connection":
                closes = value.lower() == b"close" or (closes and value.lower() != b"keep-alive")
            case _:
                raise Malformed(f"an answer has Transfer-Encoding {value!r}, which this client does not read")
    if status < 200:
        raise Malformed(f"an answer is a {status}")
    if status in (204, 304):
        length = 0
    if length is None:
        raise Malformed("an answer has no Content-Length: it ends with the connection")
    return Answer(status, end + 4 + length, closes)


class Reader:
    """`read`, with a memory of whole answers."""

    def __init__(self) -> None:
        self.known: dict[bytes, Answer] = {}

    def read(self, data: bytes) -> Answer | None:
        """The one answer that *data* is; None while it is not complete. Raises `Malformed`, for more than one too."""
        answer = self.known.get(data) or read(data)
        if answer is None or len(data) < answer.size:
            return None
        if len(data) > answer.size:
            raise Malformed("more came than was asked for")
        if len(self.known) >= _KNOWN:
            self.known.clear()
        self.known[data] = answer
        return answer
