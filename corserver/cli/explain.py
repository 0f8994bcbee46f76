"""`corserver explain`: what a policy would answer, and what a browser would make of it, without a network."""

import click

from corserver.cli.check import leave, show
from corserver.cli.options.asking import Flags, question_options
from corserver.cli.options.policy import policy_options
from corserver.cli.options.topics import CONTEXT, TopicCommand, option
from corserver.cors.policy import Policy
from corserver.tools.explain import explain as explain_policy

_EPILOG = """\b
Examples:
  corserver explain --cors 'https://*.example' --origin https://app.example
  corserver explain --cors '*' --credentials include
  corserver explain --cors https://app.example --cors-methods GET,PUT \\
      -X PATCH --origin https://www.app.example --header authorization --json
  corserver explain https://api.example/items --cors 'https://*.app.example'

\b
Exits with 0 if it is allowed, 1 if it is blocked (or not as --expect says),
2 for a mistake in the command.
"""


@click.command(
    cls=TopicCommand,
    context_settings=CONTEXT,
    epilog=_EPILOG,
)
@click.argument("url", default="http://127.0.0.1:8000/")
@policy_options
@question_options
@option(
    "--status",
    topic="request",
    default=200,
    show_default=True,
    type=click.Choice([200, 201, 204, 304, 400, 401, 403, 404, 405, 500, 503]),
    help="What the app answers.",
)
def explain(url: str, policy: Policy | None, flags: Flags, expect: str | None, json_: bool, status: int) -> None:
    """Say what corserver with these --cors flags answers to a page's request, why, and what a browser makes of it.
    Nothing is sent; URL only says where the server would be.
    """
    report = explain_policy(policy, flags.question(url), status=status)
    show(report, json_)
    leave(report, expect)
