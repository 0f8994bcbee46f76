"""Byte ranges: which part of a representation a request asks for and gets (RFC 9110 §14, §13.1.5). Pure.

Rules:

1. The only unit is `bytes`; the names of units have no case (§14.1). Any other unit, and any specifier that is not
   well-formed, is ignored (§14.2): the answer is the whole representation.
2. A `last-pos` beyond the end is the end; a suffix longer than the representation is all of it (§14.1.2).
3. A range that begins beyond the end, or an empty suffix, cannot be satisfied (§14.1.2). An empty representation has no
   part that `Content-Range` could name, so that a suffix of it is the whole.
4. `If-Range` compares strongly; a date has to be exactly the current one (§13.1.5). Where it fails, `Range` is ignored.
5. Of several ranges those that cannot be satisfied are left out; where none is left the answer is 416 (§15.5.17). More
   than `MAX_RANGES`, or ranges that together are longer than the representation, are no reader's wish but an attempt
   to multiply work (§14.2, §17.15): the answer is the whole.
6. Positions are ASCII digits. One beyond `_BEYOND` is taken for it: no file is that long, and no number costs more.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from corserver.apps.files.validators import EntityTag, Validators, parse_http_date

#: More ranges than this in one request are no seeking player or reader: the request gets the whole representation.
MAX_RANGES: Final = 16

_BEYOND: Final = 10**18
_BEYOND_DIGITS: Final = 18

# RFC 9110 §14.1.1: int-range = first-pos "-" [ last-pos ]; suffix-range = "-" suffix-length
_RANGE_SPEC: Final = re.compile(r"([0-9]*+)-([0-9]*+)")


class RangeNotSatisfiable(ValueError):
    """A well-formed range of which the representation has no byte: 416."""


@dataclass(frozen=True, slots=True)
class ByteRange:
    """The bytes from *first* to *last*, both included."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def content_range(self, complete_length: int) -> str:
        """The value of `Content-Range` (RFC 9110 §14.4)."""
        return f"bytes {self.first}-{self.last}/{complete_length}"


@dataclass(frozen=True, slots=True)
class RangeSpec:
    """One range as asked for. Without *first* it is a suffix of *last* bytes; without *last* it has no end."""

    first: int | None
    last: int | None

    @classmethod
    def parse(cls, text: str) -> "RangeSpec | None":
        """The range, or None where *text* is not a valid one."""
        found = _RANGE_SPEC.fullmatch(text)
        if found is None:
            return None
        first, last = (_position(digits) if digits else None for digits in found.groups())
        if first is None and last is None:
            return None
        if first is not None and last is not None and last < first:
            return None
        return cls(first, last)

    def within(self, length: int) -> ByteRange | None:
        """The part of a representation of *length* bytes, or None if that is the whole of an empty one.

        Raises `RangeNotSatisfiable`.
        """
        first, last = self.first, length - 1
        if first is None:
            if not self.last:
                raise RangeNotSatisfiable("a suffix of no bytes")
            first = max(0, length - self.last)
        elif first >= length:
            raise RangeNotSatisfiable(f"byte {first} of {length}")
        elif self.last is not None:
            last = min(self.last, last)
        return ByteRange(first, last) if length else None


def requested_ranges(headers: Mapping[str, str], current: Validators, length: int) -> tuple[ByteRange, ...]:
    """The parts that a GET asks for and gets, in its order; none: the whole. Raises `RangeNotSatisfiable`."""
    wanted = headers.get("range")
    if wanted is None:
        return ()
    specs = parse_range(wanted)
    condition = headers.get("if-range")
    if not specs or (condition is not None and not _is_same(condition, current)):
        return ()
    parts = _satisfiable(specs, length)
    return parts if sum(map(len, parts)) <= length else ()


def parse_range(text: str) -> tuple[RangeSpec, ...]:
    """The ranges of a `Range` header, in order; none where it is to be ignored."""
    unit, equals, range_set = text.partition("=")
    if not equals or unit.lower() != "bytes" or range_set.count(",") > 2 * MAX_RANGES:
        return ()
    items = [item for part in range_set.split(",") if (item := part.strip(" \t"))]
    specs = [spec for item in items if (spec := RangeSpec.parse(item)) is not None]
    return tuple(specs) if len(specs) == len(items) <= MAX_RANGES else ()


def _satisfiable(specs: tuple[RangeSpec, ...], length: int) -> tuple[ByteRange, ...]:
    parts, last_error = [], None
    for spec in specs:
        try:
            part = spec.within(length)
        except RangeNotSatisfiable as error:
            last_error = error
            continue
        if part is None:
            return ()
        parts.append(part)
    if not parts and last_error is not None:
        raise last_error
    return tuple(parts)


def _is_same(condition: str, current: Validators) -> bool:
    """Whether `If-Range` holds: the client's part is of the very bytes that are here now."""
    tag = EntityTag.parse(condition)
    if tag is not None:
        return current.etag.matches_strongly(tag)
    return current.are_strong and parse_http_date(condition) == current.last_modified


def _position(digits: str) -> int:
    significant = digits.lstrip("0") or "0"
    return int(significant) if len(significant) <= _BEYOND_DIGITS else _BEYOND
