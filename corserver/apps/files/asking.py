"""What a request asks of a file beside its path: conditions, ranges and codings, read off its header lines."""

from typing import Final, NamedTuple

from corserver.apps.files.memory import Codings
from corserver.apps.files.negotiation import preferred_codings
from corserver.http.header_lines import Headers
from corserver.http.memory import Memory

_ACCEPT_ENCODING: Final = b"accept-encoding"
#: What a file's answer depends on: what `evaluate` and `requested_ranges` read, and the codings.
_READ: Final = frozenset(
    {
        _ACCEPT_ENCODING,
        b"if-match",
        b"if-none-match",
        b"if-modified-since",
        b"if-unmodified-since",
        b"if-range",
        b"range",
    }
)
#: The preconditions that are evaluated before If-None-Match.
_FIRST: Final = frozenset({b"if-match", b"if-unmodified-since"})
#: What is remembered of a header section weighs about so many bytes beside its values.
_WEIGHT: Final = 1500


class Asking(NamedTuple):
    """*conditions* are the lines about conditions and ranges, joined by name; *codings* what the client prefers.

    *none_match* is the If-None-Match where no precondition comes before it (RFC 9110 §13.2.2): where it is the very tag
    of the file, the file has not changed, whatever else is asked.
    """

    conditions: dict[str, str]
    codings: Codings
    none_match: bytes | None

    @classmethod
    def of(cls, headers: Headers) -> "Asking":
        """What *headers* ask."""
        conditions: dict[bytes, bytes] = {}
        for name, value in headers.fields:
            if name in _READ:
                conditions[name] = value if name not in conditions else conditions[name] + b", " + value
        codings = preferred_codings(conditions.pop(_ACCEPT_ENCODING, b""))
        none_match = None if _FIRST & conditions.keys() else conditions.get(b"if-none-match")
        decoded = {name.decode("ascii"): value.decode("latin-1") for name, value in conditions.items()}
        return cls(decoded, codings, none_match)


class Askings:
    """Remembers what was read of late. Heads that are the same share their headers, so these are known by identity."""

    def __init__(self) -> None:
        self._known: Memory[int, tuple[Headers, Asking]] = Memory()

    def of(self, headers: Headers) -> Asking:
        """As `Asking.of`."""
        known = self._known.get(id(headers))
        if known is not None and known[0] is headers:
            return known[1]
        asking = Asking.of(headers)
        self._known.put(id(headers), (headers, asking), _WEIGHT + 4 * sum(len(value) for _, value in headers.fields))
        return asking
