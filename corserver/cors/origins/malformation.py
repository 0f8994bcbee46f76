"""What is wrong with a text that should be an origin, and which was probably meant: for people, never for matching."""

import re
from enum import Enum
from ipaddress import AddressValueError, IPv6Address

from .origin import (
    DEFAULT_PORTS,
    MAX_HOST,
    MAX_LABEL,
    MAX_ORIGIN,
    MAX_SCHEME,
    is_ipv4,
    is_ipv6,
    is_loopback_host,
    parse_origin,
)
from .punycode import to_ascii


class Malformation(Enum):
    """One way not to be a serialised origin; the value completes "an origin ..."."""

    EMPTY = "is not empty"
    TOO_LONG = (
        f"has at most {MAX_ORIGIN} bytes, its scheme at most {MAX_SCHEME}, its host at most {MAX_HOST} "
        f"and each label at most {MAX_LABEL}"
    )
    NON_ASCII = "is ASCII, an international name in Punycode"
    WHITESPACE = "has no white space or control characters"
    SCHEME = "begins with a scheme and ://"
    UPPERCASE = "is lower-case"
    USERINFO = "has no user name or password"
    PATH = "has no path, not even a trailing slash"
    QUERY = "has no query"
    FRAGMENT = "has no fragment"
    DEFAULT_PORT = "leaves out the port that is the scheme's default"
    BAD_PORT = "has a port from 1 to 65535 without leading zeros, or none"
    BAD_HOST = "has a host of the characters a-z, 0-9, - and _ in labels that are not empty"
    BAD_ADDRESS = "has an IP address in its one canonical form only"


_PARTS = re.compile(
    rb"(?P<scheme>[^:/?#]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\??[^#]*)(?P<fragment>.*)", re.DOTALL
)


def diagnose(value: bytes) -> tuple[Malformation, ...]:
    """Everything that keeps *value* from being a serialised origin; empty if it is one. Reads at most 4096 bytes."""
    if parse_origin(value) is not None:
        return ()
    if not value:
        return (Malformation.EMPTY,)
    found = _spelling(value[:4096])
    parts = _PARTS.fullmatch(value[:4096])
    if parts is None:
        return (*found, Malformation.SCHEME)
    found += _surplus(parts)
    host, port = _host_and_port(parts["authority"])
    found += _port_faults(parts["scheme"].lower(), port)
    fault = _host_fault(host)
    if fault is not None and (fault is not Malformation.BAD_HOST or not found):
        found.append(fault)
    return tuple(dict.fromkeys(found)) or (
        Malformation.BAD_ADDRESS if host.startswith(b"[") else Malformation.BAD_HOST,
    )


#: What a copy, a shell or a list may have left around an origin.
_AROUND = b" \t\r\n'\"<>,;"
#: `http:/a`, `http:a`, `http//a` and the like: what a browser's address bar would take for `http://a`.
_ALMOST = re.compile(rb"(https?)(?::[/\\]*|//)(?=[^/\\])", re.IGNORECASE)
#: `data:`, `about:blank`, `file:/a`, `a:b`: what follows is no port, and so what stands before is no host.
_OTHER_KIND = re.compile(rb"[a-z][a-z0-9+.\-]*:(?!:|[0-9*])", re.IGNORECASE)


def with_scheme(value: bytes) -> bytes:
    """*value* with the scheme that was probably meant, where it has none; not `null`, and no URL of another kind."""
    if b"://" in value or value.lower() == b"null":
        return value
    almost = _ALMOST.match(value)
    if almost is not None:
        return almost[1] + b"://" + value[almost.end() :]
    rest = value.lstrip(b"/")  # `//a` is `a`, by the scheme of the page that it stands in.
    if _OTHER_KIND.match(rest) or not rest:
        return value
    host = _host_and_port(re.split(rb"[/?#]", rest, maxsplit=1)[0])[0].lower()
    is_plain = is_loopback_host(host) or is_ipv4(host) or is_ipv6(host)  # Few addresses have a certificate.
    return (b"http://" if is_plain else b"https://") + rest


def mend(value: bytes) -> bytes | None:
    """The origin that *value* was probably meant to be, or None. An international name is put into Punycode."""
    parts = _PARTS.fullmatch(with_scheme(value.strip(_AROUND)[:4096]))
    if parts is None:
        return None
    host, port = _host_and_port(parts["authority"])
    scheme, host = parts["scheme"].lower(), _canonical_host(host)
    if port is not None and (not port.isdigit() or int(port) == DEFAULT_PORTS.get(scheme)):
        port = None
    mended = b"%s://%s" % (scheme, host) + (b"" if port is None else b":%d" % int(port))
    return mended if parse_origin(mended) is not None else None


def _spelling(value: bytes) -> list[Malformation]:
    found = []
    if len(value) > MAX_ORIGIN:
        found.append(Malformation.TOO_LONG)
    if not value.isascii():
        found.append(Malformation.NON_ASCII)
    if re.search(rb"[\x00-\x20\x7f]", value):
        found.append(Malformation.WHITESPACE)
    return found


def _surplus(parts: re.Match[bytes]) -> list[Malformation]:
    scheme, authority = parts["scheme"], parts["authority"]
    found = []
    if not re.fullmatch(rb"[A-Za-z][A-Za-z0-9+\-.]*", scheme):
        found.append(Malformation.SCHEME)
    if len(scheme) > MAX_SCHEME:
        found.append(Malformation.TOO_LONG)
    if re.search(rb"[A-Z]", scheme + authority):
        found.append(Malformation.UPPERCASE)
    surplus = {
        Malformation.USERINFO: b"@" in authority,
        Malformation.PATH: parts["path"],
        Malformation.QUERY: parts["query"],
        Malformation.FRAGMENT: parts["fragment"],
    }
    return found + [fault for fault, present in surplus.items() if present]


def _host_and_port(authority: bytes) -> tuple[bytes, bytes | None]:
    hostport = _bracketed(authority.rpartition(b"@")[2])
    found = re.fullmatch(rb"(\[[^\]]*\]|[^:\[]*):(.*)", hostport, re.DOTALL)
    return (hostport, None) if found is None else (found[1], found[2])


def _bracketed(hostport: bytes) -> bytes:
    """*hostport* with brackets where it is an IPv6 address without: of `::1:3000` the number is the port."""
    found = re.fullmatch(rb"(::1|[0-9a-f:]*?)(:[0-9]*|:\*)?", hostport, re.IGNORECASE)
    for host, port in ((found[1], found[2] or b""), (hostport, b"")) if found else ():
        if is_ipv6(b"[%s]" % host.lower()):
            return b"[%s]%s" % (host, port)
    return hostport


def _port_faults(scheme: bytes, port: bytes | None) -> list[Malformation]:
    if port is None:
        return []
    if not re.fullmatch(rb"[1-9][0-9]{0,4}", port) or int(port) > 65535:
        return [Malformation.BAD_PORT]
    return [Malformation.DEFAULT_PORT] if int(port) == DEFAULT_PORTS.get(scheme) else []


def _host_fault(host: bytes) -> Malformation | None:
    lower = host.lower()
    if lower.startswith(b"["):
        return None if is_ipv6(lower) else Malformation.BAD_ADDRESS
    labels = lower.removesuffix(b".").split(b".")
    if re.fullmatch(rb"[0-9]+|0x[0-9a-f]*", labels[-1]):
        return None if is_ipv4(lower) else Malformation.BAD_ADDRESS
    if len(host) > MAX_HOST or any(len(label) > MAX_LABEL for label in labels):
        return Malformation.TOO_LONG
    return None if all(re.fullmatch(rb"[a-z0-9_\-]+", label) for label in labels) else Malformation.BAD_HOST


def _canonical_host(host: bytes) -> bytes:
    try:
        if host.startswith(b"[") and host.endswith(b"]"):
            return b"[%s]" % IPv6Address(host[1:-1].decode("ascii")).compressed.encode()
        return to_ascii(host.decode("utf-8"))
    except (AddressValueError, UnicodeError):
        return host.lower()
