"""On which line a value stands, compared with what tomllib reads."""

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corserver.config.lines import value_lines
from corserver.config.toml import toml, toml_key

TEXT = '''\
port = 8000 # = [ {
a.b = [
  1, [2,
   3], # c ]
  "x]y",
]
[[cors]]
path = """
/api/*"""
origins = ["a",
  'b']

[[cors]]
origins = { x = 1, y = [1,
2] }
[t."q.r".s]
d = 2020-01-01 10:00:00
"=" = 1.5
[cors.sub]
k = 1
'''


def test_every_value_has_the_line_on_which_it_begins() -> None:
    lines = value_lines(TEXT)
    assert lines == {
        ("port",): 1,
        ("a",): 2,
        ("a", "b"): 2,
        ("a", "b", 0): 3,
        ("a", "b", 1): 3,
        ("a", "b", 1, 0): 3,
        ("a", "b", 1, 1): 4,
        ("a", "b", 2): 5,
        ("cors",): 7,
        ("cors", 0): 7,
        ("cors", 0, "path"): 8,
        ("cors", 0, "origins"): 10,
        ("cors", 0, "origins", 0): 10,
        ("cors", 0, "origins", 1): 11,
        ("cors", 1): 13,
        ("cors", 1, "origins"): 14,
        ("cors", 1, "origins", "x"): 14,
        ("cors", 1, "origins", "y"): 14,
        ("cors", 1, "origins", "y", 0): 14,
        ("cors", 1, "origins", "y", 1): 15,
        ("t", "q.r", "s"): 16,
        ("t", "q.r", "s", "d"): 17,
        ("t", "q.r", "s", "="): 18,
        ("cors", 1, "sub"): 19,
        ("cors", 1, "sub", "k"): 20,
    }


_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.integers(-(2**40), 2**40) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=6), _VALUES, max_size=5))
def test_what_is_written_is_read_and_each_value_in_it_is_found(values: dict[str, Any]) -> None:
    text = "\n# comment\n".join(f"{toml_key(key)} = {toml(value)}" for key, value in values.items())
    assert tomllib.loads(text) == values
    lines = value_lines(text)
    for number, (key, value) in enumerate(values.items()):
        for where in _places(value, (key,)):
            assert lines[where] == 2 * number + 1
    assert len(lines) == sum(len(list(_places(value, ()))) for value in values.values())


def _places(value: Any, where: tuple[str | int, ...]) -> Any:
    yield where
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in pairs:
        yield from _places(each, (*where, step))


@pytest.mark.parametrize("value", ["\x7f", 'a"b\\', "\u2028", "\x00\n\t"])
def test_strings_that_want_an_escape(value: str) -> None:
    assert tomllib.loads(f"key = {toml(value)}") == {"key": value}
