"""The configuration file: where it is found, what is in it, and on which line; and what is wrong in it."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from corserver.config.lines import Where, value_lines
from corserver.config.toml import toml

#: The file of its own, and the table in the project's file, which is read where the former is not there.
OWN_FILE: Final = "corserver.toml"
PROJECT_FILE: Final = "pyproject.toml"
_PROJECT_TABLE: Final = ("tool", "corserver")

_AT_LINE: Final = re.compile(r" ?\(at line (\d+), column \d+\)")
_LONGEST_SHOWN: Final = 80
#: What is TOML but for its quotes.
_BARE: Final = re.compile(r"([\w-]+) *= *([^\s\"'\[\]{}#,=]+)")
#: How Python writes a switch.
_SWITCH: Final = re.compile(r"\b([a-z_]+)=(True|False)\b")


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """What is wrong on a *line*: what was *given*, *why* it cannot be, and what to *write* instead."""

    line: int
    given: str
    why: str
    write: str = ""

    def __str__(self) -> str:
        why = self.why.replace("\n", "\n      ")
        return f"{self.given}\n      {why}" + (f"\n      write: {self.write}" if self.write else "")


class ConfigError(ValueError):
    """A configuration file that was refused, with every `Mistake` there is, in `mistakes`."""

    def __init__(self, path: Path, mistakes: Iterable[Mistake]) -> None:
        self.path = path
        self.mistakes = tuple(sorted(mistakes))
        many = f"{len(self.mistakes)} mistakes" if len(self.mistakes) > 1 else "a mistake"
        lines = [f"  {path}:{mistake.line}: {mistake}" for mistake in self.mistakes]
        super().__init__("\n".join([f"{path} has {many}:", *lines]))


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """What is written in a file. *table* is where in it, () for all of it."""

    path: Path
    values: Mapping[str, Any]
    table: tuple[str, ...]
    lines: Mapping[Where, int]

    def line(self, *where: str | int) -> int:
        """The line on which the value at *where* stands, or what it is in."""
        whole = (*self.table, *where)
        while whole and whole not in self.lines:
            whole = whole[:-1]
        return self.lines.get(whole, 1)

    def mistake(self, where: Where, why: str, write: str = "") -> Mistake:
        """A mistake in the value at *where*."""
        value: Any = self.values
        for step in where:
            value = value[step]
        key = next(step for step in reversed(where) if isinstance(step, str))
        return Mistake(self.line(*where), f"{key} = {shown(value)}", why, write)


def find_config(directory: Path) -> ConfigFile | None:
    """The file in *directory*: `corserver.toml`, else `pyproject.toml` if it has a table `[tool.corserver]`.

    Raises `ConfigError` where it is not TOML, and OSError where it cannot be read.
    """
    own, project = directory / OWN_FILE, directory / PROJECT_FILE
    if own.is_file():
        return read_config(own)
    # Another tool's mistake in the project's file is not ours to report.
    if project.is_file() and b"corserver" in project.read_bytes():
        found = read_config(project)
        return found if found.values else None
    return None


def read_config(path: Path) -> ConfigFile:
    """The file *path*. Of one that is called `pyproject.toml` the table `[tool.corserver]` counts.

    Raises `ConfigError` where it is not TOML, and OSError where it cannot be read.
    """
    text, values = _toml_of(path)
    lines = value_lines(text)
    table = _PROJECT_TABLE if path.name == PROJECT_FILE else ()
    for key in table:
        values = values.get(key, {})
        if not isinstance(values, dict):
            raise ConfigError(path, [Mistake(lines.get((key,), 1), key, "this must be a table: [tool.corserver]")])
    return ConfigFile(path, values, table, lines)


def _toml_of(path: Path) -> tuple[str, dict[str, Any]]:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ConfigError(path, [Mistake(line, "bytes that are not UTF-8", "TOML is UTF-8")]) from error
    try:
        return text, tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(path, [_not_toml(error, text)]) from error


def shown(value: Any) -> str:
    """*value* as it stands in the file, shortened."""
    text = toml(value)
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def in_toml(write: str, prefix: str = "") -> str:
    """What is to be written, said for Python, as it stands in a file: `max_age=True` is `max-age = true`. *prefix* is
    what a key begins with that is for one of the flags."""

    def spelled(found: re.Match[str]) -> str:
        key, value = found[1].replace("_", "-"), found[2].lower()
        table = "in a [[cors]] table " if prefix and key.startswith("dangerously-") else ""
        return f"{table}{'' if table else prefix}{key} = {value}"

    return _SWITCH.sub(spelled, write)


def _not_toml(error: tomllib.TOMLDecodeError | RecursionError, text: str) -> Mistake:
    lines = text.splitlines() or [""]
    found = _AT_LINE.search(str(error))
    line = min(int(found[1]), len(lines)) if found else len(lines)
    why = _AT_LINE.sub("", str(error)).removesuffix(" (at end of document)")
    given = lines[line - 1].strip()[:_LONGEST_SHOWN]
    bare = _BARE.fullmatch(given)
    write = f"{bare[1]} = {toml(bare[2])}, for a string stands in quotes" if bare else ""
    return Mistake(line, given, f"this is not TOML: {why}", write)
