"""Behind a proxy: who really asked, how and for what host, as a proxy says that is trusted (RFC 7239, X-Forwarded-*).

Each proxy on the way adds whom it was asked by at the end of the list. So the list is read from its end, as long as
what it names is trusted itself; the first that is not is the client. What stands before that is the client's own word.

Most proxies write one of the two forms and pass the other on as they got it, which is then the client's word too.
Where both are there and name different clients, nobody can tell which is which, and neither is believed; so it is where
one of them cannot be read, which a client can see to.
"""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple, Self

from corserver.cors.fetch import Field
from corserver.http.authority import is_authority
from corserver.http.messages import Address

_SCHEMES: Final = {b"http": "http", b"https": "https", b"ws": "http", b"wss": "https"}
#: A parameter of a Forwarded element (RFC 7239 §4), which may be missing, and what separates elements and parameters.
_PAIR: Final = re.compile(
    rb"[ \t]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:\"((?:[^\"\\]|\\.)*)\"|([^\",; \t]*))[ \t]*)?([,;]|\Z)"
)
#: Beyond these a Forwarded is not read, in bytes. It would be somebody's who wants it to take time.
_LONGEST: Final = 4096
#: How many entries are read, from the end.
_MOST: Final = 32


class Sender(NamedTuple):
    """Who sent a request: its address, and the scheme and authority that it used."""

    client: Address
    scheme: str
    authority: str


class _Hop(NamedTuple):
    """What a proxy says of whom it was asked by: an address, empty where that is hidden, and what it used."""

    address: str
    scheme: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """Who is believed: addresses in *networks*, peers on a *unix* socket, or *everybody*."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    unix: bool = False
    everybody: bool = False

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Addresses and networks (`10.0.0.0/8`), `unix`, or `*`; also comma-separated. Raises ValueError."""
        entries = (entries,) if isinstance(entries, str) else entries
        words = [word.strip() for entry in entries for word in entry.split(",") if word.strip()]
        networks = []
        for word in words:
            if word not in ("*", "unix"):
                try:
                    networks.append(ip_network(word))
                except ValueError as error:
                    raise ValueError(
                        f"{word!r} is no proxy to trust: write an address, a network such as 10.0.0.0/8, unix or * "
                        f"({error})"
                    ) from error
        return cls(tuple(networks), "unix" in words, "*" in words)

    def trusts(self, client: Address) -> bool:
        """Whether what a peer with this address says is believed."""
        if self.everybody:
            return True
        return self._has(client[0]) if isinstance(client, tuple) else self.unix

    def sender(self, fields: Sequence[Field], peer: Address, scheme: str, authority: bytes) -> Sender:
        """Who sent a request that a trusted *peer* has passed on, by *scheme* and for *authority*."""
        itself = _Hop("", scheme, authority.decode("ascii"))
        told = [hops for hops in (_forwarded(fields), _x_forwarded(fields)) if hops]
        found = [self._first(hops) for hops in told] or [_Hop("")]
        if len({hop.address for hop in found}) > 1:
            return Sender(peer, scheme, itself.host)
        said = _Hop(*(next(filter(None, values), "") for values in zip(*found, itself, strict=True)))
        return Sender((said.address, 0) if said.address else peer, said.scheme, said.host)

    def _first(self, hops: Sequence[_Hop]) -> _Hop:
        for hop in reversed(hops):
            if not (hop.address and (self.everybody or self._has(hop.address))):
                return hop
        return hops[0]

    def _has(self, host: str) -> bool:
        try:
            address = ip_address(host.partition("%")[0])
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any((mapped or address) in network for network in self.networks)


#: What cannot be read to its end says that there was somebody, and not who: no other form is believed instead.
_UNREADABLE: Final = [_Hop("")]


def _forwarded(fields: Sequence[Field]) -> list[_Hop]:
    value = b", ".join(value for name, value in fields if name == b"forwarded")
    elements: deque[dict[bytes, bytes]] = deque(maxlen=_MOST)
    pairs: dict[bytes, bytes] = {}
    at, end = 0, b","
    if len(value) > _LONGEST:
        return _UNREADABLE
    while end:
        found = _PAIR.match(value, at)
        if found is None:
            return _UNREADABLE
        if found[1]:
            pairs[found[1].lower()] = found[3] if found[2] is None else re.sub(rb"\\(.)", rb"\1", found[2])
        at, end = found.end(), found[4]
        if pairs and end != b";":
            elements.append(pairs)
            pairs = {}
    return [_Hop(_node(e.get(b"for", b"")), _scheme(e.get(b"proto")), _host(e.get(b"host"))) for e in elements]


def _x_forwarded(fields: Sequence[Field]) -> list[_Hop]:
    nodes, schemes, hosts = (_members(fields, b"x-forwarded-" + name) for name in (b"for", b"proto", b"host"))
    # A proxy that does not add to a list of these but replaces it has told of its own peer, and of the way to itself.
    count = max(len(nodes), 1 if schemes or hosts else 0)
    return [
        _Hop(_node(nodes[i]) if nodes else "", _scheme(_at(schemes, i, count)), _host(_at(hosts, i, count)))
        for i in range(count)
    ]


def _members(fields: Sequence[Field], name: bytes) -> list[bytes]:
    values = [member.strip(b" \t") for key, value in fields if key == name for member in value.split(b",")]
    return values[-_MOST:]


def _at(values: Sequence[bytes], index: int, count: int) -> bytes | None:
    if not values:
        return None
    return values[index] if len(values) == count else values[-1]


def _node(value: bytes) -> str:
    """The address in a node (RFC 7239 §6), in its one form, without its port; empty where it is none."""
    text = value.decode("latin-1")
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text))
    except ValueError:  # `unknown`, or a name that hides it.
        return ""


def _scheme(value: bytes | None) -> str:
    return _SCHEMES.get((value or b"").lower(), "")


def _host(value: bytes | None) -> str:
    return value.decode("ascii") if value and is_authority(value) else ""
