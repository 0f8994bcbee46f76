"""Single header lines at the gate: what they say of the connection, and what it costs to judge one."""

import contextlib

import pytest

from corserver.http.gate import parse_field, screen
from corserver.http.limits import Limits
from corserver.http.messages import HTTPError

from .test_gate import get


@pytest.mark.parametrize(
    ("value", "closes"),
    [
        (b"close", True),
        (b"CLOSE", True),
        (b"a, \tclose ,b", True),
        (b",,close,", True),
        (b"closed", False),
        (b"a close", False),
        (b"close;a", False),
        (b"close close", False),
        (b"x-close,keep-alive", False),
        (b"", False),
    ],
)
def test_what_closes_is_a_member_of_the_list(value: bytes, closes: bool) -> None:
    assert screen(get(b"Connection: " + value), Limits()).head.section.closes is closes
    assert screen(get(b"Connection: a", b"Connection: " + value), Limits()).head.section.closes is closes


@pytest.mark.parametrize("unit", [b" ", b"\t ", b"a ", b":", b" :", b"\xff"])
@pytest.mark.parametrize("end", [b"", b"\0", b"\r", b" \x7f"])
def test_a_line_is_judged_in_linear_time(unit: bytes, end: bytes) -> None:
    # A million bytes: were it quadratic, this would not end today.
    with contextlib.suppress(HTTPError):
        parse_field(b"x:" + unit * (1_000_000 // len(unit)) + end)
