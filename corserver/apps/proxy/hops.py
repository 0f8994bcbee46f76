"""Header lines that are about one hop, and end with it (RFC 9110 §7.6.1)."""

from collections.abc import Iterable
from typing import Final

#: A header line: its name and its value.
Line = tuple[bytes, bytes]

#: RFC 9110 §7.6.1 and §11.7; Keep-Alive and Proxy-Connection are of HTTP/1.0's time.
_ONE_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)


def end_to_end(fields: Iterable[Line]) -> list[Line]:
    """*fields*, names lower-case, without those of one hop and those that a Connection line names."""
    kept = [line for line in fields if line[0] not in _ONE_HOP]
    named = tokens(fields, b"connection")
    return [line for line in kept if line[0] not in named] if named else kept


def tokens(fields: Iterable[Line], name: bytes) -> set[bytes]:
    """The members of the list that the lines of that *name* make, in lower case."""
    lists = [value for key, value in fields if key == name]
    return {member.strip(b" \t").lower() for value in lists for member in value.split(b",")} - {b""}
