"""As much of the URL standard as a CORS decision needs: parse, resolve against a base, and the origin of the result.

The standard library's `urlsplit` follows RFC 3986; browsers do not. They strip control characters at both ends, drop
tabs and line feeds anywhere, take a backslash for a slash and `http://127.1` for `http://127.0.0.1`. An origin is
computed from what *they* parse, so this is their reading, and only that part of it which decides scheme, host, port
and userinfo. Paths keep their bytes, percent-encoded where a request line could not carry them.

Text is one character for one byte (latin-1), as header values are.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import unquote_to_bytes

from ..origins import is_punycode_sound, to_ascii

#: URL standard "special scheme", without `file`: these have a host and a default port.
DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}

#: Fetch "bad port": a browser does not even connect.
# fmt: off
BAD_PORTS: Final = frozenset({
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
    109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526,
    530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045,
    4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
})
# fmt: on

_C0_AND_SPACE: Final = "".join(map(chr, range(0x21)))
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):(.*)", re.DOTALL)
_FORBIDDEN_IN_DOMAIN: Final = re.compile(r"[\x00-\x20#/:<>?@\[\\\]^|%\x7f]")
#: Percent-encoding of what a request line cannot carry, byte for byte.
_ENCODED: Final = {code: f"%{code:02X}" for code in (*range(0x21), *b'"<>', *range(0x7F, 0x100))}
#: Longer than any name in the DNS, and short enough for the IDNA codec, which is not linear.
_MAX_HOST: Final = 1024
_IPV4_PART: Final = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """A parsed URL. *port* is None for the scheme's default; *path* holds the query, and there is no fragment.

    >>> from corserver.cors.browser import parse_url
    >>> url = parse_url("https://API.example:443/items?q=1#top")
    >>> url.host, url.port, url.path, url.origin
    ('api.example', None, '/items?q=1', b'https://api.example')
    """

    scheme: str
    host: str = ""
    port: int | None = None
    path: str = ""
    userinfo: str = ""

    @property
    def is_http(self) -> bool:
        """Fetch "HTTP(S) scheme"."""
        return self.scheme in ("http", "https")

    @property
    def has_bad_port(self) -> bool:
        """Fetch "block bad port"."""
        return self.is_http and self.port in BAD_PORTS

    @property
    def origin(self) -> bytes:
        """HTML "serialization of an origin" of this URL's origin; opaque origins are `null`."""
        if self.scheme not in DEFAULT_PORTS:
            return b"null"
        return f"{self.scheme}://{self.host}{_colon(self.port)}".encode("latin-1")

    def is_same_origin(self, other: "Url") -> bool:
        """HTML "same origin", for two URLs; an opaque origin is same origin with nothing."""
        return self.origin == other.origin != b"null"

    def __str__(self) -> str:
        if self.scheme not in DEFAULT_PORTS:
            return f"{self.scheme}:{self.path}"
        userinfo = f"{self.userinfo}@" if self.userinfo else ""
        return f"{self.scheme}://{userinfo}{self.host}{_colon(self.port)}{self.path}"


def parse_url(text: str, base: Url | None = None) -> Url | None:
    """URL standard "basic URL parser", without the fragment. None for a failure.

    >>> from corserver.cors.browser import parse_url
    >>> base = parse_url("https://api.example/items/7")
    >>> parse_url("../users", base).path, parse_url("no URL")
    ('/users', None)
    """
    text = text.strip(_C0_AND_SPACE).translate({0x09: None, 0x0A: None, 0x0D: None}).partition("#")[0]
    found = _SCHEME.fullmatch(text)
    if found is None:
        return None if base is None else _resolve(text, base)
    scheme, rest = found[1].lower(), found[2]
    if scheme not in DEFAULT_PORTS:
        return Url(scheme=scheme, path=_encoded(rest))
    if base is not None and scheme == base.scheme:
        return _resolve(rest, base)  # "http:foo" is relative; "http://foo" resolves to itself
    return _with_authority(scheme, rest.lstrip("/\\"))


def _resolve(text: str, base: Url) -> Url | None:
    if base.scheme not in DEFAULT_PORTS:
        return None
    path, question, query = text.partition("?")
    path = path.replace("\\", "/")
    if path.startswith("//"):
        return _with_authority(base.scheme, path.lstrip("/") + question + query)
    base_path, _, base_query = base.path.partition("?")
    if not path:
        return _at(base, base_path, query if question else base_query)
    if not path.startswith("/"):
        path = base_path.rpartition("/")[0] + "/" + path
    return _at(base, path, query)


def _at(base: Url, path: str, query: str) -> Url:
    """*base* with another path. Userinfo is kept: it belongs to the base's authority."""
    whole = _without_dots(_encoded(path)) + (f"?{_encoded(query)}" if query else "")
    return Url(scheme=base.scheme, host=base.host, port=base.port, path=whole, userinfo=base.userinfo)


def _with_authority(scheme: str, rest: str) -> Url | None:
    end = re.search(r"[/\\?]", rest)
    authority, after = (rest, "") if end is None else (rest[: end.start()], rest[end.start() :])
    userinfo, _, hostport = authority.rpartition("@")
    found = re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]*))?", hostport)
    host = None if found is None else _host(found[1])
    if found is None or host is None:
        return None
    port = _port(found[2] or "")
    if port is None:
        return None
    path, _, query = after.partition("?")
    at = Url(
        scheme=scheme,
        host=host,
        port=None if port in (-1, DEFAULT_PORTS[scheme]) else port,
        userinfo=userinfo.strip(":"),  # ":@" is empty credentials, which are none
    )
    return _at(at, path.replace("\\", "/") or "/", query)


def _port(digits: str) -> int | None:
    """-1 for none given, None for one that is out of range."""
    digits = digits.lstrip("0") or digits[:1]
    if not digits:
        return -1
    return int(digits) if len(digits) <= 5 and int(digits) <= 0xFFFF else None


def _host(text: str) -> str | None:
    """URL standard "host parser" for a special scheme: lower-case, percent-decoded, IPv4 in four decimal parts."""
    if len(text) > _MAX_HOST:
        return None
    if text.startswith("["):
        return _ipv6(text)
    try:
        decoded = unquote_to_bytes(text.encode("latin-1")).decode()
        domain = decoded.lower() if decoded.isascii() else to_ascii(decoded).decode("ascii")
    except UnicodeError:
        return None
    if not domain or _FORBIDDEN_IN_DOMAIN.search(domain) or not is_punycode_sound(domain.encode("ascii")):
        return None
    parts = domain.removesuffix(".").split(".")
    # URL standard "ends in a number checker": then it is an IPv4 address or nothing
    return _ipv4(parts) if _IPV4_PART.fullmatch(parts[-1]) else domain


def _ipv6(text: str) -> str | None:
    try:
        address = IPv6Address(text[1:-1])
    except ValueError:
        return None
    return None if address.scope_id else f"[{_compressed(address)}]"


def _compressed(address: IPv6Address) -> str:
    """URL standard "IPv6 serializer": eight groups in base 16; newer Pythons write a mapped IPv4 address with dots."""
    mapped = address.ipv4_mapped
    return address.compressed if mapped is None else f"::ffff:{int(mapped) >> 16:x}:{int(mapped) & 0xFFFF:x}"


def _ipv4(parts: list[str]) -> str | None:
    """URL standard "IPv4 parser": up to four parts in base 8, 10 or 16; the last one fills what is left."""
    if len(parts) > 4 or any(not _IPV4_PART.fullmatch(part) or len(part) > 16 for part in parts):
        return None
    try:
        numbers = [_number(part) for part in parts]
    except ValueError:
        return None
    last = numbers.pop()
    if any(number > 255 for number in numbers) or last >= 256 ** (4 - len(numbers)):
        return None
    value = last + sum(number << (8 * (3 - index)) for index, number in enumerate(numbers))
    return ".".join(str((value >> shift) & 255) for shift in (24, 16, 8, 0))


def _number(part: str) -> int:
    if part[:2] in ("0x", "0X"):
        return int(part[2:] or "0", 16)
    return int(part, 8 if len(part) > 1 and part[0] == "0" else 10)


def _colon(port: int | None) -> str:
    return "" if port is None else f":{port}"


def _encoded(text: str) -> str:
    return text.translate(_ENCODED)


def _without_dots(path: str) -> str:
    """URL standard "path state", where a dot segment may be percent-encoded."""
    kept: list[str] = []
    dots = ""
    for segment in path.split("/")[1:]:
        dots = segment.lower().replace("%2e", ".")
        if dots == "..":
            del kept[-1:]
        elif dots != ".":
            kept.append(segment)
    if dots in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
