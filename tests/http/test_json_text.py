"""JSON is what the standard library makes of it, sent and read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corserver.http.json_text import from_json, to_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
)


@given(VALUES)
def test_it_is_the_standard_librarys(value: object) -> None:
    assert to_json(value) == json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    assert from_json(to_json(value)) == json.loads(json.dumps(value))


@pytest.mark.parametrize("value", [float("nan"), [float("inf")], object(), {"a": {1, 2}}, {b"a": 1}])
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        to_json(value)


def test_a_value_that_contains_itself_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(ValueError, match="contains itself"):
        to_json(value)
