"""`corserver proxy URL`: another server's answers, with CORS."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

import click

from corserver.apps.proxy import Proxy
from corserver.cli.options.configured import Lines, Needed, ServingCommand, checked
from corserver.cli.options.server_options import header_option, server_options, topic_texts
from corserver.cli.options.settings import Settings
from corserver.cli.options.topics import CONTEXT, option
from corserver.cli.serving.server import run_server
from corserver.config import header_lines
from corserver.cors.policy import Policy
from corserver.cors.scopes import Scopes
from corserver.http.header_lines import header_fields
from corserver.http.limits import Limits

#: No body is kept.
_LIMITS: Final = Limits(body=None)
#: Lines that open a door: with them, everybody's page would have what only their owner should.
_SECRETS: Final = ("authorization", "cookie", "proxy-authorization", "x-api-key", "api-key", "x-auth-token")
_LEFT: Final = "off: what the upstream says of it is left as it is (--cors ORIGIN takes its place)"
_EPILOG: Final = """\b
Examples:
  corserver proxy http://localhost:9000 --cors http://localhost:3000
  corserver proxy https://api.example.com --path-prefix /api --cors localhost
  corserver proxy unix:/run/app.sock --cors https://app.example
"""


#: An option of a proxy -> the flag that says it.
_FLAGS: Final = {"path_prefix": "--path-prefix", "rewrite": "--rewrite", "request_headers": "--upstream-header"}


@click.command(
    cls=ServingCommand,
    texts=topic_texts(_LIMITS),
    context_settings=CONTEXT,
    epilog=_EPILOG,
)
@click.argument("url", cls=Needed)
@functools.partial(server_options, base=_LIMITS)
@option(
    "--path-prefix",
    topic="upstream",
    common=True,
    default="",
    metavar="PATH",
    help="Answer below this path only; the upstream has none.",
)
@option(
    "--rewrite",
    topic="upstream",
    common=True,
    multiple=True,
    metavar="FROM=TO",
    help="Ask for paths that begin with FROM by another name: /v1=/api/v2. Repeatable.",
)
@option(
    "--change-origin/--no-change-origin",
    topic="upstream",
    default=True,
    show_default=True,
    help="Put the upstream's name into Host, or leave the one that the client asked for.",
)
@option(
    "--keep-locations",
    topic="upstream",
    is_flag=True,
    help="Do not turn the upstream's own URLs in Location into ours.",
)
@option(
    "--rewrite-cookies",
    topic="upstream",
    is_flag=True,
    help="Make cookies fit here: no Domain, our Path, no Secure where we are not.",
)
@option(
    "--insecure", topic="upstream", common=True, is_flag=True, help="Do not ask an https upstream for its certificate."
)
@option(
    "--timeout",
    topic="upstream",
    common=True,
    default=60.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long the upstream may say nothing; then it is a 504.",
)
@option(
    "--upstream-header",
    "request_headers",
    topic="upstream",
    multiple=True,
    hide_input=True,
    type=Lines(),
    callback=checked(lambda given: header_fields(header_lines(given))),
    metavar="'NAME: VALUE'",
    help="Put this line on every request to the upstream; without a value, leave it out. Repeatable.",
)
@header_option
def proxy(url: str, settings: Settings, rewrite: tuple[str, ...], keep_locations: bool, **flags: Any) -> None:
    """Answer with what the server at URL answers, and with CORS: http://…, https://…, or unix:/path/of.sock.

    Preflights are answered here, and the upstream's own Access-Control lines replaced. Bodies have no limit.
    """
    lines = {name: header_lines(flags.pop(name)) for name in ("request_headers", "headers")}
    app = make_proxy(
        url, settings.policy, "", rewrite_locations=not keep_locations, rewrite=rewrites(rewrite), **lines, **flags
    )
    # In the place of the upstream's lines, and on what is answered here: preflights, refusals, a 502.
    settings = replace(settings, headers=lines["headers"])
    names = [name for name, _ in lines["request_headers"]]
    changed = functools.partial(_check_secrets, names)
    run_server(app, settings, serving=("Upstream", app.url), changed=changed, unasked=_LEFT)


def make_proxy(url: str, policies: Policy | Scopes | None, flag: str = "", **options: Any) -> Proxy:
    """The proxy of the flags; *flag* is the one that names *url*, if one does. Raises `click.UsageError`."""
    _check_secrets([name for name, _ in options.get("request_headers", ())], policies)
    try:
        return Proxy(url, **options)
    except ValueError as error:
        name, colon, words = str(error).partition(":")
        raise click.UsageError(f"{flag}{_FLAGS.get(name, name)}{colon}{words}") from error


def without_body_limit(settings: Settings) -> Settings:
    """*settings* for an app that keeps no body: no limit, unless one was asked for."""
    default = type(settings.limits)()
    if settings.limits.body != default.body:
        return settings
    return replace(settings, limits=replace(settings.limits, body=None))


def rewrites(pairs: Iterable[str]) -> Mapping[str, str]:
    """What `--rewrite FROM=TO` says. Raises `click.UsageError`."""
    found = {}
    for pair in pairs:
        here, equals, there = pair.partition("=")
        if not equals:
            raise click.UsageError(f"--rewrite {pair!r}: write FROM=TO, such as /v1=/api/v2")
        found[here] = there
    return found


def _check_secrets(names: Iterable[str], policies: Policy | Scopes | None) -> None:
    secrets = [name for name in names if name.lower() in _SECRETS]
    scopes = Scopes.of(policies)
    governing = (scopes.default_policy, *(scope.policy for scope in scopes.scopes))
    if secrets and any(isinstance(policy, Policy) and policy.rules.origins is None for policy in governing):
        raise click.UsageError(
            f"--upstream-header {secrets[0]} with --cors '*': every page on the web could act with it: name the origins"
        )
