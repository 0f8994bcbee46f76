"""The `--cors` flags, and the policy that they make; the same words in every command that has them."""

import functools
import re
from collections.abc import Callable
from typing import Any, Final

import click

from corserver.cli.options.configured import said_in
from corserver.cli.options.topics import option
from corserver.config import MAX_AGE, cors_policy
from corserver.cors.policy import Policy, PolicyError

#: A policy's option -> the name of the flag that says it.
FLAGS: Final = {
    "origins": "cors",
    "methods": "cors_methods",
    "headers": "cors_headers",
    "expose": "cors_expose",
    "credentials": "cors_credentials",
    "max_age": "cors_max_age",
}

#: What the flags say where nobody has given one.
_UNGIVEN: Final = dict.fromkeys(FLAGS, ()) | {"credentials": False, "max_age": MAX_AGE}

#: The flags, for the decorators of a command.
POLICY_OPTIONS: Final = (
    option(
        "--cors",
        topic="cors",
        common=True,
        multiple=True,
        metavar="ORIGIN",
        help="Let pages of this origin read: an origin, a pattern "
        "(https://*.example.com, http://localhost:*), localhost, or *. Repeatable, or comma-separated.",
    ),
    option("--cors-methods", topic="cors", multiple=True, metavar="LIST", help="Methods to allow.  [default: any]"),
    option(
        "--cors-headers", topic="cors", multiple=True, metavar="LIST", help="Request headers to allow.  [default: any]"
    ),
    option(
        "--cors-expose",
        topic="cors",
        multiple=True,
        metavar="LIST",
        help="Response headers that scripts may read.  [default: ETag, Location, Content-Range and the like]",
    ),
    option("--cors-credentials", topic="cors", is_flag=True, help="Allow cookies and HTTP authentication."),
    option(
        "--cors-max-age",
        topic="cors",
        default=MAX_AGE,
        show_default=True,
        metavar="SECONDS",
        help="How long browsers may remember a preflight's answer.",
    ),
)


def policy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The `--cors` flags, for a command that is given them as one value, *policy*."""

    @functools.wraps(command)
    def with_policy(**given: Any) -> Any:
        policy = read_policy(click.get_current_context())
        return command(policy=policy, **{name: value for name, value in given.items() if name not in FLAGS.values()})

    decorated: Callable[..., Any] = with_policy
    for decorate in reversed(POLICY_OPTIONS):
        decorated = decorate(decorated)
    return decorated


def read_policy(ctx: click.Context) -> Policy | None:
    """The policy of *ctx*'s flags, None without `--cors`. Raises `click.UsageError` with every mistake there is."""
    given: dict[str, Any] = {option: ctx.params[name] for option, name in FLAGS.items()}
    try:
        policy = cors_policy(**given | {option: given[option] or None for option in ("methods", "headers", "expose")})
    except PolicyError as error:
        raise click.UsageError(_refused(error, ctx)) from error
    if policy is None and given["origins"]:
        raise click.UsageError("--cors '': write an origin, such as https://app.example; or leave it out")
    if policy is None and given != _UNGIVEN:
        raise click.UsageError("the --cors-... flags say what --cors allows: add --cors ORIGIN")
    return policy


def _refused(error: PolicyError, ctx: click.Context) -> str:
    lines = ["the CORS policy was refused:"]
    for refusal in error.refusals:
        flag = said_in(ctx, FLAGS[refusal.option])
        lines += [f"  {flag} {refusal.given}", f"      {refusal.why}", f"      write: {_as_flags(refusal.write)}"]
    return "\n".join(lines)


def _as_flags(write: str) -> str:
    """What is to be written, said for Python, in words for the command line."""
    write = write.replace("credentials=False", "no --cors-credentials").replace('origins=["*"]', "--cors '*'")
    return re.sub(
        r"(dangerously_[a-z_]+)=True",
        lambda found: f"in corserver.toml, in a [[cors]] table, {found[1].replace('_', '-')} = true",
        write,
    )
