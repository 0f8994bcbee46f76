"""The head of a response as browsers read it: each line as it came, and lenient where they are.

h11 refuses heads that browsers accept (a vertical tab in a value, a bare line feed), and a tool that says what a
browser does must see what the browser sees. A name keeps its case and a space before its colon, a value loses spaces
and tabs at its ends (Fetch "get a header" does the same), lines keep their order and are never joined.
"""

import re
from dataclasses import dataclass
from typing import Final

from corserver.cors.fetch import Field

_END: Final = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE: Final = re.compile(rb"HTTP/([0-9]\.[0-9])[ \t]+([0-9]{3})(?:[ \t]+(.*))?")


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


def parse_head(data: bytes) -> Head | None:
    """The head that *data* begins with; None while it is not complete. Raises `NotHTTP`."""
    end = _END.search(data)
    if end is None:
        if not b"HTTP/".startswith(data[:5]):
            raise NotHTTP(f"it begins with {data[:40]!r}")
        return None
    first, *lines = data[: end.start()].split(b"\n")
    found = _STATUS_LINE.fullmatch(first.rstrip(b"\r"))
    if found is None:
        raise NotHTTP(f"its first line is {first[:80]!r}")
    return Head(found[1], int(found[2]), found[3] or b"", tuple(_fields(lines)), end.end())


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
