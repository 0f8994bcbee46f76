"""The flags of every command that serves something, and the settings that they make."""

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from textwrap import fill
from typing import Any, Final

import click

from corserver.cli import terminal
from corserver.cli.inherited import listen_fds
from corserver.cli.logs import LogFormat, Output
from corserver.cli.policy import POLICY_OPTIONS, read_policy
from corserver.config import limits as read_limits
from corserver.config import limits_sentence
from corserver.cors.policy import Policy
from corserver.http.forwarded import TrustedProxies
from corserver.http.health import DRAIN_SECONDS, health_path
from corserver.http.limits import Limits

#: What the help of such a command ends with.
LIMITS_EPILOG: Final = "\b\n" + fill(f"Limits: {limits_sentence()}", 78, subsequent_indent="  ", break_on_hyphens=False)

_WHERE: Final = (
    click.option(
        "-p", "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 is any free port."
    ),
    click.option(
        "--host", "-b", "--bind", default="127.0.0.1", show_default=True, help="Address; 0.0.0.0 is all of them."
    ),
    click.option("--strict-port", is_flag=True, help="Fail if the port is taken, rather than use the next free one."),
    click.option(
        "--workers", default=1, show_default=True, metavar="N", type=click.IntRange(min=1), help="Processes that serve."
    ),
)
_BEHIND: Final = (
    click.option(
        "--forwarded-allow-ips",
        multiple=True,
        metavar="LIST",
        help="Believe what these proxies say of the client in Forwarded and X-Forwarded-*: addresses, networks, unix "
        "for those on a Unix socket, or *.  [default: nobody]",
    ),
    click.option(
        "--health",
        metavar="PATH",
        help="Answer health checks at this path: 200, and 503 once SIGTERM has come. They are not in the log.",
    ),
    click.option(
        "--drain-seconds",
        default=DRAIN_SECONDS,
        show_default=True,
        metavar="SECONDS",
        type=click.FloatRange(min=0),
        help="With --health: how long to go on after SIGTERM, so that a load balancer sees the 503 first. Not with "
        "--fd: there the socket outlives the server, and nobody is refused.",
    ),
    click.option(
        "--fd",
        "fds",
        multiple=True,
        type=click.IntRange(min=0),
        metavar="N",
        help="Serve on this listening socket, which the program's starter has opened, in the place of host and port. "
        "Those of systemd are found without it.",
    ),
)
_HOW: Final = (
    click.option("--explain-denials", is_flag=True, help="Say in a refused preflight's body why it was refused."),
    click.option("--allow-host", multiple=True, metavar="NAME", help="Answer for this host name too."),
    click.option(
        "--limit",
        "limits",
        multiple=True,
        metavar="NAME=VALUE",
        help="Change a limit on what a client can make the server do, such as body=1GiB, idle-seconds=5 or "
        "requests=none. Repeatable; they are listed below.",
    ),
    click.option(
        "--log-format",
        type=click.Choice([form.value for form in LogFormat]),
        default=LogFormat.TEXT.value,
        show_default=True,
        help="For people; the Common Log Format; or a JSON object a line. With the latter two the banner goes to "
        "stderr.",
    ),
    click.option("--no-access-log", is_flag=True, help="No line for each request."),
    click.option("--no-server-header", is_flag=True, help="No Server line in responses."),
    click.option("-q", "--quiet", is_flag=True, help="No banner and no line for each request."),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server is run: where it listens, its policy, its limits, and what it writes.

    *allow_hosts* None checks the host on loopback addresses only; *server_header* None writes none.
    *fds* are listening sockets that take the place of host and port. *trusted_proxies* and *health* are as `serve`
    takes them; *drain_seconds* is how long it goes on after a SIGTERM, while the latter says no.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    strict_port: bool = False
    workers: int = 1
    policy: Policy | None = None
    allow_hosts: Sequence[str] | None = None
    explain_denials: bool = False
    server_header: str | None = "corserver"
    limits: Limits = field(default_factory=Limits)
    fds: Sequence[int] = ()
    trusted_proxies: Sequence[str] = ()
    health: str | None = None
    drain_seconds: float = 0.0
    output: Output = field(default_factory=Output)


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """These flags, for a command that is given them as `settings`, beside its own."""
    shared = tuple(inspect.signature(_settings).parameters)

    @functools.wraps(command)
    def with_settings(**flags: Any) -> Any:
        settings = _settings(**{name: flags.pop(name) for name in shared})
        return command(settings=settings, **flags)

    decorated: Callable[..., Any] = with_settings
    for option in reversed((*_WHERE, *POLICY_OPTIONS, *_BEHIND, *_HOW)):
        decorated = option(decorated)
    return decorated


def _settings(
    host: str,
    port: int,
    strict_port: bool,
    workers: int,
    cors: tuple[str, ...],
    cors_methods: tuple[str, ...],
    cors_headers: tuple[str, ...],
    cors_expose: tuple[str, ...],
    cors_credentials: bool,
    cors_max_age: int,
    forwarded_allow_ips: tuple[str, ...],
    health: str | None,
    drain_seconds: float,
    fds: tuple[int, ...],
    explain_denials: bool,
    allow_host: tuple[str, ...],
    limits: tuple[str, ...],
    log_format: str,
    no_access_log: bool,
    no_server_header: bool,
    quiet: bool,
) -> Settings:
    policy = read_policy(cors, cors_methods, cors_headers, cors_expose, cors_credentials, cors_max_age)
    try:
        chosen = read_limits(limits)
    except ValueError as error:
        raise click.UsageError(terminal.limits_error(error)) from error
    try:
        TrustedProxies.parse(forwarded_allow_ips)
        if health is not None:
            health_path(health)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return Settings(
        host=host,
        port=port,
        strict_port=strict_port,
        workers=workers,
        policy=policy,
        allow_hosts=allow_host or None,
        explain_denials=explain_denials,
        server_header=None if no_server_header else "corserver",
        limits=chosen,
        fds=fds or listen_fds(),
        trusted_proxies=forwarded_allow_ips,
        health=health,
        drain_seconds=0.0 if health is None or fds or listen_fds() else drain_seconds,
        output=Output(LogFormat(log_format), lines=not no_access_log, quiet=quiet),
    )
