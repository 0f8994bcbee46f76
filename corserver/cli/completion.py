"""Completion by the shell: click's, for the served directory and for each command."""

import os
from typing import Final

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

from corserver.cli.commands import COMMANDS, COMPLETE, PROGRAM

SHELLS: Final = ("bash", "zsh", "fish")


def print_completion(ctx: click.Context, parameter: click.Parameter, shell: str | None) -> None:
    """Print the script for *shell*, if there is one."""
    if shell is not None and not ctx.resilient_parsing:
        click.echo(_completer(shell, ctx.command).source())
        ctx.exit()


def complete(default: click.Command) -> str:
    """What the shell is asking for, in its form; *default* is the command that is meant without a name."""
    return _completer(os.environ[COMPLETE].removesuffix("_complete"), default).complete()


def _completer(shell: str, default: click.Command) -> ShellComplete:
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"{COMPLETE}: there is no completion for {shell!r}")

    class WithCommands(found):  # type: ignore[misc, valid-type]
        """The first word may be a command, and what follows is its own."""

        def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
            if args and args[0] in COMMANDS:
                self.cli = COMMANDS[args[0]].load()
                return list(super().get_completions(args[1:], incomplete))
            items = list(super().get_completions(args, incomplete))
            if not args:  # After the others: a directory's item, which stands for all names, empties bash's list.
                names = [name for name in COMMANDS if name.startswith(incomplete)]
                items += [CompletionItem(name, help=COMMANDS[name].sentence) for name in names]
            return items

    completer: ShellComplete = WithCommands(default, {}, PROGRAM, COMPLETE)
    return completer
