"""Limits that can be, and those that cannot."""

from dataclasses import fields
from math import inf, nan

import pytest

from corserver.http.limits import Limits


@pytest.mark.parametrize("name", [limit.name for limit in fields(Limits)])
@pytest.mark.parametrize("value", [-1, -0.5, nan, "5", b"5", True, [], 1j])
def test_what_is_no_limit_is_refused_when_they_are_made(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"\A{name}=.*: this must be a (whole )?number, (0|1|more)") as caught:
        Limits(**{name: value})  # type: ignore[arg-type]
    assert f"{name}={value!r}: " in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("requests", 0, "requests=0: this must be a whole number, 1 or more, or None"),
        ("body", 0.5, "body=0.5: this must be a whole number, 0 or more, or None"),
        ("head", None, "head=None: this must be a whole number, 1 or more"),
        ("head_seconds", 0, "head_seconds=0: this must be a number, more than 0"),
        ("grace_seconds", None, "grace_seconds=None: this must be a number, 0 or more"),
        ("body_rate", 0, "body_rate=0: this must be a number, more than 0"),
    ],
)
def test_what_to_write_instead_is_said(name: str, value: object, words: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the words are compared below
        Limits(**{name: value})  # type: ignore[arg-type]
    assert str(caught.value) == words


def test_all_mistakes_in_limits_are_said_at_once() -> None:
    with pytest.raises(ValueError, match=r"\Ahead=0: .*\nrequests=-1: .*\Z"):
        Limits(requests=-1, head=0)


def test_nothing_no_limit_and_for_ever_are_limits_where_they_mean_something() -> None:
    Limits(body=0, drain=0, grace_seconds=0, idle_seconds=0, linger_idle_seconds=0, concurrency=0)
    Limits(body=None, requests=None, connections=None, concurrency=None)
    Limits(head_seconds=inf, grace_seconds=inf, idle_seconds=5)
