"""A second origin matcher, slow and plain, to hold the fast one against.

It is written from the Fetch, HTML and URL standards (with the engine's documented bounds), not from the engine: no
regular expression, no `ipaddress`, no tables; it takes an origin apart, puts it together again the way a browser would,
and asks whether the same bytes come out.
"""

from string import ascii_lowercase, digits
from typing import NamedTuple

MAX_SCHEME, MAX_HOST, MAX_LABEL = 64, 253, 63
_DEFAULT_PORTS = {"ftp": 21, "http": 80, "https": 443, "ws": 80, "wss": 443}


class Parts(NamedTuple):
    """Scheme, host and port; the port is None where it is the scheme's default."""

    scheme: str
    host: str
    port: int | None


def parse(value: bytes) -> Parts | None:
    """The origin that a browser serialises as *value*, or None."""
    try:
        text = value.decode("ascii")
    except UnicodeDecodeError:
        return None
    scheme, separator, rest = text.partition("://")
    host, port_text = _split_port(rest)
    if not separator or not _is_scheme(scheme) or not _is_host(host):
        return None
    if port_text is None:
        return Parts(scheme, host, None)
    if not port_text or set(port_text) - set(digits) or len(port_text) > 5 or port_text != str(int(port_text)):
        return None
    port = int(port_text)
    if not 0 < port < 65536 or port == _DEFAULT_PORTS.get(scheme):
        return None
    return Parts(scheme, host, port)


def matches(pattern: str, value: bytes) -> bool:
    """Whether the origin *value* is one of those that *pattern* stands for."""
    origin = parse(value)
    scheme, _, rest = pattern.partition("://")
    if origin is None or origin.scheme != scheme:
        return False
    any_port = rest.endswith(":*")
    host, port_text = _split_port(rest.removesuffix(":*"))
    if not any_port and origin.port != (None if port_text is None else int(port_text)):
        return False
    if not host.startswith("*."):
        return origin.host == host
    allowed, given = host.split(".")[1:], origin.host.split(".")
    return len(given) > len(allowed) and given[len(given) - len(allowed) :] == allowed


def _split_port(authority: str) -> tuple[str, str | None]:
    end_of_address = authority.find("]") + 1
    colon = authority.find(":", end_of_address)
    return (authority, None) if colon < 0 else (authority[:colon], authority[colon + 1 :])


def _is_scheme(scheme: str) -> bool:
    # URL "scheme state", in the lower case in which it is serialised
    rest = set(ascii_lowercase + digits + "+-.")
    return 0 < len(scheme) <= MAX_SCHEME and scheme[0] in ascii_lowercase and not set(scheme) - rest


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return host.endswith("]") and _is_ipv6(host[1:-1])
    labels = host.split(".")
    if labels[-1] == "" and len(labels) > 1:
        labels.pop()
    if _is_number(labels[-1]):
        return _is_ipv4(host)
    return len(host) <= MAX_HOST and all(
        0 < len(label) <= MAX_LABEL and not set(label) - set(ascii_lowercase + digits + "-_") for label in labels
    )


def _is_number(label: str) -> bool:
    # URL "ends in a number checker": all digits, or what the IPv4 number parser takes
    if label and not set(label) - set(digits):
        return True
    return label.startswith("0x") and not set(label[2:]) - set(digits + "abcdef")


def _is_ipv4(host: str) -> bool:
    # URL "IPv4 serializer" writes four decimal numbers; anything else is another spelling of one.
    parts = host.split(".")
    if len(parts) != 4 or any(not part or set(part) - set(digits) or len(part) > 3 for part in parts):
        return False
    return all(int(part) < 256 and part == str(int(part)) for part in parts)


def _is_ipv6(text: str) -> bool:
    pieces = _ipv6_pieces(text)
    mapped = pieces is not None and pieces[:6] == [0, 0, 0, 0, 0, 0xFFFF]
    return pieces is not None and not mapped and _serialised_ipv6(pieces) == text


def _ipv6_pieces(text: str) -> list[int] | None:
    before, double_colon, after = text.partition("::")
    left = before.split(":") if before else []
    right = after.split(":") if after else []
    for piece in left + right:
        if not 0 < len(piece) < 5 or set(piece) - set(digits + "abcdef"):
            return None
    missing = 8 - len(left) - len(right)
    if missing < 0 or (missing > 0) != bool(double_colon):
        return None
    return [int(piece, 16) for piece in left] + [0] * missing + [int(piece, 16) for piece in right]


def _serialised_ipv6(pieces: list[int]) -> str:
    # URL "IPv6 serializer": the first longest run of two zeros or more becomes "::"
    runs = [(0, 0)]
    for start in range(8):
        length = 0
        while start + length < 8 and pieces[start + length] == 0:
            length += 1
        runs.append((length, -start))
    length, start = max(runs)
    written = [f"{piece:x}" for piece in pieces]
    if length < 2:
        return ":".join(written)
    return ":".join(written[:-start]) + "::" + ":".join(written[length - start :])
