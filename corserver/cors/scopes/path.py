"""A path, normalised once.

The router and the policies read the same `Path`, so that a request cannot have one path for its policy and another for
its handler: that gap is how a private path gets a public path's policy.

A path is split at `/` first and percent-decoded afterwards, once; `%2F` is data in a segment, never a separator. Empty
segments are dropped, so `//a///b` is `/a/b`. Case is kept. Dot segments, which every browser resolves before it sends
a request, are refused in any encoding.

Others read paths in other ways: an app of ASGI or WSGI is given one that is decoded, an upstream may do what it likes.
`other_readings` are theirs: where one of these has another policy, nobody can tell which one governs.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import quote, unquote_to_bytes

#: A path that is its own decoding: no escapes, no dot segments.
_PLAIN: Final = re.compile(rb"(?:/(?!\.{1,2}(?:/|\Z))[!-$&-.0-~]*)+")
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ENCODED_SLASH: Final = re.compile(rb"%2[Ff]")
_SEPARATOR: Final = re.compile(r"[/\\]")
#: What others split or cut a segment at.
_AMBIGUOUS: Final = re.compile(r"[/\\;]")
#: What RFC 3986 §3.3 lets stand in a segment as it is.
_PCHAR: Final = "!$&'()*+,;=:@~"


class BadPath(ValueError):
    """A path that no browser sends: a bad escape, a NUL, a dot segment, or no leading slash.

    >>> from corserver.cors import BadPath, Path
    >>> try:
    ...     Path.parse(b"/a/../b")
    ... except BadPath as error:
    ...     print(error)
    a path has no . or .. segments: a browser resolves them first
    """


class Path(NamedTuple):
    """A normalised path: decoded segments, none of them empty, and whether a slash ends it (always so for `/`).

    >>> from corserver.cors import Path
    >>> path = Path.parse(b"//items/a%20b/")
    >>> path.segments, str(path)
    (('items', 'a b'), '/items/a%20b/')
    """

    segments: tuple[str, ...] = ()
    slash: bool = True

    @classmethod
    def parse(cls, raw: bytes) -> "Path":
        """The path of a request target, still percent-encoded and without its query. Raises `BadPath`."""
        if _PLAIN.fullmatch(raw):
            return cls(tuple([segment for segment in raw.decode("ascii").split("/") if segment]), raw[-1] == 0x2F)
        if not raw.startswith(b"/"):
            raise BadPath("a path begins with /")
        return cls(tuple(filter(None, _decoded(raw))), raw.endswith(b"/"))

    def __str__(self) -> str:
        """The path in its one percent-encoded form, beginning with exactly one slash."""
        encoded = "/".join(quote(s.encode("utf-8", "surrogateescape"), safe=_PCHAR) for s in self.segments)
        return f"/{encoded}/" if self.slash and encoded else f"/{encoded}"

    def other_readings(self, raw: bytes) -> set["Path"]:
        """As others read *raw*, which this is: those who decode a path before they split it, so that an encoded slash
        separates, or a backslash too, whether they resolve dot segments then or not; those of them who cut a segment at
        its `;` (RFC 3986 §3.3); and those to whom an empty segment is one like any other."""
        found: set[Path] = set()
        if any(map(_AMBIGUOUS.search, self.segments)):
            text = "/".join(self.segments)
            for parts in (text.split("/"), _SEPARATOR.split(text)):
                for cut in (parts, [part.partition(";")[0] for part in parts]):
                    found |= {self._resolved(cut), Path(tuple(filter(None, cut)), self.slash or not cut[-1])}
        if b"//" in raw:
            segments = _decoded(raw)[1:]
            found.add(Path(tuple(segments[:-1] if self.slash else segments), self.slash))
        return found

    @property
    def hides_dot_segments(self) -> bool:
        """Whether others may read a dot segment in it: beside an encoded slash, or before a `;`."""
        parts = _SEPARATOR.split("/".join(self.segments))
        return any(part.partition(";")[0] in (".", "..") for part in parts)

    def _resolved(self, parts: list[str]) -> "Path":
        segments: list[str] = []
        for part in parts:
            if part == "..":
                del segments[-1:]
            elif part not in ("", "."):
                segments.append(part)
        return Path(tuple(segments), self.slash or parts[-1] in ("", ".", ".."))

    def below(self, depth: int) -> "Path":
        """What is left of the path after its first *depth* segments."""
        rest = self.segments[depth:]
        return Path(rest, self.slash or not rest)


def decode_segment(segment: bytes) -> str:
    """What an encoded segment stands for; bytes that are no UTF-8 become surrogates. Raises `BadPath`."""
    return _decoded(segment)[0]


def _decoded(raw: bytes) -> list[str]:
    # All segments at once, for a path may have thousands. A NUL, which none has, stands for the slash in a segment.
    if _BAD_ESCAPE.search(raw):
        raise BadPath("a % in a path is followed by two hexadecimal digits")
    if b"\0" in raw or b"%00" in raw:
        raise BadPath("a path has no NUL")
    decoded = unquote_to_bytes(_ENCODED_SLASH.sub(b"%00", raw)).decode("utf-8", "surrogateescape")
    segments = decoded.split("/")
    if "." in segments or ".." in segments:
        raise BadPath("a path has no . or .. segments: a browser resolves them first")
    return [segment.replace("\0", "/") for segment in segments] if "\0" in decoded else segments
