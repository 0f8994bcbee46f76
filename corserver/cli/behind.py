"""The flags of a server that stands behind others: proxies, load balancers, a service manager."""

from typing import Final

import click

from corserver.cli.topics import option
from corserver.http.forwarded import TrustedProxies
from corserver.http.health import DRAIN_SECONDS, health_path


def _trusted(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    try:
        TrustedProxies.parse(given)
    except ValueError as error:
        raise click.UsageError(str(error), ctx) from error
    return given


def _health(ctx: click.Context, parameter: click.Parameter, given: str | None) -> str | None:
    try:
        return None if given is None else health_path(given).decode("ascii")
    except ValueError as error:
        raise click.UsageError(str(error), ctx) from error


BEHIND_OPTIONS: Final = (
    option(
        "--forwarded-allow-ips",
        topic="network",
        multiple=True,
        callback=_trusted,
        metavar="LIST",
        help="Believe what these proxies say of the client in Forwarded and X-Forwarded-*: addresses, networks, unix "
        "for those on a Unix socket, or *.  [default: nobody]",
    ),
    option(
        "--health",
        topic="network",
        callback=_health,
        metavar="PATH",
        help="Answer health checks at this path: 200, and 503 once SIGTERM has come. They are not in the log.",
    ),
    option(
        "--drain-seconds",
        topic="network",
        default=DRAIN_SECONDS,
        show_default=True,
        metavar="SECONDS",
        type=click.FloatRange(min=0),
        help="With --health: how long to go on after SIGTERM, so that a load balancer sees the 503 first.",
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
