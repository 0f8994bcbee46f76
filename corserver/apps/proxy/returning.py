"""The header lines of an answer as the client gets it: the upstream's, with its own addresses made into ours."""

import functools
import re
from collections.abc import Callable, Sequence
from typing import Final

from corserver.apps.proxy.hops import Line, end_to_end
from corserver.apps.proxy.places import Places
from corserver.apps.proxy.target import Target
from corserver.http.messages import Request

_URL: Final = re.compile(rb"(?:([A-Za-z][A-Za-z0-9+.\-]*):)?//([^/?#]*)([/?#].*)?")
_REFRESH: Final = re.compile(rb"([0-9. \t]*[;,][ \t]*url[ \t]*=[ \t]*)([\"']?)(.*?)(\2)", re.IGNORECASE)
#: Names that a browser takes with Secure only (RFC 6265bis §4.1.3): no cookie of theirs is touched.
_SECURE_NAMES: Final = (b"__secure-", b"__host-")


class Returning:
    """Makes the lines. *locations* and *cookies* are whether these are rewritten; *own* replace the upstream's."""

    def __init__(
        self, target: Target, places: Places, *, locations: bool, cookies: bool, own: Sequence[Line], mark: bytes
    ) -> None:
        self._target = target
        self._places = places
        self._own = tuple(own)
        self._named = frozenset(name.lower() for name, _ in own)
        self._via = b"1.1 " + mark
        #: Within a second most answers of an upstream have the same lines.
        self._kept = functools.lru_cache(maxsize=256)(self._keep)
        self._rewriters: dict[bytes, Callable[[bytes, Request], bytes]] = {}
        if locations:
            self._rewriters |= {b"location": self._url, b"content-location": self._url, b"refresh": self._refresh}
        if cookies:
            self._rewriters[b"set-cookie"] = self._cookie

    def fields(self, received: Sequence[Line], request: Request) -> list[Line]:
        """The lines for those *received*, names lower-case."""
        rewriters = self._rewriters
        lines = self._kept(tuple(received))
        return [(name, rewriters[name](value, request) if name in rewriters else value) for name, value in lines]

    def _keep(self, received: tuple[Line, ...]) -> tuple[Line, ...]:
        named = self._named
        lines, via = [], self._via
        for name, value in end_to_end(received):
            if name == b"via":
                via = b"%s, %s" % (value, via)
            elif name not in named:
                lines.append((name, value))
        return (*lines, *self._own, (b"via", via))

    def _url(self, value: bytes, request: Request) -> bytes:
        path = value
        if not value.startswith(b"/") or value.startswith(b"//"):
            found = _URL.fullmatch(value)
            if found is None or not self._is_ours(found, request):
                return value  # Another server's, or relative, which is relative to the path here already.
            path = found[3] if found[3] and found[3].startswith(b"/") else b"/" + (found[3] or b"")
        return self._places.here(path, request.mount) or value

    def _is_ours(self, url: re.Match[bytes], request: Request) -> bool:
        scheme = (url[1] or self._target.scheme.encode()).decode("ascii").lower()
        authority = url[2].decode("latin-1")
        return self._target.is_named_by(scheme, authority) or (scheme, authority) == (
            request.scheme,
            request.authority,
        )

    def _refresh(self, value: bytes, request: Request) -> bytes:
        found = _REFRESH.fullmatch(value)
        return value if found is None else found[1] + found[2] + self._url(found[3], request) + found[4]

    def _cookie(self, value: bytes, request: Request) -> bytes:
        pair, *attributes = [part.strip(b" \t") for part in value.split(b";")]
        unsecured = request.scheme == "http" and not pair.lower().startswith(_SECURE_NAMES)
        kept = [pair]
        for attribute in attributes:
            name, equals, content = attribute.partition(b"=")
            match name.lower(), content.lower():
                case b"domain", _:  # Without one it is for whom it came from: us.
                    continue
                case b"path", path if path.startswith(b"/"):
                    here = self._places.here(content, request.mount)
                    kept.append(name + equals + (content if here is None else here))
                case ((b"secure" | b"partitioned"), _) if unsecured:
                    continue
                case b"samesite", b"none" if unsecured:  # Without Secure a browser refuses it.
                    continue
                case _:
                    kept.append(attribute)
        return b"; ".join(kept)
