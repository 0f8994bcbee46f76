"""Entity tags and dates."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.apps.files.validators import SETTLED_NS, EntityTag, Validators, format_http_date, parse_http_date

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=300)

SECOND = 1_000_000_000
#: The example of RFC 9110 §5.6.7, in each of its forms.
EXAMPLE = 784111777
OPAQUE = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_categories=["Cc"], exclude_characters='"')
)


@_PROPERTY
@given(OPAQUE, st.booleans())
def test_a_tag_is_read_as_it_is_written(opaque: str, weak: bool) -> None:
    tag = EntityTag(opaque, weak)

    assert EntityTag.parse(str(tag)) == tag


@pytest.mark.parametrize(
    "text", ["", "x", '"x', 'x"', "W/x", 'w/"x"', 'W /"x"', '"x" ', '"x""y"', '"a b"', '"\x7f"', "*"]
)
def test_what_is_no_tag(text: str) -> None:
    assert EntityTag.parse(text) is None


@pytest.mark.parametrize(
    ("one", "other", "strongly", "weakly"),
    [
        # RFC 9110 §8.8.3.2, the table of examples
        ('W/"1"', 'W/"1"', False, True),
        ('W/"1"', 'W/"2"', False, False),
        ('W/"1"', '"1"', False, True),
        ('"1"', '"1"', True, True),
        ('"1"', '"2"', False, False),
    ],
)
def test_comparison(one: str, other: str, strongly: bool, weakly: bool) -> None:
    a, b = EntityTag.parse(one), EntityTag.parse(other)

    assert a is not None
    assert b is not None
    assert (strongly, weakly) == (a.matches_strongly(b), a.matches_weakly(b))
    assert (strongly, weakly) == (b.matches_strongly(a), b.matches_weakly(a))


def test_a_settled_file_has_a_strong_tag_of_time_and_size() -> None:
    validators = Validators.of(0x1234 * SECOND + 1, 255, now_ns=0x1234 * SECOND + 1 + SETTLED_NS)

    assert str(validators.etag) == f'"{0x1234 * SECOND + 1:x}-ff"'
    assert validators.last_modified == 0x1234
    assert validators.are_strong


@pytest.mark.parametrize("age", [SETTLED_NS - 1, 0, -1, -3600 * SECOND])
def test_a_file_that_was_just_written_has_a_weak_tag_with_the_same_opaque_part(age: int) -> None:
    modified = 1_700_000_000 * SECOND
    young, old = (Validators.of(modified, 5, now_ns=modified + a) for a in (age, SETTLED_NS))

    assert young.etag == EntityTag(old.etag.opaque, weak=True)
    assert not young.are_strong


def test_any_write_that_a_clock_can_tell_changes_the_tag() -> None:
    tags = {Validators.of(modified, size, 10**19).etag for modified in (1, 2) for size in (1, 2)}

    assert len(tags) == 4


def test_each_coding_has_a_tag_of_its_own_and_so_has_each_change_of_the_inode() -> None:
    tags = {Validators.of(1, 2, 10**19, coding=coding).etag for coding in ("", "gzip", "br", "zstd")}
    tags |= {Validators.of(1, 2, 10**19, changed_ns=changed).etag for changed in (1, 2, 3)}

    assert len(tags) == 4 + 2, "a file that was written in the usual way has both times the same"


def test_no_file_was_modified_after_its_answer() -> None:
    assert Validators.of(99 * SECOND, 1, now_ns=50 * SECOND).last_modified == 50


def test_a_file_from_before_1970_has_a_date_that_can_be_written() -> None:
    validators = Validators.of(-5 * SECOND, 1, now_ns=SECOND)

    assert validators.last_modified == 0
    assert EntityTag.parse(str(validators.etag)) == validators.etag


@pytest.mark.parametrize(
    "text", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
)
def test_dates_are_read_in_three_forms(text: str) -> None:
    assert parse_http_date(text) == EXAMPLE


def test_dates_are_written_in_one() -> None:
    assert format_http_date(EXAMPLE) == "Sun, 06 Nov 1994 08:49:37 GMT"


@_PROPERTY
@given(st.integers(0, 253402300799))
def test_a_date_is_read_as_it_is_written(seconds: int) -> None:
    assert parse_http_date(format_http_date(seconds)) == seconds


@_PROPERTY
@given(st.datetimes(datetime(1970, 1, 1), datetime(2069, 12, 31)).map(lambda moment: moment.replace(tzinfo=UTC)))
def test_obsolete_forms_are_read_as_they_are_written(moment: datetime) -> None:
    seconds = int(moment.timestamp())

    assert parse_http_date(moment.strftime("%A, %d-%b-%y %H:%M:%S GMT")) == seconds
    assert parse_http_date(time.asctime(moment.timetuple())) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "now",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, ٠٦ Nov 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert parse_http_date(text) is None


def test_a_leap_second_is_the_second_after() -> None:
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == parse_http_date("Sun, 01 Jan 2017 00:00:00 GMT")


@_PROPERTY
@given(st.text())
def test_reading_never_fails(text: str) -> None:
    parse_http_date(text)
    EntityTag.parse(text)
