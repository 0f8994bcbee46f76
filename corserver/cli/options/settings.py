"""How a server is run: the settings that the flags make, wherever they were said."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Final

import click

from corserver.cli.options.behind import listen_fds
from corserver.cli.options.configured import Configuration, configuration, is_given, parse_again
from corserver.cli.options.policy import FLAGS, read_policy
from corserver.cli.options.tls import TLS, read_tls
from corserver.cli.output.logs import LogFormat, Output
from corserver.config import limits, scopes_of
from corserver.cors.policy import Policy
from corserver.cors.scopes import Scopes
from corserver.http.limits import Limits


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server is run: where it listens, its policy, its limits, and what it writes.

    *uds*, the path of a Unix socket, takes the place of host and port. *allow_hosts* None checks the host on loopback
    addresses only; *server_header* None writes none; *headers* are further lines of every answer.
    At *private_paths*, which end in `/*`, no policy governs and nothing is logged.
    *open_path* is what the browser is to open, None for nothing; *inspect* is whether there is a live view, on a port
    of its own.
    *fds* are listening sockets that take the place of host and port. *trusted_proxies* and *health* are as `serve`
    takes them; *drain_seconds* is how long it goes on after a SIGTERM, while the latter says no.
    *config* is the configuration file that was read, *watch_config* whether its changes are heeded, *source* where all
    of this comes from.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    strict_port: bool = False
    uds: str | None = None
    uds_mode: int = 0o600
    workers: int = 1
    tls: TLS | None = None
    open_path: str | None = None
    inspect: bool = False
    policy: Policy | Scopes | None = None
    private_paths: Sequence[str] = ()
    allow_hosts: Sequence[str] | None = None
    explain_denials: bool = False
    server_header: str | None = "corserver"
    headers: Sequence[tuple[str, str]] = ()
    limits: Limits = field(default_factory=Limits)
    fds: Sequence[int] = ()
    trusted_proxies: Sequence[str] = ()
    health: str | None = None
    drain_seconds: float = 0.0
    output: Output = field(default_factory=Output)
    config: Path | None = None
    watch_config: bool = False
    source: "Source | None" = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class _Flags:
    # As they were typed, but for those of the policy.
    host: str
    port: int
    strict_port: bool
    uds: str | None
    uds_mode: str
    workers: int
    tls: bool
    tls_cert: Path | None
    tls_key: Path | None
    open_path: str | None
    inspect: bool
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
    watch_config: bool


_NAMES: Final = tuple(each.name for each in fields(_Flags))
#: The names of the flags that make the settings.
SHARED: Final = (*_NAMES, *FLAGS.values())


@dataclass(frozen=True, slots=True)
class Source:
    """A command line, which is read with the environment and the configuration file as they are.

    *first* is what they said when the command began, before the command had its own way with it.
    """

    ctx: click.Context
    base: Limits
    first: Settings

    def read(self) -> Settings:
        """What they say now. Raises `click.ClickException`."""
        with parse_again(self.ctx) as now:
            return _settings(self.base, now)


def read_settings(ctx: click.Context, base: Limits) -> Settings:
    """The settings of the flags of *ctx*; *base* has the limits' defaults. Raises `click.UsageError`."""
    first = _settings(base, ctx)
    return replace(first, source=Source(ctx, base, first))


def _settings(base: Limits, ctx: click.Context) -> Settings:
    given, found = _Flags(**{name: ctx.params[name] for name in _NAMES}), configuration(ctx)
    if given.uds is not None and given.fds:
        raise click.UsageError("--uds and --fd: a socket that is open already has its address: leave out one of them")
    fds = given.fds or listen_fds()
    if given.inspect and given.workers > 1:
        raise click.UsageError("--inspect is for one process: leave out --workers")
    return Settings(
        host=given.host,
        port=given.port,
        strict_port=given.strict_port,
        uds=given.uds,
        uds_mode=_mode(given.uds_mode),
        workers=given.workers,
        tls=read_tls(given.tls, given.tls_cert, given.tls_key, given.host, given.allow_host),
        open_path=_open_path(given.open_path, given.uds),
        inspect=given.inspect,
        policy=_policy(ctx, found),
        allow_hosts=given.allow_host or None,
        explain_denials=given.explain_denials,
        server_header=None if given.no_server_header else "corserver",
        limits=limits(given.limits, base),
        fds=fds,
        trusted_proxies=given.forwarded_allow_ips,
        health=given.health,
        drain_seconds=0.0 if given.health is None or fds else given.drain_seconds,
        output=Output(
            LogFormat(given.log_format),
            lines=not given.no_access_log,
            quiet=given.quiet,
            verbose=given.verbose,
            ready_line=given.ready_line,
        ),
        config=None if found is None else found.file.path,
        watch_config=given.watch_config,
    )


def _policy(ctx: click.Context, found: Configuration | None) -> Policy | Scopes | None:
    policy = read_policy(ctx)
    return scopes_of(found.tables) if found is not None and found.tables and not is_given("cors") else policy


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
