"""`corserver check URL`: what a browser would do, why, and what mends it."""

import json
import sys

import click

from corserver.cli.options.asking import Flags, question_options
from corserver.cli.options.topics import CONTEXT, TopicCommand, option
from corserver.cli.output.terminal import wants_colour, width
from corserver.tools.check.curl import commands
from corserver.tools.check.report import Outcome, Report
from corserver.tools.check.snippets import SERVERS
from corserver.tools.check.text import render

EXIT_BLOCKED = 1
EXIT_UNREACHABLE = 3

_EPILOG = """\b
Examples:
  corserver check https://api.example/items
  corserver check https://api.example/items/7 -X PUT --credentials include \\
      --origin https://app.example --header 'content-type: application/json'
  corserver check https://api.example/items -d '{"a": 1}' --fix nginx
  corserver check https://api.example/items --read etag --json
  corserver check https://api.example/items --security --browser firefox

\b
Exits with 0 if it is allowed, 1 if it is blocked (or not as --expect says),
2 for a mistake in the command, 3 if the server cannot be reached.
"""


@click.command(
    cls=TopicCommand,
    context_settings=CONTEXT,
    epilog=_EPILOG,
)
@click.argument("url")
@question_options
@option(
    "-b",
    "--cookie",
    topic="request",
    metavar="NAME=VALUE",
    help="The cookies that the browser has for this host; sent with --credentials include, never with a preflight.",
)
@option("--security", topic="request", is_flag=True, help="Ask as origins that are easily let in by mistake, too.")
@option(
    "--fix",
    "fixes",
    topic="verdict",
    common=True,
    multiple=True,
    type=click.Choice([*SERVERS, "all"]),
    metavar="SERVER",
    help=f"The mend as a configuration of {', '.join(SERVERS)} or all. Repeatable.  [default: of the server that is "
    "recognised]",
)
@option(
    "--curl", "curl_", topic="verdict", is_flag=True, help="Print the curl commands of what was sent, and nothing else."
)
@option("-k", "--insecure", topic="request", is_flag=True, help="Trust any certificate.")
@option(
    "--timeout",
    topic="request",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="For each request.",
)
def check(
    url: str,
    flags: Flags,
    expect: str | None,
    json_: bool,
    cookie: str | None,
    security: bool,
    fixes: tuple[str, ...],
    curl_: bool,
    insecure: bool,
    timeout: float,
) -> None:
    """Fetch URL as a page's script would, and say what a browser makes of the answers: the verdict, the story step by
    step, what the script can read, and what mends it.

    What a browser would send is sent: a DELETE deletes. Only GET, HEAD and OPTIONS are ever sent again, to find out
    more.
    """
    asked = flags.question(url, cookie=cookie, security=security, fixes=fixes)
    import trio

    from corserver.tools.check import sending

    report = trio.run(sending.check, asked, sending.Sender(timeout, insecure))
    if curl_ and not json_:
        click.echo("\n".join(commands(report, insecure=insecure)))
    else:
        show(report, json_, insecure=insecure)
    leave(report, expect)


def show(report: Report, as_json_: bool, *, insecure: bool = False) -> None:
    """Print *report*."""
    if as_json_:
        from corserver.tools.check.as_json import as_json

        click.echo(json.dumps(as_json(report, insecure=insecure), indent=2, ensure_ascii=False))
    else:
        click.echo(render(report, width=width(), insecure=insecure), color=wants_colour(sys.stdout))


def leave(report: Report, expect: str | None) -> None:
    """Exit as the verdict is, or as it was expected."""
    if report.outcome is Outcome.UNREACHABLE:
        sys.exit(EXIT_UNREACHABLE)
    if report.outcome.value.lower() != (expect or "allowed"):
        sys.exit(EXIT_BLOCKED)
