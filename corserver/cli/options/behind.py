"""The flags of a server that stands behind others: proxies, load balancers, a service manager."""

import os
from typing import Final

import click

from corserver.cli.options.configured import checked
from corserver.cli.options.topics import option
from corserver.http.forwarded import TrustedProxies
from corserver.http.health import DRAIN_SECONDS, health_path

#: The number of the first socket that systemd passes (sd_listen_fds(3)).
_FIRST: Final = 3

BEHIND_OPTIONS: Final = (
    option(
        "--forwarded-allow-ips",
        topic="network",
        multiple=True,
        callback=checked(TrustedProxies.parse),
        metavar="LIST",
        help="Believe what these proxies say of the client in Forwarded and X-Forwarded-*: addresses, networks, unix "
        "for those on a Unix socket, or *.  [default: nobody]",
    ),
    option(
        "--health",
        topic="network",
        callback=checked(lambda given: None if given is None else health_path(given)),
        metavar="PATH",
        help="Answer health checks at this path: 200, and 503 once SIGTERM has come. They are not in the log, and have "
        "no CORS lines.",
    ),
    option(
        "--drain-seconds",
        topic="network",
        default=DRAIN_SECONDS,
        show_default=True,
        metavar="SECONDS",
        type=click.FloatRange(min=0),
        help="With --health: how long to go on after SIGTERM, so that a load balancer sees the 503 first. Not with "
        "--fd: there the socket outlives the server, and nobody is refused.",
    ),
    option(
        "--fd",
        "fds",
        topic="network",
        multiple=True,
        type=click.IntRange(min=0),
        metavar="N",
        help="Serve on this listening socket, which the program's starter has opened, in the place of host and port. "
        "Those of systemd are found without it.",
    ),
)


def listen_fds() -> tuple[int, ...]:
    """The numbers of the sockets that systemd passed to this process, none if it did not."""
    if os.environ.get("LISTEN_PID") != str(os.getpid()):
        return ()
    count = os.environ.get("LISTEN_FDS", "")
    return tuple(range(_FIRST, _FIRST + int(count))) if count.isdigit() else ()
