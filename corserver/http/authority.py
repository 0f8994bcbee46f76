"""Authorities: a host and an optional port, as Host and absolute targets name them (RFC 9110 §7.2, RFC 3986 §3.2)."""

import functools
import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from corserver.cors.origins import is_domain, is_ipv4

_REG_NAME: Final = re.compile(rb"[a-z0-9\-_~!$&'()+;=]+(?:\.[a-z0-9\-_~!$&'()+;=]+)*")
_PORT: Final = re.compile(rb"[0-9]{0,5}")


@functools.lru_cache(maxsize=256)  # Most requests to a server name the same host.
def is_authority(value: bytes) -> bool:
    """Whether *value* is a host and an optional port, without user information (RFC 9110 §7.2)."""
    host, port = split_authority(value)
    if not (is_domain(host) or is_ipv4(host) or _is_ip_literal(host) or _is_registered_name(host)):
        return False
    return port is None or (_PORT.fullmatch(port) is not None and int(port or b"0") <= 65535)


def _is_registered_name(host: bytes) -> bool:
    # RFC 3986 §3.2.2 reg-name, which no DNS has, less what could be read as a list, a pattern or an encoding.
    return len(host) <= 255 and _REG_NAME.fullmatch(host) is not None and not host.rpartition(b".")[2].isdigit()


def _is_ip_literal(host: bytes) -> bool:
    if not (host.startswith(b"[") and host.endswith(b"]")) or b"%" in host:
        return False
    try:
        IPv6Address(host[1:-1].decode("ascii"))
    except (AddressValueError, UnicodeDecodeError):
        return False
    return True


def split_authority(value: bytes) -> tuple[bytes, bytes | None]:
    """The host, lower-case, and the port or None."""
    host, colon, port = value.lower().rpartition(b":")
    if not colon or port.endswith(b"]"):
        return value.lower(), None
    return host, port
