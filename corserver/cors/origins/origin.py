"""An origin: parsed from, and serialised to, the one form in which a browser writes it.

An origin on the wire is `scheme "://" host [":" port]`, lower-case ASCII, without a default port, or `null`
(Fetch "origin-or-null"; HTML "serialization of an origin"). A browser writes exactly one form of each origin, so an
origin is compared byte by byte, and whatever is not in that form is nobody's origin:

* the host is a domain of labels of `a-z 0-9 - _` (browsers do emit the underscore that the ABNF lacks), 1 to 63 bytes
  each and 253 together, with at most one trailing dot (which makes another origin);
* or a dotted IPv4 address without leading zeros, which a host whose last label is a number must be (URL "ends in a
  number");
* or a bracketed IPv6 address in its one canonical form (RFC 5952 §4).
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from typing import Final

#: The default ports of the URL standard's special schemes; a browser never serialises them.
DEFAULT_PORTS: Final = {b"http": 80, b"https": 443, b"ws": 80, b"wss": 443, b"ftp": 21}

MAX_SCHEME: Final = 64
MAX_HOST: Final = 253
MAX_LABEL: Final = 63
#: The longest origin there is, in bytes: scheme, "://", host, ":" and five digits.
MAX_ORIGIN: Final = MAX_SCHEME + 3 + MAX_HOST + 6

_ORIGIN: Final = re.compile(rb"([a-z][a-z0-9+\-.]*)://(\[[0-9a-f:]+\]|[a-z0-9\-_.]+)(?::([1-9][0-9]{0,4}))?")
_LABELS: Final = re.compile(rb"[a-z0-9_\-]{1,%d}(?:\.[a-z0-9_\-]{1,%d})*\.?" % (MAX_LABEL, MAX_LABEL))
_NUMBER: Final = re.compile(rb"[0-9]+|0x[0-9a-f]*")
_OCTET: Final = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4: Final = re.compile(_OCTET + rb"(?:\.%s){3}" % _OCTET)


@dataclass(frozen=True, slots=True)
class Origin:
    """A tuple origin (HTML §7.1.1). *port* is None where it is the scheme's default, or the scheme has none."""

    scheme: bytes
    host: bytes
    port: int | None = None

    def __bytes__(self) -> bytes:
        return b"%s://%s" % (self.scheme, self.host) + (b"" if self.port is None else b":%d" % self.port)

    def __str__(self) -> str:
        return bytes(self).decode("ascii")

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine: `localhost`, a name below it, 127.0.0.0/8 or `[::1]`."""
        return is_loopback_host(self.host)


def is_loopback_host(host: bytes) -> bool:
    """Whether *host*, as written in a URL, is `localhost`, a name below it, 127.0.0.0/8 or `[::1]`."""
    name = host.removesuffix(b".")  # Secure Contexts §3.1: `localhost.` is this machine too.
    if name == b"localhost" or name.endswith(b".localhost") or host == b"[::1]":
        return True
    return host.startswith(b"127.") and is_ipv4(host)


def is_ipv4(host: bytes) -> bool:
    """Whether *host* is a dotted IPv4 address in canonical form: four numbers, no leading zeros."""
    return _IPV4.fullmatch(host) is not None


def is_ipv6(host: bytes) -> bool:
    """Whether *host* is a bracketed IPv6 address in canonical form (RFC 5952 §4), not an IPv4-mapped one."""
    if not (host.startswith(b"[") and host.endswith(b"]")) or b"%" in host:
        return False
    try:
        address = IPv6Address(host[1:-1].decode("ascii"))
    except (AddressValueError, UnicodeDecodeError):
        return False
    return address.ipv4_mapped is None and address.compressed.encode() == host[1:-1]


def is_domain(host: bytes) -> bool:
    """Whether *host* is a domain of valid labels, with at most one trailing dot, whose last label is no number."""
    if len(host) > MAX_HOST or _LABELS.fullmatch(host) is None:
        return False
    return _NUMBER.fullmatch(host.removesuffix(b".").rpartition(b".")[2]) is None


def parse_origin(value: bytes) -> Origin | None:
    """The origin that *value* is the one serialisation of, or None; `null` is None too (it names nobody)."""
    if len(value) > MAX_ORIGIN:
        return None
    found = _ORIGIN.fullmatch(value)
    if found is None:
        return None
    scheme, host, digits = found.groups()
    port = None if digits is None else int(digits)
    if len(scheme) > MAX_SCHEME or (port is not None and (port > 65535 or port == DEFAULT_PORTS.get(scheme))):
        return None
    if not (is_ipv6(host) if host.startswith(b"[") else is_domain(host) or is_ipv4(host)):
        return None
    return Origin(scheme, host, port)
