"""Which hosts a server answers for: the guard against DNS rebinding, which makes a foreign page look same-origin."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from corserver.cors.origins import is_ipv4, is_loopback_host
from corserver.http.authority import is_authority, split_authority


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """`localhost`, names below it and IP addresses are allowed always, beside *names*. Ports are not compared.

    Rebinding needs a name that its owner can point at 127.0.0.1, so an address in Host cannot be one.
    """

    names: frozenset[str] = frozenset()

    def permits(self, authority: bytes) -> bool:
        """Whether *authority*, from a head that passed the gate, is allowed. An HTTP/1.0 request may have none."""
        return _permits(self.names, authority)


def allowed_hosts(names: Sequence[str] | None, *, on_loopback: bool) -> AllowedHosts | None:
    """What is allowed beside *names*: with None nothing is checked but *on_loopback*, where rebinding leads to.

    Raises ValueError for what is no name alone: it would allow nothing, and nobody would know why.
    """
    if names is None and not on_loopback:
        return None
    return AllowedHosts(frozenset(map(_name, (names,) if isinstance(names, str) else names or ())))


def _name(given: str) -> str:
    name = given.lower().removesuffix(".")
    host, port = split_authority(name.encode("utf-8", "surrogateescape"))
    if (port is not None or not is_authority(host)) and not _is_address(given):
        raise ValueError(f"{given!r} is no host name: write it alone, in ASCII, such as app.example")
    return name


def _is_address(given: str) -> bool:
    try:
        ip_address(given)
    except ValueError:
        return False
    return True


@functools.lru_cache(maxsize=256)  # Most clients of a server name the same host.
def _permits(names: frozenset[str], authority: bytes) -> bool:
    host = split_authority(authority)[0].removesuffix(b".")
    is_own = not host or host.startswith(b"[") or is_ipv4(host) or is_loopback_host(host)
    return is_own or host.decode("ascii") in names
