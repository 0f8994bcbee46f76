"""Which path here is which path at the upstream, and back."""

import re
from collections.abc import Mapping
from typing import Final

from corserver.apps.proxy.target import Target
from corserver.cors.scopes import Path
from corserver.http.messages import Request

_ROOT: Final = b"/"
#: What a browser takes at the beginning for the two slashes before a host (URL §4.4): of a path of ours it is one.
_SEVERAL: Final = re.compile(rb"\A[/\\\t]{2,}")


class Places:
    """Paths below *prefix* here are paths below the base of *target* there; *rewrite* replaces the beginnings of what
    comes after it. Paths are cut between segments only, and stay encoded as they came. Raises ValueError.
    """

    def __init__(self, target: Target, prefix: str, rewrite: Mapping[str, str]) -> None:
        self._base = target.base
        self._prefix = _path("path_prefix", prefix or "/")
        pairs = ((_path("rewrite", here), _path("rewrite", there)) for here, there in rewrite.items())
        #: The longest first: it says more.
        self._rewrite = tuple(sorted(pairs, key=lambda pair: -len(pair[0].segments)))

    @property
    def prefix(self) -> str:
        """The prefix, empty if there is none."""
        return "" if not self._prefix.segments else str(self._prefix)

    def there(self, request: Request) -> bytes | None:
        """The target to ask for at the upstream, None for a path that is not below the prefix, or by which an upstream
        may leave the base: a dot segment that it alone sees is no browser's."""
        if ("%" in request.target or ";" in request.target) and request.path.hides_dot_segments:
            return None
        segments, prefix = request.path.segments, self._prefix.segments
        if segments[: len(prefix)] != prefix:
            return None
        path, mark, query = request.target.encode("ascii").partition(b"?")
        rest = _after(path, len(request.mount.segments) + len(prefix))
        segments = segments[len(prefix) :]
        for here, replacement in self._rewrite:
            if segments[: len(here.segments)] == here.segments:
                rest = _joined(_encoded(replacement), _after(rest, len(here.segments)))
                break
        return _joined(self._base, rest) + mark + query

    def here(self, path: bytes, mount: Path) -> bytes | None:
        """The path here of the upstream's *path*, which begins with a slash; None where it has none."""
        rest = _below(self._base, path)
        if rest is None:
            return None
        for here, there in self._rewrite:
            found = _below(_encoded(there), rest)
            if found is not None:
                rest = _joined(_encoded(here), found)
                break
        return _SEVERAL.sub(_ROOT, _joined(_encoded(mount) + _encoded(self._prefix), rest))


def _path(what: str, given: str) -> Path:
    if not given.startswith("/"):
        raise ValueError(f"{what}: {given!r} is not a path: write /{given}")
    try:
        path = Path.parse(given.encode("utf-8"))
    except ValueError as error:
        raise ValueError(f"{what}: {given!r}: {error}") from error
    return Path(path.segments, slash=False)


def _encoded(path: Path) -> bytes:
    return str(path).encode("ascii") if path.segments else b""


def _after(path: bytes, depth: int) -> bytes:
    """What is left of an encoded path after so many segments that are not empty."""
    at = 0
    for _ in range(depth):
        while path[at : at + 1] == _ROOT:
            at += 1
        slash = path.find(_ROOT, at)
        at = len(path) if slash < 0 else slash
    return path[at:]


def _below(base: bytes, path: bytes) -> bytes | None:
    if not path.startswith(base):
        return None
    rest = path[len(base) :]
    return rest if not rest or rest[:1] in (b"/", b"?", b"#") else None


def _joined(base: bytes, rest: bytes) -> bytes:
    joined = base + rest
    return joined if joined.startswith(_ROOT) else _ROOT + joined
