"""On which line of a TOML text each value stands, which `tomllib` does not say.

The text has been read by `tomllib` already, so that it is TOML: what is left is to walk its keys and brackets.
"""

import re
import tomllib
from collections.abc import Iterator
from typing import Final

#: Where a value is: keys, and the places in arrays.
Where = tuple[str | int, ...]

_TOKEN: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|[\n\[\]{},=.]"
    r"""|[^\s"'#\[\]{},=.]+""",
    re.DOTALL,
)


def value_lines(text: str) -> dict[Where, int]:
    """The line of every table, key and array entry of *text*, counted from 1. *text* must be TOML."""
    return _Walk(text).lines


class _Walk:
    def __init__(self, text: str) -> None:
        self.lines: dict[Where, int] = {}
        self._lengths: dict[Where, int] = {}
        self._tokens = _tokens(text)
        self._token, self._line = "\n", 1
        self._table: Where = ()
        while self._next():
            if self._token == "[":
                self._header()
            elif self._token != "\n":
                self._pair(self._table, "\n")

    def _next(self) -> bool:
        self._token, self._line = next(self._tokens, ("", self._line))
        return bool(self._token)

    def _header(self) -> None:
        line = self._line
        self._next()
        is_array = self._token == "["
        if is_array:
            self._next()
        *outer, last = self._key("]")
        table = self._in_arrays((), outer)
        if is_array:
            number = self._lengths.get((*table, last), 0)
            self._lengths[*table, last] = number + 1
            self.lines.setdefault((*table, last), line)
            self._table = (*table, last, number)
            self._next()
        else:
            self._table = self._in_arrays(table, [last])
        self.lines[self._table] = line

    def _in_arrays(self, where: Where, keys: list[str]) -> Where:
        """Below *where*; of an array of tables the last one is meant."""
        for key in keys:
            where = (*where, key)
            if where in self._lengths:
                where = (*where, self._lengths[where] - 1)
        return where

    def _key(self, end: str) -> list[str]:
        """The parts of a dotted key; its *end* is the token then."""
        parts = []
        while self._token != end:
            if self._token != ".":
                parts.append(_unquoted(self._token))
            self._next()
        return parts

    def _pair(self, table: Where, *ends: str) -> None:
        line = self._line
        where = table
        for part in self._key("="):
            where = (*where, part)
            self.lines.setdefault(where, line)
        self._next()
        self._value(where, ends)

    def _value(self, where: Where, ends: tuple[str, ...]) -> None:
        """To the token that ends the value."""
        self.lines[where] = self._line
        if self._token == "[":
            self._array(where)
        elif self._token == "{":
            self._inline_table(where)
        while self._token and self._token not in ends:
            self._next()

    def _array(self, where: Where) -> None:
        number = 0
        self._next()
        while self._token != "]":
            if self._token in ("\n", ","):
                self._next()
            else:
                self._value((*where, number), (",", "]"))
                number += 1
        self._next()

    def _inline_table(self, where: Where) -> None:
        self._next()
        while self._token != "}":
            if self._token in ("\n", ","):
                self._next()
            else:
                self._pair(where, ",", "}")
        self._next()


def _tokens(text: str) -> Iterator[tuple[str, int]]:
    line = 1
    for found in _TOKEN.finditer(text):
        token = found[0]
        if not token.startswith("#"):
            yield token, line
        line += token.count("\n")


def _unquoted(key: str) -> str:
    return str(tomllib.loads(f"key = {key}")["key"]) if key[0] in "\"'" else key
