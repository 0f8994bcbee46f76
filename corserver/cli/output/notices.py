"""What is said for people beside the log: the banner, what happens meanwhile, the summary, errors."""

import contextlib
import errno
import json
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO

import click

from corserver import __version__
from corserver.cli.output.addresses import network_urls
from corserver.cli.output.room import has_room
from corserver.cli.output.summary import Tally, summary
from corserver.cli.output.terminal import wants_colour, wrapped
from corserver.config import scope_sentences
from corserver.cors.policy import Policy
from corserver.cors.scopes import Scopes
from corserver.http.listeners import BoundAddress
from corserver.tools.looks import Look, styled

_URL_LABELS: Final = ("URL", "Network", "Inspect")
#: Where the texts beside the labels begin.
_COLUMN: Final = " " * 11

_OFF: Final = "off: no page of another origin can read this (--cors ORIGIN allows one)"


def print_banner(
    addresses: Sequence[BoundAddress],
    serving: tuple[str, str],
    policies: Policy | Scopes | None,
    *,
    wanted_port: int,
    workers: int = 1,
    more: Sequence[tuple[str, str]] = (),
    unasked: str | None = None,
    config: Path | None = None,
    trust: Sequence[tuple[str, str]] = (),
    aside: bool = False,
) -> None:
    """Where, what, and each CORS policy in one sentence, each in a line; *unasked* is the sentence for no policy.

    *aside*, here as below: to stderr.
    """
    address = addresses[0]
    rows = [("URL", address.url)]
    if address.uds:
        rows = [("Socket", f"{address.uds} (curl --unix-socket {shlex.quote(address.uds)} {address.url}/)")]
    elif wanted_port not in (0, address.port):
        rows.append(("Port", f"{wanted_port} is taken, so this is {address.port} (--strict-port refuses instead)"))
    rows += [("Network", url) for url in network_urls(addresses) if url != address.url]
    if not (address.is_loopback or address.uds):
        rows.append(("", "open to other machines (--host 127.0.0.1 is for this one only)"))
    rows += [*more, serving, *_policy_rows(policies, unasked), *trust]
    if config is not None:
        rows.append(("Config", str(config)))
    if workers > 1:
        rows.append(("Workers", f"{workers} (kill -HUP {os.getpid()} replaces them)"))
    print_rows(*rows, aside=aside)


def print_policies(policies: Policy | Scopes | None, *, unasked: str | None = None, aside: bool = False) -> None:
    """The policies that are in force now; *unasked* is the sentence for none."""
    print_line("The configuration was read again.", aside=aside)
    for label, text in _policy_rows(policies, unasked):
        print_row(label, text, aside=aside)


def _policy_rows(policies: Policy | Scopes | None, unasked: str | None) -> list[tuple[str, str]]:
    if policies is None:
        return [("CORS", unasked or _OFF)]
    texts = [f"{path}: {sentence}" if path else sentence for path, sentence in scope_sentences(policies)]
    return [("" if number else "CORS", text) for number, text in enumerate(texts)]


def print_rows(*rows: tuple[str, str], aside: bool = False) -> None:
    """The version, then labels and texts, URLs bold; and how to stop."""
    print_line(styled(f"corserver {__version__}", Look.STRONG), aside=aside)
    for label, text in (*rows, ("Stop", "Ctrl-C")):
        print_row(label, text, aside=aside)


def print_row(label: str, text: str, *, aside: bool = False) -> None:
    """A label and its text, in a column of its own."""
    stream = _stream(aside)
    room = max(shutil.get_terminal_size().columns - len(_COLUMN) - 1, 1) if stream.isatty() else None
    lines = wrapped(text, room)
    shown = f"\n{_COLUMN}".join(styled(line, Look.STRONG) if label in _URL_LABELS else line for line in lines)
    print_line(f"  {styled(f'{label:<9}', Look.FAINT)}{shown}", aside=aside)


def print_ready(addresses: Sequence[BoundAddress], more: Mapping[str, str]) -> None:
    """One JSON object on stdout, for the program that has started this one: it listens now."""
    address = addresses[0]
    ready: dict[str, object] = {"event": "ready", "pid": os.getpid(), "url": address.url}
    if address.uds:
        ready["uds"] = address.uds
    urls = [each.url for each in addresses if not each.uds]
    print_line(json.dumps({**ready, "addresses": list(dict.fromkeys((*urls, *network_urls(addresses)))), **more}))


def print_summary(tally: Tally, killed_workers: int = 0, *, aside: bool = False) -> None:
    """What was served, if anything; *killed_workers* had no time to say what they did."""
    rows = [*summary(tally)]
    if rows and killed_workers:
        who = "a worker" if killed_workers == 1 else f"{killed_workers} workers"
        rows.append(("", f"without what {who} served that had to be killed"))
    _end_line(aside)
    for label, text in rows:
        print_row(label, text, aside=aside)


def print_stopping(connections: int, *, aside: bool = False) -> None:
    """Why the prompt is not back yet."""
    answers = "an answer is" if connections == 1 else f"{connections} answers are"
    _end_line(aside)
    print_line(f"Stopping: {answers} still under way (Ctrl-C again cuts off).", aside=aside)


def print_stopped(was_cut_off: bool, *, aside: bool = False) -> None:
    """The last line."""
    print_line("Stopped; answers under way were cut off." if was_cut_off else "Stopped.", aside=aside)


def print_replaced(workers: int, *, reloads: bool = False, aside: bool = False) -> None:
    """After a SIGHUP, which says that the program has changed where it *reloads*."""
    print_line("Reloaded." if reloads else f"All {workers} workers were replaced.", aside=aside)


def print_error(words: str) -> None:
    """Why nothing is served."""
    print_line(f"{styled('Error', Look.BAD)}: {words}", aside=True)


def bind_error(error: OSError, host: str, port: int, *, strict: bool, uds: str | None = None) -> str:
    """What to do about an address that cannot be bound."""
    if uds is not None:
        return f"cannot listen on --uds {uds}: {error.strerror or error}"
    if error.errno == errno.EADDRINUSE:
        reason = f"port {port} and those after it are taken: choose another with --port"
        if strict:
            fix = "leave out --strict-port for the next free port, or choose another with --port"
            reason = f"port {port} is taken: {fix}"
    elif error.errno == errno.EACCES:
        reason = f"port {port} needs privileges: choose one from 1024 on with --port"
    elif error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        reason = "it is no address of this machine: --host 127.0.0.1 is for this machine only, 0.0.0.0 for others, too"
    else:
        reason = f"{error.strerror or error}"
    return f"cannot listen on {host}: {reason}"


def print_line(line: str, *, aside: bool = False) -> None:
    """A line as it is, to stdout or, *aside*, to stderr; without its colours where they are not wanted."""
    stream = _stream(aside)
    # A log that nobody reads (a pipe that is full, or closed) is no reason to stop serving, or not to stop.
    with contextlib.suppress(OSError):
        if has_room(stream):
            click.echo(line, err=aside, color=wants_colour(stream))


def _end_line(aside: bool) -> None:
    """What comes next is below the ^C of a terminal."""
    if _stream(aside).isatty():
        print_line("", aside=aside)


def _stream(aside: bool) -> TextIO:
    return sys.stderr if aside else sys.stdout
