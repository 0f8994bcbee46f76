"""Paths: normalised once, matched by patterns, and which policy governs a path and a method.

The router is built on the same `Path` and `PathTable`, so that a request cannot have one path for its policy and
another for its handler: that gap is how a private path gets a public path's policy.

A path is split at `/` first and percent-decoded afterwards, once; `%2F` is data in a segment, never a separator. Empty
segments are dropped, so `//a///b` is `/a/b`. Case is kept. Dot segments, which every browser resolves before it sends
a request, are refused in any encoding.

A pattern has literal segments and parameters: `/items/{id}`, `/items/{id:int}`, `/files/{rest:path}`. `/api/*` is
`/api` and everything below. The most specific pattern that has the method wins: compared segment by segment from the
left, a literal is before a typed parameter, that before a plain one, that before a rest.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Generic, Literal, TypeVar
from urllib.parse import quote, unquote_to_bytes
from uuid import UUID

from corserver.cors.policy import Policy

T = TypeVar("T")
Params = Mapping[str, object]

_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_PARAMETER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::([a-z]+))?\}")
#: What RFC 3986 §3.3 lets stand in a segment as it is.
_PCHAR: Final = "!$&'()*+,;=:@~"


class BadPath(ValueError):
    """A path that no browser sends: a bad escape, a NUL, a dot segment, or no leading slash."""


@dataclass(frozen=True, slots=True)
class Path:
    """A normalised path: decoded segments, none of them empty, and whether a slash ends it (always so for `/`)."""

    segments: tuple[str, ...] = ()
    slash: bool = True

    @classmethod
    def parse(cls, raw: bytes) -> "Path":
        """The path of a request target, still percent-encoded and without its query. Raises `BadPath`."""
        if not raw.startswith(b"/"):
            raise BadPath("a path begins with /")
        if _BAD_ESCAPE.search(raw):
            raise BadPath("a % in a path is followed by two hexadecimal digits")
        segments = tuple(_decode(segment) for segment in raw.split(b"/") if segment)
        return cls(segments, raw.endswith(b"/"))

    def __str__(self) -> str:
        """The path in its one percent-encoded form, beginning with exactly one slash."""
        encoded = "/".join(quote(s.encode("utf-8", "surrogateescape"), safe=_PCHAR) for s in self.segments)
        return f"/{encoded}/" if self.slash and encoded else f"/{encoded}"

    def below(self, depth: int) -> "Path":
        """What is left of the path after its first *depth* segments."""
        rest = self.segments[depth:]
        return Path(rest, self.slash or not rest)


def _decode(segment: bytes) -> str:
    decoded = unquote_to_bytes(segment)
    if decoded in (b".", b".."):
        raise BadPath("a path has no . or .. segments: a browser resolves them first")
    if b"\0" in decoded:
        raise BadPath("a path has no NUL")
    return decoded.decode("utf-8", "surrogateescape")


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
            return segment if _is_unicode(segment) else None
        found = _SPELLING[self].fullmatch(segment)
        return None if found is None else _CONVERT[self](segment)


_SPELLING: Final = {
    ParameterType.INT: re.compile(r"-?[0-9]{1,19}"),
    ParameterType.FLOAT: re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,19})?"),
    ParameterType.UUID: re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
}
_CONVERT: Final = {ParameterType.INT: int, ParameterType.FLOAT: float, ParameterType.UUID: UUID}


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A parsed pattern. *prefix* says that it ends in `/*`: the path itself and everything below."""

    parts: tuple[str | ParameterType, ...]
    names: tuple[str, ...]
    slash: bool
    prefix: bool

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


def _parse_part(segment: str, text: str) -> tuple[str | ParameterType, str]:
    found = _PARAMETER.fullmatch(segment)
    if found is None:
        if set("{}*") & set(segment):
            raise ValueError(f"{text!r}: a parameter is a whole segment, {{name}} or {{name:type}}; `*` stands last")
        return segment, ""
    try:
        return ParameterType(found[2] or "str"), found[1]
    except ValueError:
        types = ", ".join(member.value for member in ParameterType)
        raise ValueError(f"{text!r}: {found[2]!r} is not a parameter type; there are {types}") from None


@dataclass(slots=True)
class _Node(Generic[T]):
    literals: "dict[str, _Node[T]]" = field(default_factory=dict)
    parameters: "dict[ParameterType, _Node[T]]" = field(default_factory=dict)
    leaves: "dict[tuple[bool, bool], Leaf[T]]" = field(default_factory=dict)  # by (slash, prefix)


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


@dataclass(frozen=True, slots=True)
class PathTable(Generic[T]):
    """Patterns with values, looked up most specific first."""

    _root: _Node[T] = field(default_factory=_Node)

    def add(self, pattern: PathPattern, methods: Iterable[str] | None, value: T) -> None:
        """Raises ValueError if the pattern has a value for one of *methods* already (None: for any other method)."""
        node = self._root
        for part in pattern.parts:
            if isinstance(part, str):
                node = node.literals.setdefault(part, _Node())
            else:
                node = node.parameters.setdefault(part, _Node())
        leaf = node.leaves.setdefault((pattern.slash or not pattern.parts, pattern.prefix), Leaf(pattern))
        for method in (None,) if methods is None else methods:
            if method in leaf.methods:
                raise ValueError(f"the same path pattern stands twice for {method or 'any method'}")
            leaf.methods[method] = value

    def candidates(self, path: Path) -> Iterator[tuple[Leaf[T], tuple[object, ...]]]:
        """The patterns that match *path*, most specific first, each with its parameters' values."""
        return _walk(self._root, path, 0, ())


def _walk(
    node: _Node[T], path: Path, depth: int, values: tuple[object, ...]
) -> Iterator[tuple[Leaf[T], tuple[object, ...]]]:
    if depth == len(path.segments):
        exact = node.leaves.get((path.slash, False))
        if exact is not None:
            yield exact, values
    else:
        segment = path.segments[depth]
        if segment in node.literals:
            yield from _walk(node.literals[segment], path, depth + 1, values)
        for kind in ParameterType:
            if kind not in node.parameters:
                continue
            child = node.parameters[kind]
            if kind is ParameterType.PATH:
                rest = "/".join(path.segments[depth:]) + ("/" if path.slash else "")
                yield from ((leaf, (*values, rest)) for leaf in child.leaves.values())
            elif (value := kind.convert(segment)) is not None:
                yield from _walk(child, path, depth + 1, (*values, value))
    for slash in (True, False):
        if (slash, True) in node.leaves:
            yield node.leaves[slash, True], values


class Inherit(Enum):
    """The choice of a route or mount that has no policy of its own."""

    INHERIT = "inherit"


INHERIT: Final = Inherit.INHERIT
#: A policy, None for none, or INHERIT for the enclosing scope's.
PolicyChoice = Policy | None | Literal[Inherit.INHERIT]


@dataclass(frozen=True, slots=True)
class Scope:
    """A *policy* for a path pattern, for some methods or (None) for those without a scope of their own.

    At a prefix it may be a whole table, of the paths below the prefix: that is how a mounted app brings its own.
    """

    pattern: PathPattern
    policy: "PolicyChoice | Scopes"
    methods: tuple[str, ...] | None = None


class Scopes:
    """Which policy governs a path and a method. Immutable; a new table replaces an old one whole."""

    __slots__ = ("_table", "default", "scopes")

    def __init__(self, scopes: Iterable[Scope] = (), default: PolicyChoice = INHERIT) -> None:
        """*default* governs what no scope does, and requests whose path cannot be read.

        Raises ValueError if two scopes are for the same pattern and method, or a table is not at a prefix.
        """
        self.scopes: Final = tuple(scopes)
        self.default: Final = default
        self._table: PathTable[Scope] = PathTable()
        for scope in self.scopes:
            if isinstance(scope.policy, Scopes) and not scope.pattern.prefix:
                raise ValueError("a table of scopes stands at a prefix: a pattern that ends in /*")
            self._table.add(scope.pattern, scope.methods, scope)

    @classmethod
    def of(cls, policies: "Policy | Mapping[str, PolicyChoice] | Scopes | None") -> "Scopes":
        """Scopes from one policy for every path, from path patterns with their policies, or as they are."""
        if isinstance(policies, Scopes):
            return policies
        if isinstance(policies, Policy):
            return cls(default=policies)
        by_pattern = dict(policies or {})
        default = by_pattern.pop("/*", INHERIT)
        return cls((Scope(PathPattern.parse(text), policy) for text, policy in by_pattern.items()), default)

    def with_default(self, default: PolicyChoice) -> "Scopes":
        """These scopes with another default."""
        return Scopes(self.scopes, default)

    @property
    def default_policy(self) -> Policy | None:
        """The default, None where there is none."""
        return None if self.default is INHERIT else self.default

    def policy_for(self, path: Path, method: str) -> Policy | None:
        """The most specific policy; where the most specific pattern has none of its own, its enclosing scope's."""
        choice = self.choice_for(path, method)
        return None if choice is INHERIT else choice

    def choice_for(self, path: Path, method: str) -> PolicyChoice:
        """As `policy_for`, but INHERIT where this table leaves the choice to the one around it."""
        inherited = False
        for leaf, _ in self._table.candidates(path):
            scope = leaf.get(method)
            if scope is None or (inherited and not leaf.pattern.prefix):
                continue
            choice = scope.policy
            if isinstance(choice, Scopes):
                choice = choice.choice_for(path.below(len(leaf.pattern.parts)), method)
            if choice is not INHERIT:
                return choice
            inherited = True
        return self.default
