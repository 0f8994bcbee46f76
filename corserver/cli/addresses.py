"""The addresses of this machine, as somebody else on its network would type them."""

import contextlib
import fcntl
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Final

from corserver.cors.origins import is_loopback_host
from corserver.http.listeners import BoundAddress

#: The request for an interface's address (netdevice(7)), of Linux.
_SIOCGIFADDR: Final = 0x8915
#: How many are shown.
_MOST: Final = 4


def network_urls(addresses: Sequence[BoundAddress]) -> tuple[str, ...]:
    """The URLs by which other machines reach a server, a few of them where it is at all addresses."""
    urls: dict[str, None] = {}
    for address in addresses:
        if address.is_everywhere:
            hosts = machine_addresses() if address.host == "0.0.0.0" else ()
            urls.update((address.url_of(host), None) for host in hosts)
        elif not (address.is_loopback or address.uds):
            urls[address.url] = None
    return tuple(urls)[:_MOST]


def machine_addresses() -> tuple[str, ...]:
    """The IPv4 addresses of this machine but for loopback, first the one that it would use to reach the internet."""
    found = dict.fromkeys((*_outward(), *_of_interfaces()))
    return tuple(address for address in found if not is_loopback_host(address.encode("ascii")))


def _outward() -> Iterator[str]:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # Nothing is sent: the system only chooses an address for it (TEST-NET-1).
        yield probe.getsockname()[0]


def _of_interfaces() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):  # It has none, or the system has another way to ask.
                answer = fcntl.ioctl(probe, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                yield socket.inet_ntoa(answer[20:24])
