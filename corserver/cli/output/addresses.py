"""The addresses of this machine, as somebody else on its network would type them."""

import contextlib
import fcntl
import socket
import struct
from collections.abc import Iterator, Sequence
from ipaddress import IPv6Address
from pathlib import Path
from typing import Final

from corserver.cors.origins import is_loopback_host
from corserver.http.listeners import BoundAddress

#: The request for an interface's address (netdevice(7)), of Linux.
_SIOCGIFADDR: Final = 0x8915
#: In /proc/net/if_inet6 the scope of an address for everybody, and the flags of those that are not to be used (RFC
#: 4862: tentative, deprecated, a duplicate).
_GLOBAL: Final = "00"
_UNUSABLE: Final = 0x40 | 0x20 | 0x08
#: How many are shown.
_MOST: Final = 4


def network_urls(addresses: Sequence[BoundAddress]) -> tuple[str, ...]:
    """The URLs by which other machines reach a server, a few of them where it is at all addresses."""
    urls: dict[str, None] = {}
    for address in addresses:
        if address.is_everywhere:
            hosts = machine_addresses() if address.host == "0.0.0.0" else machine_addresses_6()
            urls.update((address.url_of(host), None) for host in hosts)
        elif not (address.is_loopback or address.uds):
            urls[address.url] = None
    return tuple(urls)[:_MOST]


def machine_addresses() -> tuple[str, ...]:
    """The IPv4 addresses of this machine but for loopback, first the one that it would use to reach the internet."""
    found = dict.fromkeys((*_outward(), *_of_interfaces()))
    return tuple(address for address in found if not is_loopback_host(address.encode("ascii")))


def machine_addresses_6(listed: Path = Path("/proc/net/if_inet6")) -> tuple[str, ...]:
    """The same of IPv6, where the system lists them so; without those of a link, which no URL can name."""
    try:
        rows = [line.split() for line in listed.read_text().splitlines()]
    except OSError:
        rows = []
    usable = [row[0] for row in rows if len(row) == 6 and row[3] == _GLOBAL and not int(row[4], 16) & _UNUSABLE]
    found = dict.fromkeys((*_outward(socket.AF_INET6, "2001:db8::1"), *(str(IPv6Address(int(n, 16))) for n in usable)))
    return tuple(address for address in found if address != "::1" and not IPv6Address(address).is_link_local)


def _outward(family: socket.AddressFamily = socket.AF_INET, there: str = "192.0.2.1") -> Iterator[str]:
    # Nothing is sent: the system only chooses an address for it. *there* is nowhere: an address for documentation.
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((there, 9))
        yield probe.getsockname()[0]


def _of_interfaces() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):  # It has none, or the system has another way to ask.
                answer = fcntl.ioctl(probe, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                yield socket.inet_ntoa(answer[20:24])
