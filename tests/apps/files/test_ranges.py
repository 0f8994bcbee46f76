"""Ranges: RFC 9110 §14 and If-Range, row by row, and against a model."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corserver.apps.files.ranges import (
    MAX_RANGES,
    ByteRange,
    RangeNotSatisfiable,
    RangeSpec,
    parse_range,
    requested_ranges,
)
from corserver.apps.files.validators import EntityTag, Validators, parse_http_date

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=300)

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
STRONG = Validators(EntityTag("now"), parse_http_date(DATE) or 0)
WEAK = Validators(EntityTag("now", weak=True), STRONG.last_modified)
LENGTH = 1000


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("bytes=0-9", 0, 9),
        ("bytes=0-0", 0, 0),
        ("bytes=999-", 999, 999),
        ("bytes=990-", 990, 999),
        ("bytes=0-", 0, 999),
        ("bytes=-5", 995, 999),
        ("bytes=-1000", 0, 999),
        ("bytes=-1001", 0, 999),
        ("bytes=500-5000", 500, 999),
        ("bytes=500-99999999999999999999999999", 500, 999),
        ("bytes=-99999999999999999999999999", 0, 999),
        ("bytes=0000000000000000000000000005-0000000000000000000000000006", 5, 6),
        ("BYTES=0-9", 0, 9),
        ("bytes= 0-9 ", 0, 9),
        ("bytes=,0-9,", 0, 9),
    ],
)
def test_one_range(value: str, first: int, last: int) -> None:
    assert requested_ranges({"range": value}, STRONG, LENGTH) == (ByteRange(first, last),)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=5-2",
        "bytes=a-b",
        "bytes=0-9x",
        "bytes=0x0-0x9",
        "bytes=+0-9",
        "bytes=--5",
        "bytes=0-1-2",
        "bytes=0 - 9",
        "bytes =0-9",
        "bytes:0-9",
        "bytes=١-٢",
        "bytes=²-",
        "bytes=1_0-",
        "bytes=0-9\n",
        "items=0-1",
        "0-9",
        "bytes=0-1, bytes=5-6",
        "bytes=0-998,0-1",
        "bytes=0-,0-",
        "bytes=0-,-1000",
        "bytes=0-9,x",
    ],
)
def test_what_is_ignored(value: str) -> None:
    assert requested_ranges({"range": value}, STRONG, LENGTH) == ()


@pytest.mark.parametrize(
    ("value", "length"),
    [
        ("bytes=1000-", 1000),
        ("bytes=1000-1001", 1000),
        ("bytes=99999999999999999999-", 1000),
        (f"bytes={'9' * 10_000}-", 1000),
        ("bytes=-0", 1000),
        ("bytes=-000", 1000),
        ("bytes=0-", 0),
        ("bytes=0-0", 0),
        ("bytes=-0", 0),
    ],
)
def test_what_cannot_be_satisfied(value: str, length: int) -> None:
    with pytest.raises(RangeNotSatisfiable):
        requested_ranges({"range": value}, STRONG, length)


def test_a_suffix_of_nothing_is_the_whole_of_it() -> None:
    assert requested_ranges({"range": "bytes=-5"}, STRONG, 0) == ()


def test_no_range_is_the_whole() -> None:
    assert requested_ranges({}, STRONG, LENGTH) == ()
    assert requested_ranges({"if-range": '"now"'}, STRONG, LENGTH) == ()


@pytest.mark.parametrize(
    ("condition", "current", "holds"),
    [
        ('"now"', STRONG, True),
        ('"then"', STRONG, False),
        ('W/"now"', STRONG, False),
        ('"now"', WEAK, False),
        ('W/"now"', WEAK, False),
        (DATE, STRONG, True),
        ("Sunday, 06-Nov-94 08:49:37 GMT", STRONG, True),
        (DATE, WEAK, False),
        ("Sun, 06 Nov 1994 08:49:36 GMT", STRONG, False),
        ("Sun, 06 Nov 1994 08:49:38 GMT", STRONG, False),
        ("", STRONG, False),
        ("*", STRONG, False),
        ('"now", "then"', STRONG, False),
        ("now", STRONG, False),
    ],
)
def test_if_range(condition: str, current: Validators, holds: bool) -> None:
    found = requested_ranges({"range": "bytes=0-9", "if-range": condition}, current, LENGTH)

    assert found == ((ByteRange(0, 9),) if holds else ())


def test_a_range_that_if_range_sets_aside_cannot_fail() -> None:
    assert requested_ranges({"range": "bytes=5000-", "if-range": '"then"'}, STRONG, LENGTH) == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-1,5-6", [(0, 1), (5, 6)]),
        ("bytes=5-6,0-1", [(5, 6), (0, 1)]),
        ("bytes=0-1,-2,990-5000", [(0, 1), (998, 999), (990, 999)]),
        ("bytes=0-1,1000-", [(0, 1)]),
        ("bytes=2000-,0-1,-0,3-3", [(0, 1), (3, 3)]),
        ("bytes=0-499,500-999", [(0, 499), (500, 999)]),
    ],
)
def test_several_ranges(value: str, expected: list[tuple[int, int]]) -> None:
    found = requested_ranges({"range": value}, STRONG, LENGTH)

    assert [(part.first, part.last) for part in found] == expected


def test_several_ranges_of_which_none_is_there() -> None:
    with pytest.raises(RangeNotSatisfiable):
        requested_ranges({"range": "bytes=1000-,2000-3000,-0"}, STRONG, LENGTH)


def test_content_range() -> None:
    assert ByteRange(5, 9).content_range(100) == "bytes 5-9/100"


def test_several_ranges_are_parsed_in_order() -> None:
    assert parse_range("bytes=0-1, -5 ,7-") == (RangeSpec(0, 1), RangeSpec(None, 5), RangeSpec(7, None))


def test_too_many_ranges_are_none() -> None:
    assert len(parse_range("bytes=" + ",".join(["0-0"] * MAX_RANGES))) == MAX_RANGES
    assert parse_range("bytes=" + ",".join(["0-0"] * (MAX_RANGES + 1))) == ()


@pytest.mark.parametrize("unit", ["0-0,", ",", "0", "-", " ", " ,", "0-", "00-00 "])
@pytest.mark.parametrize("end", ["", "0-0", "-1", "!"])
def test_time_is_linear(unit: str, end: str) -> None:
    # A million bytes: were it quadratic, this would not end today.
    parse_range("bytes=" + unit * (1_000_000 // len(unit)) + end)


@_PROPERTY
@given(st.integers(0, 50), st.none() | st.integers(0, 60), st.none() | st.integers(0, 60))
@example(0, None, 5)
def test_a_range_is_what_a_slice_is(length: int, first: int | None, last: int | None) -> None:
    """The model: bytes, sliced."""
    content = bytes(range(length))
    text = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    if first is None:
        expected = content[-last:] if last else b""
    else:
        expected = content[first : None if last is None else last + 1]
    malformed = (first is None and last is None) or (first is not None and last is not None and last < first)

    try:
        found = requested_ranges({"range": text}, STRONG, length)
    except RangeNotSatisfiable:
        assert not malformed
        assert expected == b""
        return
    if not found:
        assert malformed or length == 0
    else:
        [part] = found
        assert content[part.first : part.last + 1] == expected
        assert len(part) == len(expected) > 0


@_PROPERTY
@given(st.text(st.sampled_from("bytes=0123456789-, \t")) | st.text(), st.integers(0, 100))
def test_any_text_is_a_part_of_the_whole_or_refused(text: str, length: int) -> None:
    try:
        found = requested_ranges({"range": text}, STRONG, length)
    except RangeNotSatisfiable:
        return
    assert all(0 <= part.first <= part.last < length for part in found)
    assert sum(map(len, found)) <= length


@_PROPERTY
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(10, 99)), min_size=1, max_size=MAX_RANGES))
def test_a_set_is_read_as_it_is_written(pairs: list[tuple[int, int]]) -> None:
    text = ",".join(f"{first}-{last}" for first, last in pairs)

    assert parse_range(f"bytes={text}") == tuple(RangeSpec(first, last) for first, last in pairs)
