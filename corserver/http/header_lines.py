"""Header lines: as a mapping to read, and as bytes that were checked, to be written."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from corserver.cors.fetch import Field, is_token

#: What may follow a header's name on the wire (RFC 9110 §5.5): visible bytes, obs-text, space and tab.
_FIELD_VALUE_BYTES: Final = frozenset({0x09, *range(0x20, 0x7F), *range(0x80, 0x100)})
#: Headers that describe the connection, which is the server's business and not a handler's (RFC 9110 §7.6.1).
CONNECTION_HEADERS: Final = frozenset({b"connection", b"transfer-encoding", b"keep-alive", b"upgrade", b"te"})

HeadersLike = Mapping[str, str] | Iterable[tuple[str | bytes, str | bytes]]


@dataclass(frozen=True, slots=True)
class Headers(Mapping[str, str]):
    """Header lines in order, names lower-case. As a mapping: by name in any case, the values of all lines joined.

    >>> from corserver import Headers
    >>> headers = Headers(((b"accept", b"text/html"), (b"accept", b"text/plain")))
    >>> headers["Accept"], headers.get_all("accept"), headers.get("origin")
    ('text/html, text/plain', ('text/html', 'text/plain'), None)
    """

    fields: tuple[Field, ...] = ()

    def get_all(self, name: str) -> tuple[str, ...]:
        """The values of every line of that name, in order."""
        wanted = name.lower().encode("latin-1", "replace")
        return tuple(value.decode("latin-1") for key, value in self.fields if key == wanted)

    def __getitem__(self, name: str) -> str:
        values = self.get_all(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.decode("latin-1") for name, _ in self.fields))

    def __len__(self) -> int:
        return len({name for name, _ in self.fields})


def header_fields(headers: HeadersLike) -> tuple[Field, ...]:
    """Header lines as bytes, checked. Raises ValueError for a name or value that cannot be on the wire, and for a
    Content-Length that is no number or stands twice."""
    if not headers:
        return ()
    is_mapping = type(headers) is not tuple and isinstance(headers, Mapping)  # The latter takes its time.
    pairs: Any = headers.items() if is_mapping else headers  # type: ignore[union-attr]
    return _header_lines(tuple([(name, value) for name, value in pairs]))


def shared_fields(headers: HeadersLike) -> tuple[Field, ...]:
    """Lines of all answers, as `header_fields` makes them. Raises ValueError for a Content-Length, too: where an answer
    has none of its own, its body would be framed by that of another."""
    fields = header_fields(headers)
    for name, _ in fields:
        if name.lower() == b"content-length":
            raise ValueError(f"{name.decode('ascii')}: each answer has its own, which one for all would belie")
    return fields


@functools.lru_cache(maxsize=256)  # An app writes the same lines again and again.
def _header_lines(pairs: tuple[tuple[str | bytes, str | bytes], ...]) -> tuple[Field, ...]:
    fields = tuple([_header_field(name, value) for name, value in pairs])
    lengths = [value for name, value in fields if name.lower() == b"content-length"]
    if lengths and (len(lengths) > 1 or not (lengths[0].isdigit() and len(lengths[0]) < 19)):
        raise ValueError(f"a response has one Content-Length, a decimal number, not {lengths!r}")
    return fields


@functools.lru_cache(maxsize=1024)
def _header_field(name: str | bytes, value: str | bytes) -> Field:
    raw_name = name.encode("latin-1", "replace") if isinstance(name, str) else name
    try:
        raw_value = value.encode("latin-1") if isinstance(value, str) else value
    except UnicodeEncodeError:
        raise ValueError(f"header {name!r}: its value has characters beyond latin-1: {value!r}") from None
    if not isinstance(raw_value, bytes):
        raise TypeError(f"header {name!r}: its value is str or bytes, not {type(value).__name__}: {value!r}")
    if not is_token(raw_name):
        raise ValueError(f"{name!r} is not a header name")
    if raw_name.lower() in CONNECTION_HEADERS:
        raise ValueError(f"{name!r} is about the connection: the server writes it, a handler cannot")
    if not _FIELD_VALUE_BYTES.issuperset(raw_value) or raw_value != raw_value.strip(b" \t"):
        raise ValueError(f"header {name!r}: its value has control characters or outer white space: {value!r}")
    return raw_name, raw_value
