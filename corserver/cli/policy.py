"""The `--cors` flags, and the policy that they make; the same words in every command that has them."""

import shlex
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from corserver.cli.topics import option
from corserver.config import cors_policy
from corserver.cors.decision import Decision, Reason
from corserver.cors.decision.decision import printable
from corserver.cors.origins import parse_origin
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

_BY_ORIGIN: Final = (Reason.ORIGIN_NOT_ALLOWED, Reason.PREDICATE_DENIED, Reason.NO_POLICY)
_BY_HEADERS: Final = (
    Reason.HEADER_NOT_ALLOWED,
    Reason.SAFELISTED_HEADER_UNSAFE_VALUE,
    Reason.AUTHORIZATION_NEEDS_EXPLICIT_ALLOW,
)

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
        "--cors-expose", topic="cors", multiple=True, metavar="LIST", help="Response headers that scripts may read."
    ),
    option("--cors-credentials", topic="cors", is_flag=True, help="Allow cookies and HTTP authentication."),
    option(
        "--cors-max-age",
        topic="cors",
        default=600,
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
        policy = cors_policy(cors, cors_methods, cors_headers, cors_expose, cors_credentials, cors_max_age)
    except PolicyError as error:
        raise click.UsageError(_refused(error)) from error
    if policy is None and (cors_methods or cors_headers or cors_expose or cors_credentials):
        raise click.UsageError("the --cors-... flags say what --cors allows: add --cors ORIGIN")
    return policy


def _refused(error: PolicyError) -> str:
    lines = ["the CORS policy was refused:"]
    for refusal in error.refusals:
        flag = FLAGS.get(refusal.option, refusal.option)
        lines += [f"  {flag} {refusal.given}", f"      {refusal.why}", f"      write: {refusal.write}"]
    return "\n".join(lines)


def allowing_flag(decision: Decision) -> str:
    """The flag that, added to those that were given, would allow what *decision* denied; empty where none would."""
    request, reason, rules = decision.request, decision.reason, decision.rules
    if reason in _BY_ORIGIN:
        origin = request.origin
        if origin is None or parse_origin(origin) is None:
            return ""
        try:
            cors_policy((origin.decode("ascii"),), credentials=rules is not None and rules.credentials)
        except PolicyError:
            return ""
        return f"--cors {shlex.quote(origin.decode('ascii'))}"
    if reason is Reason.METHOD_NOT_ALLOWED:
        return f"--cors-methods {shlex.quote(printable(request.requested_methods[0]))}"
    refused = rules.judge_headers(request.requested_headers) if rules is not None and reason in _BY_HEADERS else None
    return "" if refused is None else f"--cors-headers {shlex.quote(b','.join(refused[1]).decode('ascii'))}"
