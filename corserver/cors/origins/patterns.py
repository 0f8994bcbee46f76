"""Patterns of allowed origins, and the set of them that a policy is compiled to.

A pattern is an origin with `*.` before the host (one or more further labels, never the bare host), or `:*` instead of
the port (any port, the default one too), or both. Nothing else: an expression over the whole origin is how
`https://example.com.evil.net` gets in.

Matching is one lookup for an exact origin. Only where loose patterns exist is a miss parsed, once its length is known
to be at most 326 bytes, and then looked up once per label: the work is bounded whatever a peer sends.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from .origin import (
    DEFAULT_PORTS,
    MAX_HOST,
    MAX_ORIGIN,
    Origin,
    is_domain,
    is_loopback_host,
    parse_origin,
)
from .punycode import is_punycode_sound

Port = int | None | Literal["*"]


@dataclass(frozen=True, slots=True)
class OriginPattern:
    """An allowed origin: exact, with any subdomain (`https://*.example.com`), with any port (`http://localhost:*`)."""

    scheme: bytes
    host: bytes
    port: Port = None
    subdomains: bool = False

    @classmethod
    def parse(cls, text: bytes) -> "OriginPattern | None":
        """The pattern that *text* writes, or None where it is not one."""
        any_port = text.endswith(b":*")
        scheme, separator, rest = (text[:-2] if any_port else text).partition(b"://")
        subdomains = rest.startswith(b"*.")
        origin = parse_origin(scheme + separator + (rest[2:] if subdomains else rest))
        if origin is None or (any_port and origin.port is not None) or scheme == b"file":
            return None
        if not is_punycode_sound(origin.host):
            return None
        if subdomains and not (is_domain(origin.host) and len(origin.host) + 2 <= MAX_HOST):
            return None
        return cls(scheme, origin.host, "*" if any_port else origin.port, subdomains)

    @property
    def is_exact(self) -> bool:
        """Whether it stands for one origin only."""
        return not self.subdomains and self.port != "*"

    @property
    def is_secure(self) -> bool:
        """Whether nobody on the network path can speak for it: not plain http, ws or ftp, or on this machine."""
        return self.scheme not in (b"http", b"ws", b"ftp") or is_loopback_host(self.host)

    def __bytes__(self) -> bytes:
        host = b"*." + self.host if self.subdomains else self.host
        port = b"" if self.port is None else b":%s" % str(self.port).encode()
        return b"%s://%s%s" % (self.scheme, host, port)

    def __str__(self) -> str:
        return bytes(self).decode("ascii")


class Difference(Enum):
    """In what an origin differs from an allowed one that it narrowly misses."""

    FORM = "in its form: a browser writes it in lower case, without a path or a default port"
    SCHEME = "in its scheme"
    PORT = "in its port"
    WWW = "in the leading `www.`"
    TRAILING_DOT = "in the trailing dot of its host"
    SUBDOMAIN = "in that it is a subdomain"
    APEX = "in that `*.` stands for one or more labels, never for none"


@dataclass(frozen=True, slots=True)
class NearMiss:
    """The allowed pattern that a refused origin narrowly misses, and in what they differ."""

    difference: Difference
    pattern: OriginPattern


@dataclass(frozen=True, slots=True)
class OriginSet:
    """The origins that a policy allows. `match` is the fast path; `near_miss` is for people, after a refusal."""

    patterns: tuple[OriginPattern, ...]
    _exact: dict[bytes, OriginPattern] = field(init=False, repr=False, compare=False)
    _loose: dict[tuple[bytes, bytes, Port, bool], OriginPattern] = field(init=False, repr=False, compare=False)
    _hosts: dict[bytes, tuple[OriginPattern, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        hosts: dict[bytes, tuple[OriginPattern, ...]] = {}
        for pattern in self.patterns:
            hosts[pattern.host] = (*hosts.get(pattern.host, ()), pattern)
        object.__setattr__(self, "_exact", {bytes(p): p for p in self.patterns if p.is_exact})
        object.__setattr__(
            self, "_loose", {(p.scheme, p.host, p.port, p.subdomains): p for p in self.patterns if not p.is_exact}
        )
        object.__setattr__(self, "_hosts", hosts)

    def match(self, value: bytes) -> OriginPattern | None:
        """The pattern that allows the serialised origin *value*, or None."""
        exact = self._exact.get(value)
        if exact is not None or not self._loose:
            return exact
        origin = parse_origin(value)
        return None if origin is None else self._match_loosely(origin)

    def _match_loosely(self, origin: Origin) -> OriginPattern | None:
        scheme, host, loose = origin.scheme, origin.host, self._loose
        found = loose.get((scheme, host, "*", False))
        if found is not None:
            return found
        for suffix in parent_domains(host):
            found = loose.get((scheme, suffix, origin.port, True)) or loose.get((scheme, suffix, "*", True))
            if found is not None:
                return found
        return None

    def near_miss(self, value: bytes) -> NearMiss | None:
        """The pattern that *value*, which `match` refused, differs from in one respect only; the work is bounded."""
        origin = parse_origin(value)
        if origin is None:
            found = self.match(_canonical(value))
            return None if found is None else NearMiss(Difference.FORM, found)
        return self._near_origin(origin)

    def _near_origin(self, origin: Origin) -> NearMiss | None:
        scheme, host, port = origin.scheme, origin.host, origin.port
        other_scheme = {b"http": b"https", b"https": b"http"}.get(scheme, scheme)
        other_www = host.removeprefix(b"www.") if host.startswith(b"www.") else b"www." + host
        for difference, other in (
            (Difference.SCHEME, Origin(other_scheme, host, port)),
            (Difference.TRAILING_DOT, Origin(scheme, host.removesuffix(b"."), port)),
            (Difference.WWW, Origin(scheme, other_www, port)),
        ):
            found = self.match(bytes(other))
            if found is not None and not (difference is Difference.WWW and found.subdomains):
                return NearMiss(difference, found)
        for pattern in self._of_host(scheme, host):
            if not pattern.subdomains:
                return NearMiss(Difference.PORT, pattern)
            if pattern.port in ("*", port):
                return NearMiss(Difference.APEX, pattern)
        for parent in parent_domains(host):
            for pattern in self._of_host(scheme, parent):
                if pattern.port in ("*", port) and not pattern.subdomains:
                    return NearMiss(Difference.SUBDOMAIN, pattern)
        return None

    def _of_host(self, scheme: bytes, host: bytes) -> tuple[OriginPattern, ...]:
        return tuple(pattern for pattern in self._hosts.get(host, ())[:16] if pattern.scheme == scheme)


def parent_domains(host: bytes) -> Iterable[bytes]:
    """The domains above *host*, nearest first: `a.b.c` gives `b.c` and `c`."""
    start = host.find(b".") + 1
    while start:
        yield host[start:]
        start = host.find(b".", start) + 1


def _canonical(value: bytes) -> bytes:
    # What a browser would have written, for the commonest malformed origins: other case, a path, a default port.
    scheme, _, rest = value[:MAX_ORIGIN].lower().partition(b"://")
    authority = re.split(rb"[/?#]", rest, maxsplit=1)[0]
    default = DEFAULT_PORTS.get(scheme)
    return b"%s://%s" % (scheme, authority if default is None else authority.removesuffix(b":%d" % default))
