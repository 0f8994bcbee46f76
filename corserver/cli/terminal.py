"""What the terminal shows: the banner, a line for each exchange, errors. Coloured where it is a terminal."""

import contextlib
import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from corserver import __version__
from corserver.cli.colour import wants_colour
from corserver.config import scope_sentences
from corserver.cors.policy import Policy
from corserver.cors.scopes import Scopes
from corserver.http.listeners import BoundAddress

STATUS_COLOURS = {"2": "green", "3": "cyan", "4": "yellow", "5": "red"}


def print_banner(
    address: BoundAddress,
    serving: tuple[str, str],
    policies: Policy | Scopes | None,
    *,
    wanted_port: int,
    workers: int = 1,
    config: Path | None = None,
    trust: Sequence[tuple[str, str]] = (),
    aside: bool = False,
) -> None:
    """A few lines: where, what, and each CORS policy in one. *aside*, here as below: to stderr."""
    rows = [("URL", address.url)]
    if wanted_port not in (0, address.port):
        rows.append(("Port", f"{wanted_port} is taken, so this is {address.port} (--strict-port refuses instead)"))
    if not address.is_loopback:
        rows.append(("Network", f"open to other machines ({address.host})"))
    rows += [serving, *_policy_rows(policies)]
    rows += trust
    if config is not None:
        rows.append(("Config", str(config)))
    if workers > 1:
        rows.append(("Workers", f"{workers} (kill -HUP {os.getpid()} replaces them)"))
    print_rows(*rows, aside=aside)


def print_policies(policies: Policy | Scopes | None, *, aside: bool = False) -> None:
    """The policies that are in force now."""
    print_line("The configuration was read again.", aside=aside)
    for label, text in _policy_rows(policies):
        print_line(f"  {style(f'{label:<9}', dim=True)}{text}", aside=aside)


def _policy_rows(policies: Policy | Scopes | None) -> list[tuple[str, str]]:
    if policies is None:
        return [("CORS", "off: no page of another origin can read this (--cors ORIGIN allows one)")]
    texts = [f"{path}: {sentence}" if path else sentence for path, sentence in scope_sentences(policies)]
    return [("" if number else "CORS", text) for number, text in enumerate(texts)]


def print_rows(*rows: tuple[str, str], aside: bool = False) -> None:
    """The version, then labels and texts, a URL coloured; and how to stop."""
    print_line(style(f"corserver {__version__}", bold=True), aside=aside)
    for label, text in (*rows, ("Stop", "Ctrl-C")):
        shown = style(text, fg="cyan") if label == "URL" else text
        print_line(f"  {style(f'{label:<9}', dim=True)}{shown}", aside=aside)


def print_stopping(connections: int, *, aside: bool = False) -> None:
    """Why the prompt is not back yet."""
    answers = "an answer is" if connections == 1 else f"{connections} answers are"
    print_line(f"\nStopping: {answers} still under way (Ctrl-C again cuts off).", aside=aside)


def print_stopped(was_cut_off: bool, *, aside: bool = False) -> None:
    """The last line."""
    print_line("Stopped; answers under way were cut off." if was_cut_off else "Stopped.", aside=aside)


def print_replaced(workers: int, *, aside: bool = False) -> None:
    """After a SIGHUP."""
    print_line(f"All {workers} workers were replaced.", aside=aside)


def start_error(error: Exception) -> str:
    """Why nothing is served."""
    return f"{style('Error', fg='red')}: the server did not start: {error}"


def bind_error(error: OSError, host: str, port: int, *, strict: bool) -> str:
    """What to do about an address that cannot be bound."""
    if error.errno == errno.EADDRINUSE:
        fix = "leave out --strict-port for the next free port, or choose another with --port"
        reason = f"port {port} is taken: {fix}" if strict else f"{error.strerror}: choose another with --port"
    elif error.errno == errno.EACCES:
        reason = f"port {port} needs privileges: choose one from 1024 on with --port"
    else:
        reason = f"{error.strerror or error}"
    return f"{style('Error', fg='red')}: cannot listen on {host}: {reason}"


def print_line(line: str, *, aside: bool = False) -> None:
    """A line as it is, to stdout or, *aside*, to stderr; without its colours where they are not wanted."""
    # A log that nobody reads any more (a closed pipe) is no reason to stop serving.
    with contextlib.suppress(OSError):
        click.echo(line, err=aside, color=wants_colour(sys.stderr if aside else sys.stdout))


def style(text: str, *, fg: str | None = None, bold: bool | None = None, dim: bool | None = None) -> str:
    """*text* coloured; nothing stays nothing."""
    return click.style(text, fg=fg, bold=bold, dim=dim) if text else text
