"""The commands by name. `corserver` without one serves a directory; each is loaded only when it is used.

Whoever adds a command writes a file of its own and a line in `COMMANDS`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from itertools import pairwise
from typing import Final

import click

from corserver.cli.options.topics import TopicCommand

PROGRAM: Final = "corserver"
#: The variable by which a shell asks for its completions, as the script says that it has read.
COMPLETE: Final = "_CORSERVER_COMPLETE"


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is, and what it does in a sentence."""

    module: str
    name: str
    sentence: str

    def load(self) -> click.Command:
        """The command itself."""
        command: click.Command = getattr(import_module(self.module), self.name)
        return command


COMMANDS: Final[Mapping[str, Entry]] = {
    "run": Entry(
        "corserver.cli.run", "run", "Serve an app: ASGI (FastAPI, Starlette ...), WSGI, or an App of corserver's."
    ),
    "check": Entry("corserver.cli.check", "check", "Play the browser: may a page read this URL, and if not, why not?"),
    "explain": Entry("corserver.cli.explain", "explain", "The same without a network: what a policy would answer."),
    "bench": Entry("corserver.cli.bench", "bench", "How many preflights a server answers, and how fast."),
    "proxy": Entry("corserver.cli.proxy", "proxy", "Another server's answers, with CORS."),
    "demo": Entry(
        "corserver.cli.demo", "demo", "Two origins and a page that shows how Access-Control-Allow-Origin works."
    ),
}


#: What is meant without a name.
DEFAULT: Final = Entry("corserver.cli.serve", "serve_directory", "Serve a directory.")


class DefaultCommand(TopicCommand):
    """The command that is meant without a name: its help leads to the others."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The other commands, then the options."""
        with formatter.section("Commands, each with a --help of its own (a directory of that name is ./NAME)"):
            formatter.write_dl([(name, entry.sentence) for name, entry in COMMANDS.items()])
        super().format_options(ctx, formatter)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """A directory that does not exist may be a command that was mistyped; one after `-o` is no path of the site."""
        first = args[0] if args else ""
        _check_origins(args)
        try:
            return super().parse_args(ctx, _with_paths(args))
        except click.UsageError as error:
            meant = get_close_matches(first, COMMANDS, 1)
            if not meant:
                raise
            hint = f"{error.format_message()}\nDid you mean the command: {PROGRAM} {meant[0]}"
            raise click.UsageError(hint, ctx) from error


def _check_origins(args: list[str]) -> None:
    """Raises `click.UsageError` for a `--cors` alone, which is how other servers are told to let everybody in."""
    for arg, after in pairwise((*args, "-")):
        if arg == "--cors" and after.startswith("-"):
            raise click.UsageError(
                "--cors is followed by an origin: write --cors http://localhost:3000, or --cors '*' for every page"
            )


def _with_paths(args: list[str]) -> list[str]:
    """*args* with `/` after each `-o` that no path of the site follows: `-o public` is a directory, and the flag.

    Raises `click.UsageError` where what follows may be either: nobody is to serve another directory than was meant.
    """
    found = []
    for arg, after in zip(args, (*args[1:], ""), strict=False):
        opens = arg in ("-o", "--open")
        if opens and after != "/" and after.startswith("/") and os.path.isdir(after):
            raise click.UsageError(
                f"{arg} {after}: a directory is served by {PROGRAM} {after} -o, a page opened by --open={after}"
            )
        found.append("--open=/" if opens and not after.startswith("/") else arg)
    return found
