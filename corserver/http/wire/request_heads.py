"""Request heads: judged by gate and h11, and those that they have judged already.

Known heads. A browser sends the same head again and again, and one that asks for something else differs in its request
line alone: the block of header lines after it is the same bytes. So there are two bounded memories, one of whole heads,
and one whose key is that block and whose value is what gate and h11 concluded from it. For the latter the request line
is checked each time, by one expression that accepts a subset of what gate and h11 accept; what it does not accept goes
to them. A known head is thus accepted exactly as it would be by them, which `tests/http/wire/test_request_heads.py`
holds.
"""

import re
from dataclasses import dataclass, field
from typing import Final

import h11

from corserver.http.gate import Head, HeaderSection, RefusedHead, screen
from corserver.http.limits import Limits
from corserver.http.memory import Memory

#: A method, a target in origin-form without `#` or, before the query, `\`, HTTP/1.1: what gate and h11 always accept.
_REQUEST_LINE: Final = re.compile(
    rb"(?!CONNECT )([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}) (/[!\"$-\[\]-~]*(?:\?[!\"$-~]*)?) HTTP/1\.1\r\n"
)
#: How much of what is remembered is Python's: about so many bytes for each of its own.
_OVERHEAD: Final = 4


def judge(raw: bytes, limits: Limits) -> tuple[Head, h11.Connection]:
    """Let gate and h11 judge a complete head. The connection is h11's, ready for the body. Raises `RefusedHead`."""
    head = screen(raw, limits)
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head + limits.trailers)
    try:
        connection.receive_data(raw)
        connection.next_event()
    except h11.RemoteProtocolError as error:
        raise RefusedHead(error.error_status_hint, str(error), raw) from error
    return head, connection


@dataclass(frozen=True, slots=True)
class KnownHeads:
    """Heads that were judged under *limits*: whole ones, and header sections."""

    limits: Limits
    whole: Memory[bytes, Head] = field(default_factory=Memory)
    sections: Memory[bytes, HeaderSection] = field(default_factory=Memory)

    def recall(self, raw: bytes) -> Head | None:
        """The head that *raw* is, if it or its header section is known; None if gate and h11 must be asked."""
        head = self.whole.get(raw)
        return self._recall_section(raw) if head is None else head

    def _recall_section(self, raw: bytes) -> Head | None:
        line = _REQUEST_LINE.match(raw)
        if line is None:
            return None
        end, limits = line.end(), self.limits
        section = self.sections.get(raw[end:])
        if section is None or end - 2 > limits.request_line or len(raw) > limits.head:
            return None
        method, target = line.groups()
        head = Head(method, target, section.host, 1, section)
        self.whole.put(raw, head, len(raw) * _OVERHEAD)
        return head

    def remember(self, raw: bytes, head: Head) -> None:
        """Keep the header section of *head*, which was judged, for `recall`."""
        if head.minor_version == 1 and head.target != b"*":
            block = raw[raw.find(b"\r\n") + 2 :]
            self.sections.put(block, head.section, len(block) * _OVERHEAD)
