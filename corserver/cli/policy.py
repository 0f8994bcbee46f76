"""The `--cors` flags, and the policy that they make; the same words in every command that has them."""

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from corserver.cli.configured import said_in
from corserver.cli.topics import option
from corserver.config import cors_policy
from corserver.cors.policy import Policy, PolicyError

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: A policy's option -> the flag that is meant.
FLAGS: Final = {
    "origins": "--cors",
    "methods": "--cors-methods",
    "headers": "--cors-headers",
    "expose": "--cors-expose",
    "credentials": "--cors-credentials",
    "max_age": "--cors-max-age",
}

_MAX_AGE: Final = 600

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
        default=_MAX_AGE,
        show_default=True,
        metavar="SECONDS",
        help="Life of a preflight.",
    ),
)


def policy_options(command: _Command) -> _Command:
    """The `--cors` flags, for a command that passes them on to `read_policy`."""
    for decorate in reversed(POLICY_OPTIONS):
        command = decorate(command)
    return command


def read_policy(
    cors: tuple[str, ...],
    cors_methods: tuple[str, ...],
    cors_headers: tuple[str, ...],
    cors_expose: tuple[str, ...],
    cors_credentials: bool,
    cors_max_age: int,
) -> Policy | None:
    """The policy of the flags, None without `--cors`. Raises `click.UsageError` with every mistake there is."""
    try:
        policy = cors_policy(
            cors, cors_methods or None, cors_headers or None, cors_expose or None, cors_credentials, cors_max_age
        )
    except PolicyError as error:
        raise click.UsageError(_refused(error)) from error
    if policy is None and cors:
        raise click.UsageError("--cors '': write an origin, such as https://app.example; or leave it out")
    if policy is None and (cors_methods or cors_headers or cors_expose or cors_credentials or cors_max_age != _MAX_AGE):
        raise click.UsageError("the --cors-... flags say what --cors allows: add --cors ORIGIN")
    return policy


def _refused(error: PolicyError) -> str:
    ctx = click.get_current_context()
    lines = ["the CORS policy was refused:"]
    for refusal in error.refusals:
        flag = said_in(ctx, FLAGS[refusal.option].removeprefix("--").replace("-", "_"))
        lines += [f"  {flag} {refusal.given}", f"      {refusal.why}", f"      write: {_as_flags(refusal.write)}"]
    return "\n".join(lines)


def _as_flags(write: str) -> str:
    """What is to be written, said for Python, in words for the command line."""
    write = write.replace("credentials=False", "no --cors-credentials")
    return re.sub(
        r"(dangerously_[a-z_]+)=True",
        lambda found: f"in corserver.toml, in a [[cors]] table, {found[1].replace('_', '-')} = true",
        write,
    )
