"""The head of a response as browsers read it: each line as it came, and lenient where they are.

h11 refuses heads that browsers accept (a vertical tab in a value, a bare line feed), and a tool that says what a
browser does must see what the browser sees. A name keeps its case and a space before its colon, a value loses spaces
and tabs at its ends (Fetch "get a header" does the same), lines keep their order and are never joined.

Where browsers differ nothing is decided here: what a browser makes of a space before a colon, a bare carriage return, a
status of four digits or a 101 before the answer is `Reply.read_by`'s.
"""

import re
from dataclasses import dataclass
from typing import Final

from corserver.cors.fetch import Field

#: RFC 8446 §5.1: how a server of TLS answers what is none.
_TLS_ALERT: Final = b"\x15\x03"
_END: Final = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE: Final = re.compile(rb"HTTP/([0-9]\.[0-9])[ \t]+([0-9]{3,4})(?:[ \t]+(.*))?")


@dataclass(frozen=True, slots=True)
class Head:
    """Version, status, reason and header lines; *size* is how many bytes they took."""

    version: bytes
    status: int
    reason: bytes
    headers: tuple[Field, ...]
    size: int

    @property
    def is_interim(self) -> bool:
        """RFC 9110 §15.2: 1xx, after which another head comes."""
        return 100 <= self.status <= 199 and self.status != 101


class NotHTTP(ValueError):
    """The bytes do not begin like an HTTP/1 response."""


def parse_head(data: bytes, *, is_end: bool = False) -> Head | None:
    """The head that *data* begins with, after empty lines perhaps; None while it is not complete. Raises `NotHTTP`.

    *is_end*: nothing comes after *data*, so that its end is the head's, too.
    """
    text = data.lstrip(b"\r\n")
    found = _END.search(text)
    if found is None and not is_end:
        if not b"HTTP/".startswith(text[:5]):
            is_alert = text.startswith(_TLS_ALERT)
            raise NotHTTP("it is TLS: is it https://?" if is_alert else f"it begins with {text[:40]!r}")
        return None
    start, end = (len(text), len(text)) if found is None else found.span()
    first, *lines = text[:start].split(b"\n")
    status = _STATUS_LINE.fullmatch(first.rstrip(b"\r"))
    if status is None:
        raise NotHTTP(f"its first line is {first[:80]!r}")
    headers = tuple(_fields(lines))
    _refuse_what_every_browser_does(text[:start], headers)
    size = len(data) - len(text) + end
    return Head(status[1], int(status[2]), status[3] or b"", headers, size)


def _refuse_what_every_browser_does(head: bytes, headers: tuple[Field, ...]) -> None:
    if b"\0" in head:
        raise NotHTTP("there is a NUL among its header lines")
    lengths = {value for name, value in headers if name.lower() == b"content-length"}
    if len(lengths) > 1 and not any(name.lower() == b"transfer-encoding" for name, _ in headers):
        raise NotHTTP(f"it has several lengths: {b' and '.join(sorted(lengths)).decode('latin-1')}")


def _fields(lines: list[bytes]) -> list[Field]:
    fields: list[Field] = []
    for line in lines:
        line = line.removesuffix(b"\r")
        if line[:1] in (b" ", b"\t") and fields:  # RFC 9112 §5.2: an obsolete line folding
            name, value = fields[-1]
            fields[-1] = name, value + b" " + line.strip(b"\t ")
            continue
        name, colon, value = line.partition(b":")
        if colon:
            fields.append((name, value.strip(b"\t ")))
    return fields
