"""The flags that name a configuration file, and how its keys become the values of a command's options.

Each value passes the checks of its option, so that all that is wrong in the file is said at once, each with its line.
"""

import importlib.util
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import click

from corserver.cli.commands import COMMANDS, DEFAULT
from corserver.cli.options.configured import (
    PREFIX,
    Configuration,
    ServingCommand,
    configure,
    names_of,
    print_instead,
    settings_of,
)
from corserver.cli.options.policy import FLAGS
from corserver.cli.options.topics import number_words, option
from corserver.config import (
    ConfigError,
    ConfigFile,
    CORSTable,
    Mistake,
    cors_policy,
    entry_of,
    find_config,
    in_toml,
    is_tables,
    read_config,
    read_tables,
)
from corserver.config.lines import Where
from corserver.cors.policy import PolicyError

_NO_CONFIG: Final = "corserver.no_config"
#: The tables that are for one command.
_SECTIONS: Final = "[run] or [proxy]"


def _without_file(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        ctx.meta[_NO_CONFIG] = True
        configure(ctx, None, None)


def _with_file(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    if ctx.meta.get(_NO_CONFIG):
        return
    try:
        file = find_config(Path()) if value is None else read_config(value)
        if file is not None:
            _Reader(ctx, file).read()
    except ConfigError as error:
        raise click.UsageError(str(error), ctx) from error
    except OSError as error:
        raise click.UsageError(f"{error.filename} cannot be read: {error.strerror}", ctx) from error


def _can_watch(ctx: click.Context, param: click.Parameter, value: bool) -> bool:
    if value and importlib.util.find_spec("watchfiles") is None:
        raise click.BadParameter("this needs watchfiles: pip install 'corserver[live]'", ctx, param)
    return value


def _print_instead(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from corserver.cli.options.print_config import config_text

        print_instead(ctx, config_text)


#: The flags that say where else flags may stand.
CONFIG_OPTIONS: Final = (
    option(
        "--config",
        topic="config",
        type=click.Path(path_type=Path),
        is_eager=True,
        expose_value=False,
        callback=_with_file,
        envvar=f"{PREFIX}CONFIG",
        metavar="FILE",
        help="Read this TOML file, whose keys are the flags' names.  [default: corserver.toml here, or "
        "[tool.corserver] in pyproject.toml]",
    ),
    option(
        "--no-config",
        topic="config",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_without_file,
        help="Read no file.",
    ),
    option(
        "--watch-config",
        topic="config",
        is_flag=True,
        callback=_can_watch,
        help="Put the file's policies in force when it changes, as a SIGHUP does.",
    ),
    option(
        "--print-config",
        topic="config",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_print_instead,
        help="Print what is configured, and where, as such a file; serve nothing.",
    ),
)


class _Reader:
    """Reads a file for the command of *ctx*."""

    def __init__(self, ctx: click.Context, file: ConfigFile) -> None:
        self._ctx = ctx
        self._file = file
        self._options = {name: option for option in settings_of(ctx.command) for name in names_of(option)}
        self._mistakes: list[Mistake] = []
        self._defaults: dict[str, Any] = {}
        self._places: dict[str, Where] = {}
        self._tables: tuple[CORSTable, ...] = ()

    def read(self) -> None:
        """Put the file in force. Raises `ConfigError`."""
        section = (self._ctx.info_name or "").split()[-1:]
        self._read(self._file.values, ())
        if section and section[0] in COMMANDS and isinstance(self._file.values.get(section[0]), dict):
            self._read(self._file.values[section[0]], (section[0],))
        if not self._mistakes:
            self._check_policy()
        if self._mistakes:
            raise ConfigError(self._file.path, self._mistakes)
        configure(self._ctx, Configuration(self._file, self._places, self._tables), self._defaults)

    def _read(self, values: Mapping[str, Any], table: Where) -> None:
        seen: dict[str, str] = {}
        for key, value in values.items():
            option = self._options.get(_spelled(key))
            if option is None:
                if not (isinstance(value, dict) and not table and key in COMMANDS):
                    self._unknown(key, table)
            elif option.name in seen:
                self._refuse((*table, key), f"{seen[option.name]} has said it already")
            elif option.name is not None:
                seen[option.name] = key
                self._take(option, option.name, value, (*table, key))

    def _unknown(self, key: str, table: Where) -> None:
        names = set(self._options)
        if key in names.union(*[] if table else _names_of_others(self._ctx.command)):
            return  # Another command's.
        meant = get_close_matches(_spelled(key), names, 1)
        kind, hint = "key", "the keys are the flags' names: see corserver --help all"
        if isinstance(self._file.values.get(key), dict) and not table:
            kind, hint = "table", f"what is for one command stands in {_SECTIONS}, and what is for all above them"
        elif meant:
            hint = f"did you mean {meant[0]}?"
        self._refuse((*table, key), f"there is no such {kind}; {hint}")

    def _take(self, option: click.Option, name: str, value: Any, where: Where) -> None:
        self._places[name] = where
        if name == "cors":
            if is_tables(value) and len(where) == 1:
                self._tables, mistakes = read_tables(self._file)
                self._mistakes += mistakes
                return
            value = [] if value is False else value
        why = (
            "an empty list says nothing: leave it out"
            if value == [] and where[-1] != "cors"
            else _misfit(option, value)
        )
        if not why:
            self._defaults[name] = value = _as_given(option, value)
            try:
                option.process_value(self._ctx, value)
            except click.BadParameter as error:
                words = number_words(option.type)
                why = f"this must be {words}" if words else error.message
            except ValueError:
                why = "a path has no NUL in it"
        if why:
            self._refuse(where, why)

    def _check_policy(self) -> None:
        given = {option: self._defaults[name] for option, name in FLAGS.items() if name in self._defaults}
        if self._tables:
            for name in (FLAGS[option] for option in given):
                self._refuse(
                    self._places[name], "beside [[cors]] tables this says nothing: it belongs into one of them"
                )
        elif given.get("origins"):
            try:
                cors_policy(**given)
            except PolicyError as error:
                for refusal in error.refusals:
                    where = self._places.get(FLAGS[refusal.option], ("cors",))
                    place = entry_of(given.get(refusal.option), refusal)
                    self._refuse(
                        (*where, *place) if self._is_list(where) else where,
                        refusal.why,
                        in_toml(refusal.write, "cors-"),
                    )

    def _is_list(self, where: Where) -> bool:
        value: Any = self._file.values
        for step in where:
            value = value[step]
        return isinstance(value, list)

    def _refuse(self, where: Where, why: str, write: str = "") -> None:
        self._mistakes.append(self._file.mistake(where, why, write))


def _names_of_others(command: click.Command) -> Iterator[set[str]]:
    for entry in (DEFAULT, *COMMANDS.values()):
        other = entry.load()
        if isinstance(other, ServingCommand) and other is not command:
            yield {name for option in settings_of(other) for name in names_of(option)}


def _spelled(key: str) -> str:
    return key.lower().replace("_", "-")


def _as_given(option: click.Option, value: Any) -> Any:
    """*value* as the command line gives it to *option*: a number that is a word there is one."""
    values = value if isinstance(value, list) else [value]
    if not number_words(option.type):
        values = [str(each) if type(each) in (int, float) else each for each in values]
    return values if option.multiple or isinstance(value, list) else values[0]


def _misfit(option: click.Option, value: Any) -> str:
    """Why a value of this TOML type is none for *option*; click would convert some of them into something else."""
    if option.is_flag and option.is_bool_flag:
        return "" if isinstance(value, bool) else "this must be true or false"
    values = value if option.multiple and isinstance(value, list) else [value]
    number = number_words(option.type)
    if number:
        types = (int,) if isinstance(option.type, click.types.IntParamType) else (int, float)
        return "" if all(type(each) in types for each in values) else f"this must be {number}"
    kind = "strings, or one string" if option.multiple else "string"
    return (
        ""
        if all(type(each) in (str, int, float) for each in values)
        else f"this must be a {'list of ' * option.multiple}{kind}"
    )
