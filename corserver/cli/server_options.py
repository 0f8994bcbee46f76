"""The flags of every command that serves something, and the settings that they make."""

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from textwrap import fill
from typing import Any, Final

import click

from corserver.cli.config_file import CONFIG_OPTIONS
from corserver.cli.configured import checked, configuration, is_given, parse_again
from corserver.cli.logs import LogFormat, Output
from corserver.cli.policy import POLICY_OPTIONS, read_policy
from corserver.cli.tls import TLS, TLS_OPTIONS, read_tls
from corserver.config import limits as read_limits
from corserver.config import limits_sentence, scopes_of
from corserver.cors.policy import Policy
from corserver.cors.scopes import Scopes
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
_HOW: Final = (
    click.option("--explain-denials", is_flag=True, help="Say in a refused preflight's body why it was refused."),
    click.option("--allow-host", multiple=True, metavar="NAME", help="Answer for this host name too."),
    click.option(
        "--limit",
        "limits",
        multiple=True,
        callback=checked(read_limits),
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

    *allow_hosts* None checks the host on loopback addresses only; *server_header* None writes none. *again* reads the
    same command line anew, with the environment and the configuration file as they are then; it raises
    `click.ClickException`.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    strict_port: bool = False
    workers: int = 1
    tls: TLS | None = None
    policy: Policy | Scopes | None = None
    allow_hosts: Sequence[str] | None = None
    explain_denials: bool = False
    server_header: str | None = "corserver"
    limits: Limits = field(default_factory=Limits)
    output: Output = field(default_factory=Output)
    config: Path | None = None
    watch_config: bool = False
    again: "Callable[[], Settings] | None" = field(default=None, repr=False, compare=False)


def server_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """These flags, for a command that is given them as `settings`, beside its own."""

    @functools.wraps(command)
    def with_settings(**flags: Any) -> Any:
        ctx = click.get_current_context()
        settings = replace(_settings_in(ctx), again=functools.partial(_settings_again, ctx))
        return command(settings=settings, **{name: value for name, value in flags.items() if name not in _SHARED})

    decorated: Callable[..., Any] = with_settings
    for option in reversed((*_WHERE, *TLS_OPTIONS, *POLICY_OPTIONS, *_HOW, *CONFIG_OPTIONS)):
        decorated = option(decorated)
    return decorated


def _settings_in(ctx: click.Context) -> Settings:
    return _settings(**{name: ctx.params[name] for name in _SHARED})


def _settings_again(ctx: click.Context) -> Settings:
    with parse_again(ctx) as now:
        return _settings_in(now)


def _settings(
    host: str,
    port: int,
    strict_port: bool,
    workers: int,
    tls: bool,
    tls_cert: Path | None,
    tls_key: Path | None,
    cors: tuple[str, ...],
    cors_methods: tuple[str, ...],
    cors_headers: tuple[str, ...],
    cors_expose: tuple[str, ...],
    cors_credentials: bool,
    cors_max_age: int,
    explain_denials: bool,
    allow_host: tuple[str, ...],
    limits: tuple[str, ...],
    log_format: str,
    no_access_log: bool,
    no_server_header: bool,
    quiet: bool,
    watch_config: bool,
) -> Settings:
    found = configuration(click.get_current_context())
    policy: Policy | Scopes | None = read_policy(
        cors, cors_methods, cors_headers, cors_expose, cors_credentials, cors_max_age
    )
    if found is not None and found.tables and not is_given("cors"):
        policy = scopes_of(found.tables)
    return Settings(
        host=host,
        port=port,
        strict_port=strict_port,
        workers=workers,
        tls=read_tls(tls, tls_cert, tls_key, host, allow_host),
        policy=policy,
        allow_hosts=allow_host or None,
        explain_denials=explain_denials,
        server_header=None if no_server_header else "corserver",
        limits=read_limits(limits),
        output=Output(LogFormat(log_format), lines=not no_access_log, quiet=quiet),
        config=None if found is None else found.file.path,
        watch_config=watch_config,
    )


_SHARED: Final = tuple(inspect.signature(_settings).parameters)
