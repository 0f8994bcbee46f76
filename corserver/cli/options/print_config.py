"""`--print-config`: what is configured, as a configuration file that says of each value where it comes from."""

from collections.abc import Iterator
from typing import Any

import click

from corserver.cli.options.configured import Configuration, configuration, is_given, names_of, said_in, settings_of
from corserver.config import CORS_KEYS, CORSTable, toml


def config_text(ctx: click.Context) -> str:
    """The configuration of the command of *ctx*, in TOML. Secrets are not shown, what is not set is a comment."""
    found = configuration(ctx)
    tables = () if found is None or is_given("cors") else found.tables
    lines = [line for option in settings_of(ctx.command) for line in _option(ctx, option, bool(tables))]
    for table in tables:
        assert found is not None
        lines += ["", "[[cors]]", *_table(found, table)]
    return "\n".join(lines) + "\n"


def _option(ctx: click.Context, option: click.Option, has_tables: bool) -> Iterator[str]:
    name = str(option.name)
    if has_tables and (name == "cors" or name.startswith("cors_")):
        return  # The tables say it.
    key, value, source = names_of(option)[0], ctx.params[name], said_in(ctx, name)
    if option.hide_input and value:
        yield f"# {key} is set, and secret  # {source}"
    elif value is None or (value == () and source == "default"):
        yield f"# {key} is not set"
    else:
        yield _line(key, _written(value), source)


def _table(found: Configuration, table: CORSTable) -> Iterator[str]:
    off = table.policy is None
    for name, default in CORS_KEYS.items():
        if name in table.values:
            line = found.file.line(*table.where, table.keys[name])
            yield _line(name, table.values[name], f"{found.file.path}:{line}")
        elif not off or name == "path":
            yield _line(name, default, "default")


def _written(value: Any) -> Any:
    return str(value) if not isinstance(value, bool | int | float | str | list | tuple) else value


def _line(key: str, value: Any, source: str) -> str:
    return f"{key} = {toml(value)}  # {source}"
