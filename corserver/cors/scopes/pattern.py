"""Path patterns, and the table in which they are looked up.

A pattern has literal segments and parameters: `/items/{id}`, `/items/{id:int}`, `/files/{rest:path}`. `/api/*` is
`/api` and everything below. The most specific pattern that has the method wins: compared segment by segment from the
left, a literal is before a typed parameter, that before a plain one, that before a rest.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Generic, TypeVar
from uuid import UUID

from .path import BadPath, Path, decode_segment

T = TypeVar("T")

#: Bytes of a path that are no UTF-8: of all parameters only a rest takes them, as a file may be called so.
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_PARAMETER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::([a-z]+))?\}")


class ParameterType(Enum):
    """The types of a path parameter, most specific first; the value is the word in the pattern."""

    INT = "int"
    FLOAT = "float"
    UUID = "uuid"
    STR = "str"
    #: All that is left of the path, at least one segment; only at the end of a pattern.
    PATH = "path"

    def convert(self, segment: str) -> object | None:
        """The value of *segment*, or None where it is not of this type."""
        if self is ParameterType.STR:
            return None if _SURROGATE.search(segment) else segment
        found = _SPELLING[self].fullmatch(segment)
        return None if found is None else _CONVERT[self](segment)


_SPELLING: Final = {
    ParameterType.INT: re.compile(r"-?[0-9]{1,19}"),
    ParameterType.FLOAT: re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,19})?"),
    ParameterType.UUID: re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
}
_CONVERT: Final = {ParameterType.INT: int, ParameterType.FLOAT: float, ParameterType.UUID: UUID}


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A parsed pattern. *prefix* says that it ends in `/*`: the path itself and everything below.

    >>> from corserver.cors import PathPattern
    >>> api = PathPattern.parse("/api/*")
    >>> api.prefix, api.holds(PathPattern.parse("/api/items/{id:int}"))
    (True, True)
    """

    parts: tuple[str | ParameterType, ...]
    names: tuple[str, ...]
    slash: bool
    prefix: bool

    def __str__(self) -> str:
        names = iter(self.names)
        parts = [part if isinstance(part, str) else f"{{{next(names)}:{part.value}}}" for part in self.parts]
        return "/" + "/".join([*parts, *(["*"] if self.prefix else [])]) + ("/" if self.slash and parts else "")

    @classmethod
    def parse(cls, text: str) -> "PathPattern":
        """Raises ValueError, saying what is wrong with the pattern."""
        if not text.startswith("/"):
            raise ValueError(f"a path pattern begins with a slash: write {'/' + text!r} instead of {text!r}")
        prefix = text.endswith("/*")
        segments = [segment for segment in (text[:-2] if prefix else text).split("/") if segment]
        parts: list[str | ParameterType] = []
        names: list[str] = []
        for segment in segments:
            part, name = _parse_part(segment, text)
            if ParameterType.PATH in parts or (prefix and part is ParameterType.PATH):
                raise ValueError(f"{text!r}: nothing can follow a path parameter, it takes all that is left")
            if name in names:
                raise ValueError(f"{text!r}: the parameter {name!r} stands in it twice")
            parts.append(part)
            names += [name] if name else []
        return cls(tuple(parts), tuple(names), text.endswith("/"), prefix)

    def holds(self, other: "PathPattern") -> bool:
        """Whether this is a prefix, and *other* is for paths at or below it."""
        return self.prefix and other.parts[: len(self.parts)] == self.parts


def _parse_part(segment: str, text: str) -> tuple[str | ParameterType, str]:
    found = _PARAMETER.fullmatch(segment)
    if found is None:
        if set("{}*") & set(segment):
            raise ValueError(f"{text!r}: a parameter is a whole segment, {{name}} or {{name:type}}; `*` stands last")
        try:
            return decode_segment(segment.encode("utf-8", "surrogatepass")), ""
        except BadPath as error:
            raise ValueError(f"{text!r}: {error}") from None
    try:
        return ParameterType(found[2] or "str"), found[1]
    except ValueError:
        types = ", ".join(member.value for member in ParameterType)
        raise ValueError(f"{text!r}: {found[2]!r} is not a parameter type; there are {types}") from None


@dataclass(slots=True)
class _Node(Generic[T]):
    literals: "dict[str, _Node[T]]" = field(default_factory=dict)
    parameters: "list[tuple[ParameterType, _Node[T]]]" = field(default_factory=list)  # most specific first
    leaves: "dict[bool, Leaf[T]]" = field(default_factory=dict)  # by whether a slash ends the path
    prefixes: "dict[bool, Leaf[T]]" = field(default_factory=dict)  # the same, of patterns that end in /*

    def child(self, part: "str | ParameterType") -> "_Node[T]":
        """The node of the next part; made if it is not there."""
        if isinstance(part, str):
            return self.literals.setdefault(part, _Node())
        for kind, node in self.parameters:
            if kind is part:
                return node
        made: _Node[T] = _Node()
        self.parameters.append((part, made))
        self.parameters.sort(key=lambda pair: tuple(ParameterType).index(pair[0]))
        return made


@dataclass(frozen=True, slots=True)
class Leaf(Generic[T]):
    """What stands at one pattern: a value a method, the value of None for the methods without their own."""

    pattern: PathPattern
    methods: dict[str | None, T] = field(default_factory=dict)

    def get(self, method: str) -> T | None:
        """The value for *method*; HEAD is served by GET (RFC 9110 §9.3.2)."""
        found = self.methods.get(method)
        if found is None and method == "HEAD":
            found = self.methods.get("GET")
        return self.methods.get(None) if found is None else found


#: A pattern that matches a path, and the values of its parameters.
Candidate = tuple[Leaf[T], tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class PathTable(Generic[T]):
    """Patterns with values, looked up most specific first."""

    _root: _Node[T] = field(default_factory=_Node)

    def add(self, pattern: PathPattern, methods: Iterable[str] | None, value: T) -> None:
        """Raises ValueError if the pattern has a value for one of *methods* already (None: for any other method)."""
        node = self._root
        for part in pattern.parts:
            node = node.child(part)
        leaves = node.prefixes if pattern.prefix else node.leaves
        leaf = leaves.setdefault(pattern.slash or not pattern.parts, Leaf(pattern))
        for method in (None,) if methods is None else methods:
            if method in leaf.methods:
                raise ValueError(
                    f"{pattern} stands twice for {method or 'any method'}, perhaps with another name in it"
                )
            leaf.methods[method] = value

    def candidates(self, path: Path) -> "list[Candidate[T]]":
        """The patterns that match *path*, most specific first, each with its parameters' values."""
        found: list[Candidate[T]] = []
        _walk(self._root, path, 0, (), found)
        return found


def _walk(node: _Node[T], path: Path, depth: int, values: tuple[object, ...], found: "list[Candidate[T]]") -> None:
    segments = path.segments
    if depth == len(segments):
        exact = node.leaves.get(path.slash)
        if exact is not None:
            found.append((exact, values))
    else:
        literal = node.literals.get(segments[depth])
        if literal is not None:
            _walk(literal, path, depth + 1, values, found)
        for kind, child in node.parameters:
            if kind is ParameterType.PATH:
                rest = "/".join(segments[depth:]) + ("/" if path.slash else "")
                found += ((leaf, (*values, rest)) for leaf in child.leaves.values())
            elif (value := kind.convert(segments[depth])) is not None:
                _walk(child, path, depth + 1, (*values, value), found)
    for slash in (True, False) if node.prefixes else ():
        if slash in node.prefixes:
            found.append((node.prefixes[slash], values))
