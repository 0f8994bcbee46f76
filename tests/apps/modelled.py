"""A second mind on routers: the words of the README on patterns, methods, mounts and policies, done slowly.

It takes nothing of the package. A policy is a number: 0 and 1 leave the choice to the app around.
"""

import re
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

METHODS = ["GET", "GET", "HEAD", "PUT", "POST", "OPTIONS", "DELETE", "BREW"]
INHERITS = (0, 1)
#: Most specific first.
KINDS = ["literal", "int", "float", "uuid", "str", "path", "prefix"]
UUID = "123e4567-e89b-12d3-a456-426614174000"
TYPED = {
    "int": r"-?[0-9]{1,19}",
    "float": r"-?[0-9]{1,19}(\.[0-9]{1,19})?",
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "str": "[^\ud800-\udfff]*",
}


class BadPath(Exception):
    """A path that no browser sends."""


class Said(NamedTuple):
    """An answer: its status, the number of the route that made it, the values of its parameters, and Allow."""

    status: int
    number: int | None = None
    values: tuple[str, ...] = ()
    allow: frozenset[str] = frozenset()

    def without_body(self, method: str) -> "Said":
        return Said(self.status, allow=self.allow) if method == "HEAD" else self


class Place(NamedTuple):
    """A path: its segments, and whether a slash ends it."""

    segments: tuple[str, ...]
    slash: bool


def place(target: str) -> Place:
    """Raises `BadPath`."""
    path = re.sub("(?i)^https?://[^/?]*", "", target).split("?")[0] or "/"
    segments = []
    for segment in path.split("/"):
        decoded = unquote_to_bytes(segment)
        if re.search("%(?![0-9A-Fa-f]{2})", segment) or b"\0" in decoded or decoded in (b".", b".."):
            raise BadPath
        segments.append(decoded.decode("utf-8", "surrogateescape"))
    return Place(tuple(filter(None, segments)), path.endswith("/"))


@dataclass(frozen=True)
class Match:
    """How specific a match is, how many segments it takes, and its values."""

    kinds: tuple[int, ...]
    taken: int
    values: tuple[str, ...]


@dataclass
class Entry:
    """A route, or a mount, which has an *app*."""

    number: int
    pattern: str
    choice: int
    methods: tuple[str, ...] = ()
    app: "Router | None" = None

    @property
    def parts(self) -> list[tuple[str, str]]:
        """The kind of each part, and what it is if that is a literal."""
        found = []
        for segment in filter(None, self.pattern.removesuffix("/*").split("/")):
            parameter = re.fullmatch(r"\{\w+(?::(\w+))?\}", segment)
            literal = unquote_to_bytes(segment).decode()
            found.append((parameter[1] or "str", "") if parameter else ("literal", literal))
        return found

    @property
    def is_prefix(self) -> bool:
        return self.pattern.endswith("/*")

    @property
    def slash(self) -> bool:
        return self.pattern.endswith("/")

    def match(self, at: Place) -> Match | None:
        kinds: list[int] = []
        values: list[str] = []
        for index, (kind, literal) in enumerate(self.parts):
            if index >= len(at.segments):
                return None
            segment = at.segments[index]
            kinds.append(KINDS.index(kind))
            if kind == "path":
                rest = "/".join(at.segments[index:]) + "/" * at.slash
                return Match(tuple(kinds), len(at.segments), (*values, rest))
            if kind == "literal":
                if segment != literal:
                    return None
                continue
            if not re.fullmatch(TYPED[kind], segment, re.IGNORECASE | re.ASCII):
                return None
            values.append(as_said(kind, segment))
        if self.is_prefix:
            return Match((*kinds, KINDS.index("prefix")), len(kinds), tuple(values))
        fits = len(kinds) == len(at.segments) and self.slash == (at.slash or not at.segments)
        return Match(tuple(kinds), len(kinds), tuple(values)) if fits else None


def as_said(kind: str, segment: str) -> str:
    match kind:
        case "int":
            return str(int(segment))
        case "float":
            return str(float(segment))
        case "uuid":
            return segment.lower()
    return segment


@dataclass
class Router:
    """An app: the number of its policy, and its routes and mounts."""

    choice: int
    entries: list[Entry] = field(default_factory=list)

    def ask(self, method: str, target: str) -> tuple[Said, int]:
        """The answer, and the policy that governs it."""
        try:
            at = place(target)
        except BadPath:
            return Said(400), self.choice
        return self._answer(method, at, (), 0)

    def _answer(self, method: str, at: Place, values: tuple[str, ...], around: int) -> tuple[Said, int]:
        own = around if self.choice in INHERITS else self.choice
        matches = sorted(
            ((match, entry) for entry in self.entries if (match := entry.match(at)) is not None),
            key=lambda found: found[0].kinds,
        )
        allowed: set[str] = set()
        passed: set[int] = set()
        while matches:
            here = [found for found in matches if found[0].kinds == matches[0][0].kinds]
            matches = matches[len(here) :]
            chosen = _serving(here, method)
            if chosen is None:
                allowed.update(name for _, entry in here for name in entry.methods)
                passed.update(0 if entry.choice in INHERITS else entry.choice for _, entry in here)
                continue
            match, entry = chosen
            choice = own if entry.choice in INHERITS else entry.choice
            if entry.app is None:
                return Said(200, entry.number, values + match.values), choice
            below = Place(at.segments[match.taken :], at.slash or len(at.segments) == match.taken)
            inner = entry.app if entry.choice in INHERITS else Router(entry.choice, entry.app.entries)
            said, choice = inner._answer(method, below, values + match.values, own)
            return (_refused(method, allowed) if allowed and said.status in (404, 405) else said), choice
        if self.choice in INHERITS and len(passed) == 1:
            (shared,) = passed
            own = own if shared in INHERITS else shared
        return (_refused(method, allowed) if allowed else Said(404)), own


def _serving(here: list[tuple[Match, Entry]], method: str) -> tuple[Match, Entry] | None:
    for wanted in (method, "GET") if method == "HEAD" else (method,):
        for match, entry in here:
            if wanted in entry.methods:
                return match, entry
    return next(((match, entry) for match, entry in here if entry.app is not None), None)


def _refused(method: str, allowed: set[str]) -> Said:
    allow = frozenset(allowed | {"OPTIONS"} | ({"HEAD"} if "GET" in allowed else set()))
    status = 204 if method == "OPTIONS" else 501 if method == "BREW" else 405
    return Said(status, allow=allow)


# --------------------------------------------------------------------------------------------------- something to ask

LITERALS = ["a", "b", "api", "A", "7", "a%20b", "%C3%A9", "a%2Fb", "a;b", "x.y", "-7", "1.5", "%61", "..."]
SEGMENTS = {
    "int": ["7", "-7", "007", "7.0", "x", "%37", "+7", "7" * 20, "%D9%A3"],
    "float": ["7", "1.5", "1.", "x", "1e5", "-0.0"],
    "uuid": [UUID, UUID.upper(), UUID[:-1], "x"],
    "str": ["q", "a", "%FF", "7", "%2F", "a%2Fb", "%20", ".", "%2e", "..;", "q;x"],
    "path": ["z", "z/y", "z//y", "%2F", ""],
}


def routers(die: Random, depth: int) -> Router:
    """A random router, with others mounted in it as deep as *depth*."""
    router = Router(die.randrange(8))
    taken: set[object] = set()
    for _ in range(die.randrange(6)):
        parts = [_part(die, number) for number in range(die.randrange(4))]
        entry = _entry(die, "/" + "/".join(parts), depth)
        names = [(tuple(entry.parts), entry.is_prefix, entry.slash, name) for name in entry.methods or ("",)]
        if taken.isdisjoint(names):
            taken.update(names)
            router.entries.append(entry)
    return router


def _part(die: Random, number: int) -> str:
    if die.random() < 0.6:
        return die.choice(LITERALS)
    return f"{{n{die.randrange(10**9)}_{number}{die.choice(['', ':str', ':int', ':float', ':uuid'])}}}"


def _entry(die: Random, text: str, depth: int) -> Entry:
    number, choice = die.randrange(10**9), die.randrange(8)
    start = text.rstrip("/")
    if depth and die.random() < 0.4:
        return Entry(number, die.choice([f"{start}/*", "/*"]), choice, app=routers(die, depth - 1))
    pattern = die.choice([text, text, text, f"{start}/{{rest:path}}", f"{start}/*", f"{start}/"])
    methods = tuple(die.sample(sorted({*METHODS}), die.randint(1, 2)))
    return Entry(number, pattern, choice, methods)


def targets(die: Random, router: Router) -> str:
    """A target, mostly of something that is there, or nearly."""
    target, at = "", router
    while at.entries and die.random() < 0.9:
        entry = die.choice(at.entries)
        target += "".join("/" + _spelled(die, *part) for part in entry.parts)
        if entry.app is None:
            target += die.choice(["", "/"]) if not entry.is_prefix else die.choice(["", "/", "/t", "//t/", "/%2e%2E/"])
            break
        at = entry.app
    else:
        target += die.choice(["", "/", "/nothing", "/a/b", "/%zz", "/%00", "/../a", "//"])
    target = ("" if target.startswith("/") else "/") + target
    target = target.replace("/", "//", 1) if die.random() < 0.1 else target
    query = die.choice(["", "", "", "?", "?x=/a", "?/../a", "?%zz"])
    return die.choice(["", "", "", "", "http://localhost", "HTTP://localhost:80"]) + target + query


def _spelled(die: Random, kind: str, literal: str) -> str:
    if kind != "literal":
        return die.choice(SEGMENTS[kind])
    every = "".join(f"%{byte:02X}" for byte in literal.encode())
    return die.choice(
        [
            quote(literal, safe=";"),
            quote(literal, safe=""),
            every,
            every.lower(),
            literal.swapcase() if literal.isascii() and literal.isalnum() else quote(literal, safe=""),
        ]
    )
