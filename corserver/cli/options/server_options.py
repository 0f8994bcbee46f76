"""The flags of every command that serves something."""

import functools
from collections.abc import Callable
from textwrap import fill, indent
from typing import Any, Final

import click

from corserver.cli.options.behind import BEHIND_OPTIONS
from corserver.cli.options.config_file import CONFIG_OPTIONS
from corserver.cli.options.configured import Lines, checked
from corserver.cli.options.policy import POLICY_OPTIONS
from corserver.cli.options.settings import SHARED, read_settings
from corserver.cli.options.tls import TLS_OPTIONS
from corserver.cli.options.topics import option
from corserver.cli.output.logs import LogFormat
from corserver.config import header_lines, limits, limits_sentence
from corserver.http.header_lines import shared_fields
from corserver.http.hosts import allowed_hosts
from corserver.http.limits import Limits

_LIMITS: Final = Limits()


def topic_texts(base: Limits = _LIMITS) -> dict[str, str]:
    """What topics say beside their options, for the help of such a command. *base* are the limits' defaults."""
    return {"limits": indent(fill(limits_sentence(base), 76, break_on_hyphens=False), "  ") + "\n"}


def _check_host(given: str) -> None:
    if not given:
        raise ValueError("write an address: 127.0.0.1 is for this machine only, 0.0.0.0 for others, too")
    try:
        named = given.encode("idna")  # As the system's resolver is asked for it.
    except UnicodeError:
        named = b"\0"
    if b"\0" in named:
        raise ValueError(f"{given!r} is neither an address nor a host name")


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
        callback=checked(_check_host),
        metavar="HOST",
        help="The address to listen on; 0.0.0.0 is every one.",
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
        help="Listen on a Unix socket, for a proxy on this machine, and on no port. A socket left behind by a server "
        "that is gone is replaced.",
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
    option(
        "--allow-host",
        topic="network",
        multiple=True,
        callback=checked(functools.partial(allowed_hosts, on_loopback=True)),
        metavar="NAME",
        help="Answer for this host name too.",
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
    option(
        "--verbose",
        "-v",
        topic="output",
        common=True,
        is_flag=True,
        help="Show both heads of each exchange, secrets masked, and below a denial what mends it.",
    ),
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
    type=Lines(),
    callback=checked(lambda given: shared_fields(header_lines(given))),
    metavar="'NAME: VALUE'",
    help="Put this line on every answer. Repeatable. An app's own line of that name stands.",
)


def server_options(command: Callable[..., Any], base: Limits = _LIMITS) -> Callable[..., Any]:
    """These flags, for a `ServingCommand` that is given them as `settings`, beside its own.

    *base* has the limits' defaults.
    """

    @functools.wraps(command)
    def with_settings(**flags: Any) -> Any:
        settings = read_settings(click.get_current_context(), base)
        return command(settings=settings, **{name: value for name, value in flags.items() if name not in SHARED})

    decorated: Callable[..., Any] = with_settings
    for decorate in reversed(
        (*_WHERE, *TLS_OPTIONS, *POLICY_OPTIONS, *BEHIND_OPTIONS, _limit_option(base), *_HOW, *CONFIG_OPTIONS)
    ):
        decorated = decorate(decorated)
    return decorated


def _limit_option(base: Limits) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return option(
        "--limit",
        "limits",
        topic="limits",
        multiple=True,
        callback=checked(functools.partial(limits, base=base)),
        metavar="NAME=VALUE",
        help="Change a limit, such as body=1GiB, idle-seconds=5 or requests=none. Repeatable. They are, with their "
        "defaults:",
    )
