"""Reading header lists: the values of one name, joined as Fetch "get" joins them.

Names are compared without case. Values are trimmed of SP and HT only: a vertical tab, a no-break space or a byte
order mark stays and spoils the comparison it is in, as it does in browsers.
"""

from collections.abc import Iterable

from ..fetch import Field


def values(headers: Iterable[Field], name: bytes) -> list[bytes]:
    """The trimmed values of all lines called *name*, which is lower-case."""
    return [value.strip(b"\t ") for line, value in headers if line.lower() == name]


def get(headers: Iterable[Field], name: bytes, *, ignoring_empty: bool = False) -> bytes | None:
    """Fetch "get a header": all values joined with `, `; None if there is no such line."""
    found = values(headers, name)
    if ignoring_empty:
        found = [value for value in found if value] or found[:1]
    return b", ".join(found) if found else None
