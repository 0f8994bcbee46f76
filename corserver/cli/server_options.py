"""The flags of every command that serves something, and the settings that they make."""

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from textwrap import fill, indent
from typing import Any, Final

import click

from corserver.cli import terminal
from corserver.cli.behind import BEHIND_OPTIONS
from corserver.cli.inherited import listen_fds
from corserver.cli.logs import LogFormat, Output
from corserver.cli.policy import POLICY_OPTIONS, read_policy
from corserver.cli.topics import option
from corserver.config import limits as read_limits
from corserver.config import limits_sentence
from corserver.cors.policy import Policy
from corserver.http.limits import Limits

_LIMITS: Final = Limits()


def topic_texts(base: Limits = _LIMITS) -> dict[str, str]:
    """What topics say beside their options, for the help of such a command. *base* are the limits' defaults."""
    return {"limits": indent(fill(limits_sentence(base), 76, break_on_hyphens=False), "  ") + "\n"}


_WHERE: Final = (
    option(
        "-p",
        "--port",
        topic="network",
        common=True,
        default=8000,
        show_default=True,
        type=click.IntRange(0, 65535),
        metavar="PORT",
        help="0 is any free port.",
    ),
    option(
        "--host",
        "-b",
        "--bind",
        topic="network",
        common=True,
        default="127.0.0.1",
        show_default=True,
        metavar="HOST",
        help="Address; 0.0.0.0 is all of them.",
    ),
    option(
        "--strict-port",
        topic="network",
        is_flag=True,
        help="Fail if the port is taken, rather than use the next free one.",
    ),
    option(
        "--uds",
        topic="network",
        type=click.Path(dir_okay=False),
        metavar="PATH",
        help="Listen on a Unix socket, for a proxy on this machine, and on no port. A socket that a server left which "
        "is no more is replaced.",
    ),
    option(
        "--uds-mode",
        topic="network",
        default="600",
        show_default=True,
        metavar="OCTAL",
        help="Who may connect to it: 600 this user, 660 the group too, 666 everybody.",
    ),
    option(
        "--workers",
        topic="network",
        default=1,
        show_default=True,
        metavar="N",
        type=click.IntRange(min=1),
        help="Processes that serve.",
    ),
)
_HOW: Final = (
    option(
        "--explain-denials",
        topic="cors",
        is_flag=True,
        help="Say in a refused preflight's body why it was refused.",
    ),
    option("--allow-host", topic="network", multiple=True, metavar="NAME", help="Answer for this host name too."),
    option(
        "--limit",
        "limits",
        topic="limits",
        multiple=True,
        metavar="NAME=VALUE",
        help="Change a limit, such as body=1GiB, idle-seconds=5 or requests=none. Repeatable. They are, with their "
        "defaults:",
    ),
    option(
        "--open",
        "-o",
        "open_path",
        topic="output",
        common=True,
        is_flag=False,
        flag_value="/",
        metavar="[/PATH]",
        help="Open the page in the browser.",
    ),
    option(
        "--inspect",
        topic="output",
        common=True,
        is_flag=True,
        help="Show requests as they come, each with its CORS story, on a page of its own.",
    ),
    option(
        "--log-format",
        topic="output",
        type=click.Choice([form.value for form in LogFormat]),
        default=LogFormat.TEXT.value,
        show_default=True,
        help="For people; the Common Log Format; or a JSON object a line. With the latter two the banner goes to "
        "stderr.",
    ),
    option(
        "--json",
        "ready_line",
        topic="output",
        is_flag=True,
        help="For a program that starts this one: once it serves, one JSON object on stdout, with url, pid and "
        "addresses. No banner, no summary; a log only with --log-format clf or json.",
    ),
    option("--verbose", "-v", topic="output", common=True, is_flag=True, help="Say below each denial how to mend it."),
    option("--quiet", "-q", topic="output", common=True, is_flag=True, help="Only warnings and errors."),
    option("--no-access-log", topic="output", is_flag=True, help="No line for each request, and no summary."),
    option("--no-server-header", topic="network", is_flag=True, help="No Server line in responses."),
)


#: `-H`, for the commands whose app takes header lines, as `headers`.
header_option: Final = option(
    "-H",
    "--header",
    "headers",
    topic="output",
    multiple=True,
    metavar="'NAME: VALUE'",
    help="Put this line on every answer. Repeatable.",
)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server is run: where it listens, its policy, its limits, and what it writes.

    *uds*, the path of a Unix socket, takes the place of host and port. *allow_hosts* None checks the host on loopback
    addresses only; *server_header* None writes none. At *private_paths*, which end in `/*`, no policy governs and
    nothing is logged. *open_path* is what the browser is to open, None for nothing; *inspect* is whether there is a
    live view, on a port of its own.
    *fds* are listening sockets that take the place of host and port. *trusted_proxies* and *health* are as `serve`
    takes them; *drain_seconds* is how long it goes on after a SIGTERM, while the latter says no.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    strict_port: bool = False
    uds: str | None = None
    uds_mode: int = 0o600
    workers: int = 1
    open_path: str | None = None
    inspect: bool = False
    policy: Policy | None = None
    private_paths: Sequence[str] = ()
    allow_hosts: Sequence[str] | None = None
    explain_denials: bool = False
    server_header: str | None = "corserver"
    limits: Limits = field(default_factory=Limits)
    fds: Sequence[int] = ()
    trusted_proxies: Sequence[str] = ()
    health: str | None = None
    drain_seconds: float = 0.0
    output: Output = field(default_factory=Output)


def server_options(command: Callable[..., Any], base: Limits = _LIMITS) -> Callable[..., Any]:
    """These flags, for a command that is given them as `settings`, beside its own. *base* has the limits' defaults."""

    @functools.wraps(command)
    def with_settings(**flags: Any) -> Any:
        given = _Flags(**{each.name: flags.pop(each.name) for each in fields(_Flags)})
        return command(settings=_settings(base, given), **flags)

    decorated: Callable[..., Any] = with_settings
    for decorate in reversed((*_WHERE, *POLICY_OPTIONS, *BEHIND_OPTIONS, *_HOW)):
        decorated = decorate(decorated)
    return decorated


@dataclass(frozen=True, slots=True)
class _Flags:
    # As they were typed.
    host: str
    port: int
    strict_port: bool
    uds: str | None
    uds_mode: str
    workers: int
    open_path: str | None
    inspect: bool
    cors: tuple[str, ...]
    cors_methods: tuple[str, ...]
    cors_headers: tuple[str, ...]
    cors_expose: tuple[str, ...]
    cors_credentials: bool
    cors_max_age: int
    forwarded_allow_ips: tuple[str, ...]
    health: str | None
    drain_seconds: float
    fds: tuple[int, ...]
    explain_denials: bool
    allow_host: tuple[str, ...]
    limits: tuple[str, ...]
    log_format: str
    ready_line: bool
    no_access_log: bool
    no_server_header: bool
    verbose: bool
    quiet: bool


def _settings(base: Limits, given: _Flags) -> Settings:
    policy = read_policy(
        given.cors,
        given.cors_methods,
        given.cors_headers,
        given.cors_expose,
        given.cors_credentials,
        given.cors_max_age,
    )
    if given.inspect and given.workers > 1:
        raise click.UsageError("--inspect is for one process: leave out --workers")
    try:
        chosen = read_limits(given.limits, base)
    except ValueError as error:
        raise click.UsageError(terminal.limits_error(error)) from error
    return Settings(
        host=given.host,
        port=given.port,
        strict_port=given.strict_port,
        uds=given.uds,
        uds_mode=_mode(given.uds_mode),
        workers=given.workers,
        open_path=_open_path(given.open_path, given.uds),
        inspect=given.inspect,
        policy=policy,
        allow_hosts=given.allow_host or None,
        explain_denials=given.explain_denials,
        server_header=None if given.no_server_header else "corserver",
        limits=chosen,
        fds=given.fds or listen_fds(),
        trusted_proxies=given.forwarded_allow_ips,
        health=given.health,
        drain_seconds=0.0 if given.health is None else given.drain_seconds,
        output=Output(
            LogFormat(given.log_format),
            lines=not given.no_access_log,
            quiet=given.quiet,
            verbose=given.verbose,
            ready_line=given.ready_line,
        ),
    )


def _mode(given: str) -> int:
    if not re.fullmatch("0?[0-7]{3}", given):
        raise click.UsageError(f"--uds-mode {given}: write three octal digits, such as 660")
    return int(given, 8)


def _open_path(path: str | None, uds: str | None) -> str | None:
    if path is not None and uds is not None:
        raise click.UsageError("--open: a browser cannot connect to a Unix socket: leave out --open or --uds")
    if path is not None and not path.startswith("/"):
        raise click.UsageError(f"--open {path}: write a path of the site, such as --open /{path}")
    return path
