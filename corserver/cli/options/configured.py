"""A command whose flags are also environment variables and keys of a configuration file.

click does the work: an option's `envvar`, and the context's `default_map`, which the file becomes. So a flag is before
the environment, that before the file, that before the default. The file's values pass the checks of their options when
it is read, so that all that is wrong in it is said at once, each with its line.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Final

import click
from click.core import ParameterSource

from corserver.cli.options.topics import TopicCommand
from corserver.config import ConfigFile, CORSTable
from corserver.config.lines import Where

PREFIX: Final = "CORSERVER_"
_META: Final = "corserver.configuration"
_ARGUMENTS: Final = "corserver.arguments"
_PRINT: Final = "corserver.print_config"
#: How like a variable's name must be to one that is read for it to be called a slip of the pen.
_SLIP: Final = 0.85


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a file says to a command: where the value of each option stands, and its tables of scopes."""

    file: ConfigFile
    places: Mapping[str, Where] = field(default_factory=dict)
    tables: tuple[CORSTable, ...] = ()


class ServingCommand(TopicCommand):
    """A command with `server_options`, which it is configured by."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for option in settings_of(self):
            if option.envvar is None:
                option.envvar = PREFIX + names_of(option)[0].upper().replace("-", "_")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """A mistake in the environment is said to be one there."""
        ctx.meta[_ARGUMENTS] = tuple(args)
        try:
            return super().parse_args(ctx, args)
        except click.BadParameter as error:
            name = error.param.name if error.param is not None else None
            if name and ctx.get_parameter_source(name) is ParameterSource.ENVIRONMENT:
                error.param_hint = said_in(ctx, name)
            raise

    def invoke(self, ctx: click.Context) -> Any:
        """Variables that are nearly read are pointed out."""
        known = [str(option.envvar) for option in settings_of(self)]
        for name in sorted(os.environ):
            meant = get_close_matches(name, known, 1, _SLIP) if name.startswith(PREFIX) and name not in known else []
            if meant:
                click.echo(f"WARNING {name} in the environment is not read; did you mean {meant[0]}?", err=True)
        text = ctx.meta.get(_PRINT)
        if text is not None:
            return click.echo(text(ctx), nl=False)
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            hint = _place_of(error.message, ctx)
            if not hint:
                raise
            raise click.UsageError(f"{error.format_message()}\n{hint}", ctx) from error


class Needed(click.Argument):
    """An argument that is needed, unless the configuration is to be printed."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        """Raises `click.MissingParameter`."""
        if self.value_is_missing(value) and _PRINT in ctx.meta:
            return None
        return super().process_value(ctx, value)


def _place_of(message: str, ctx: click.Context) -> str:
    """Where in the file the flags stand that *message* names; that there is a file, where none of them does."""
    found = configuration(ctx)
    if found is None or re.search(rf"{re.escape(str(found.file.path))}(:\d| has )", message):
        return ""
    flags = set(re.findall(r"--[a-z][a-z-]*", message))
    options = (option for option in settings_of(ctx.command) if flags & set(option.opts))
    places = [said_in(ctx, str(option.name)) for option in options]
    lines = sorted({place for place in places if place.startswith(f"{found.file.path}:")})
    if lines:
        return f"(see {', '.join(lines)})"
    return f"({found.file.path} is read, too: --print-config says where each value comes from)"


def print_instead(ctx: click.Context, text: Callable[[click.Context], str]) -> None:
    """*text* of the context is to be printed, and nothing else done."""
    ctx.meta[_PRINT] = text


def settings_of(command: click.Command) -> Iterator[click.Option]:
    """The options of *command* that say how it serves."""
    for param in command.params:
        if isinstance(param, click.Option) and param.expose_value and not param.is_eager:
            yield param


def names_of(option: click.Option) -> list[str]:
    """The keys of *option* in a file: its long names, the first of which is the usual one."""
    return [name.removeprefix("--") for name in option.opts if name.startswith("--")] or [str(option.name)]


def configure(ctx: click.Context, found: Configuration | None, defaults: dict[str, Any] | None) -> None:
    """Put a file in force, or none."""
    ctx.meta[_META] = found
    ctx.default_map = defaults


def configuration(ctx: click.Context) -> Configuration | None:
    """The file that is in force, None where there is none."""
    found: Configuration | None = ctx.meta.get(_META)
    return found


def said_in(ctx: click.Context, name: str) -> str:
    """Where the value of the option *name* comes from: a flag, a variable, a file and its line, or the default."""
    option = next(option for option in settings_of(ctx.command) if option.name == name)
    source = ctx.get_parameter_source(name)
    found = configuration(ctx)
    if source is ParameterSource.ENVIRONMENT:
        return f"{option.envvar} in the environment"
    if found is not None and source in (ParameterSource.DEFAULT_MAP, ParameterSource.DEFAULT):
        place = found.places.get(name)
        if place is not None:
            return f"{found.file.path}:{found.file.line(*place)}"
    return f"--{names_of(option)[0]}" if source is ParameterSource.COMMANDLINE else "default"


def is_given(name: str) -> bool:
    """Whether the option *name* is on the command line, or in the environment."""
    source = click.get_current_context().get_parameter_source(name)
    return source in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


def parse_again(ctx: click.Context) -> click.Context:
    """The same command line, with the environment and the file as they are now. Raises `click.ClickException`."""
    return ctx.command.make_context(ctx.info_name, list(ctx.meta[_ARGUMENTS]))


def checked(parse: Callable[[Any], object]) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """An option's callback: what *parse* refuses is refused; otherwise the value stays as it was written."""

    def check(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        try:
            parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from error
        return value

    return check


class Lines(click.types.StringParamType):
    """Strings with spaces in them: a variable has one on each line."""

    envvar_list_splitter = "\n"
