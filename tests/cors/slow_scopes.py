"""A second path matcher, slow and plain, to hold the fast one against.

Every pattern is compared with the whole path, and what matches is sorted. No tree, no regular expression.
"""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import unquote_to_bytes
from uuid import UUID

T = TypeVar("T")

_LITERAL, _INT, _FLOAT, _UUID, _STR, _REST, _BELOW = range(7)
_KINDS = {"int": _INT, "float": _FLOAT, "uuid": _UUID, "str": _STR, "path": _REST}


class Row(NamedTuple, Generic[T]):
    """A pattern, the method that it is for (None for any other), and a value; None is a value of its own."""

    pattern: str
    method: str | None
    value: T


class Match(NamedTuple, Generic[T]):
    """A row that matches, how specific it is (the smaller the more), and whether it is of the kind `/*`."""

    rank: tuple[int, ...]
    prefix: bool
    row: Row[T]


def matching(rows: Sequence[Row[T]], path: bytes, method: str) -> list[Match[T]]:
    """The rows for *path* and *method*, one a pattern, the most specific first."""
    best: dict[tuple[int, ...], list[Match[T]]] = {}
    for row in rows:
        rank = _rank(row.pattern, path)
        if rank is not None:
            best.setdefault(rank, []).append(Match(rank, row.pattern.endswith("/*"), row))
    chosen = (_of_method(matches, method) for _, matches in sorted(best.items()))
    return [match for match in chosen if match is not None]


def _of_method(matches: list[Match[T]], method: str) -> Match[T] | None:
    wanted = (method, "GET", None) if method == "HEAD" else (method, None)
    return next((match for name in wanted for match in matches if match.row.method == name), None)


def _rank(pattern: str, path: bytes) -> tuple[int, ...] | None:
    given = [unquote_to_bytes(segment) for segment in path.split(b"/") if segment]
    slash = path.endswith(b"/")
    prefix = pattern.endswith("/*")
    wanted = [part for part in pattern.removesuffix("/*").split("/") if part]
    ranks: list[int] = []
    for index, part in enumerate(wanted):
        kind = _KINDS[part.strip("{}").partition(":")[2] or "str"] if part.startswith("{") else _LITERAL
        if index >= len(given) or not _is(kind, given[index], part):
            return None
        ranks.append(kind)
        if kind == _REST:
            return tuple(ranks)
    if prefix:
        return (*ranks, _BELOW)
    same_slash = slash == (pattern.endswith("/") or not wanted)
    return tuple(ranks) if len(wanted) == len(given) and same_slash else None


def _is(kind: int, segment: bytes, part: str) -> bool:
    if kind == _LITERAL:
        return segment == unquote_to_bytes(part)
    try:
        text = segment.decode()
    except UnicodeDecodeError:
        return kind == _REST
    return _TESTS[kind](text)


def _is_int(text: str) -> bool:
    number = text.removeprefix("-")
    return number.isascii() and number.isdigit() and len(number) <= 19


def _is_float(text: str) -> bool:
    whole, point, fraction = text.partition(".")
    return _is_int(whole) and (not point or (_is_int(fraction) and not fraction.startswith("-")))


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


_TESTS: dict[int, Callable[[str], bool]] = {
    _INT: _is_int,
    _FLOAT: _is_float,
    _UUID: _is_uuid,
    _STR: lambda text: True,
    _REST: lambda text: True,
}
