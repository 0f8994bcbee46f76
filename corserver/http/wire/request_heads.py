"""Request heads: judged by gate and h11, and the header sections that they have judged already.

Known heads. A browser's requests to one server differ in their request line; the block of header lines after it is the
same bytes again and again. So the block is the key of a bounded memory, whose value is what gate and h11 concluded from
it. The request line is checked each time, by one expression that accepts a subset of what gate and h11 accept; what it
does not accept goes to them. A head of a known block is thus refused or accepted exactly as it would be by them, which
`tests/http/wire/test_request_heads.py` holds.

Known lines. Where the block is new, most of its lines are not. Gate and h11 judge a line by itself, apart from those
that say how the message is framed and what becomes of the connection; of a line that both have accepted, the field is
remembered.
"""

import re
from typing import Final

import h11

from corserver.http.gate import (
    JUDGED_TOGETHER,
    NO_LINES,
    ORIGIN_FORM,
    Head,
    HeaderSection,
    KnownLines,
    RefusedHead,
    screen,
)
from corserver.http.limits import Limits
from corserver.http.memory import Memory

#: A method, a target in origin-form, HTTP/1.1: what gate and h11 always accept.
_REQUEST_LINE: Final = re.compile(
    rb"(?!CONNECT )([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}) (" + ORIGIN_FORM + rb") HTTP/1\.1\r\n"
)
#: How much of a remembered section is Python's: about so many bytes for each of the block's.
_OVERHEAD: Final = 4
#: What a remembered field weighs beside its bytes.
_FIELD_WEIGHT: Final = 200

KnownSections = Memory[bytes, HeaderSection]


def judge(raw: bytes, limits: Limits, known: KnownLines = NO_LINES) -> tuple[Head, h11.Connection]:
    """Let gate and h11 judge a complete head. The connection is h11's, ready for the body. Raises `RefusedHead`.

    The *known* lines are not shown to h11 again.
    """
    head, new = screen(raw, limits, known)
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head + limits.trailers)
    request_line = raw[: raw.find(b"\r\n")]
    try:
        connection.receive_data(b"\r\n".join([request_line, *[line for line, _ in new], b"\r\n"]))
        connection.next_event()
    except h11.RemoteProtocolError as error:
        raise RefusedHead(error.error_status_hint, str(error), raw) from error
    for line, field in new:
        if field[0] not in JUDGED_TOGETHER:
            known.put(line, field, len(line) * _OVERHEAD + _FIELD_WEIGHT)
    return head, connection


def recall(raw: bytes, limits: Limits, known: KnownSections) -> Head | None:
    """The head that *raw* is, if its header section is known; None if gate and h11 must be asked."""
    line = _REQUEST_LINE.match(raw)
    if line is None:
        return None
    method, target = line.groups()
    end = line.end()
    section = known.get(raw[end:])
    if section is None or end - 2 > limits.request_line or len(raw) > limits.head:
        return None
    return Head(method, target, section.host, 1, section)


def remember(raw: bytes, head: Head, known: KnownSections) -> None:
    """Keep the header section of *head*, which was judged, for `recall`. Not that of a chunked body: h11, which reads
    one, starts at its head."""
    is_of_block = head.authority == head.section.host  # Not where the target names another.
    if head.minor_version == 1 and head.target != b"*" and is_of_block and not head.section.chunked:
        block = raw[raw.find(b"\r\n") + 2 :]
        known.put(block, head.section, len(block) * _OVERHEAD)
