"""Preconditions: RFC 9110 §13, row by row."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.apps.files.conditions import Precondition, evaluate, parse_entity_tags
from corserver.apps.files.validators import EntityTag, Validators, parse_http_date

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=300)

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
AFTER = "Sun, 06 Nov 1994 08:49:38 GMT"
STRONG = Validators(EntityTag("now"), parse_http_date(DATE) or 0)
WEAK = Validators(EntityTag("now", weak=True), STRONG.last_modified)

HOLDS, NOT_MODIFIED, FAILED = Precondition.HOLDS, Precondition.NOT_MODIFIED, Precondition.FAILED


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, HOLDS),
        # If-None-Match: weak comparison, lists, *
        ({"if-none-match": '"now"'}, NOT_MODIFIED),
        ({"if-none-match": 'W/"now"'}, NOT_MODIFIED),
        ({"if-none-match": '"then"'}, HOLDS),
        ({"if-none-match": '"then", W/"now" , "x"'}, NOT_MODIFIED),
        ({"if-none-match": ',, "then" ,\t,"now",'}, NOT_MODIFIED),
        ({"if-none-match": '"a,b","now"'}, NOT_MODIFIED),
        ({"if-none-match": '"then, now"'}, HOLDS),
        ({"if-none-match": "*"}, NOT_MODIFIED),
        ({"if-none-match": " * "}, NOT_MODIFIED),
        ({"if-none-match": '"*"'}, HOLDS),
        # what is no list matches nothing
        ({"if-none-match": ""}, HOLDS),
        ({"if-none-match": "now"}, HOLDS),
        ({"if-none-match": '"now" "x"'}, HOLDS),
        ({"if-none-match": '"now", *'}, HOLDS),
        ({"if-none-match": '"now'}, HOLDS),
        # If-Modified-Since
        ({"if-modified-since": DATE}, NOT_MODIFIED),
        ({"if-modified-since": AFTER}, NOT_MODIFIED),
        ({"if-modified-since": BEFORE}, HOLDS),
        ({"if-modified-since": "Sun Nov  6 08:49:37 1994"}, NOT_MODIFIED),
        ({"if-modified-since": "yesterday"}, HOLDS),
        ({"if-modified-since": f"{DATE}, {DATE}"}, HOLDS),
        # §13.2.2: If-None-Match is before If-Modified-Since, even where it is malformed
        ({"if-none-match": '"then"', "if-modified-since": AFTER}, HOLDS),
        ({"if-none-match": '"now"', "if-modified-since": BEFORE}, NOT_MODIFIED),
        ({"if-none-match": "", "if-modified-since": AFTER}, HOLDS),
        # If-Match: strong comparison, lists, *
        ({"if-match": '"now"'}, HOLDS),
        ({"if-match": '"then", "now"'}, HOLDS),
        ({"if-match": "*"}, HOLDS),
        ({"if-match": 'W/"now"'}, FAILED),
        ({"if-match": '"then"'}, FAILED),
        ({"if-match": "now"}, FAILED),
        ({"if-match": ""}, FAILED),
        # If-Unmodified-Since
        ({"if-unmodified-since": DATE}, HOLDS),
        ({"if-unmodified-since": AFTER}, HOLDS),
        ({"if-unmodified-since": BEFORE}, FAILED),
        ({"if-unmodified-since": "never"}, HOLDS),
        # §13.2.2: If-Match is before If-Unmodified-Since, and both are before the other two
        ({"if-match": '"now"', "if-unmodified-since": BEFORE}, HOLDS),
        ({"if-match": '"then"', "if-unmodified-since": AFTER}, FAILED),
        ({"if-match": '"then"', "if-none-match": '"now"'}, FAILED),
        ({"if-match": '"now"', "if-none-match": '"now"'}, NOT_MODIFIED),
        ({"if-unmodified-since": BEFORE, "if-modified-since": AFTER}, FAILED),
        ({"if-unmodified-since": AFTER, "if-none-match": '"now"'}, NOT_MODIFIED),
        # If-Range is not among them
        ({"if-range": '"then"', "range": "bytes=0-1"}, HOLDS),
    ],
)
def test_precedence_and_comparison(headers: dict[str, str], expected: Precondition) -> None:
    assert evaluate(headers, STRONG) is expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"if-none-match": '"now"'}, NOT_MODIFIED),
        ({"if-none-match": 'W/"now"'}, NOT_MODIFIED),
        ({"if-match": '"now"'}, FAILED),
        ({"if-match": 'W/"now"'}, FAILED),
        ({"if-match": "*"}, HOLDS),
    ],
)
def test_a_weak_tag_revalidates_but_is_never_strongly_equal(headers: dict[str, str], expected: Precondition) -> None:
    assert evaluate(headers, WEAK) is expected


TAGS = st.builds(
    EntityTag,
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_categories=["Cc"], exclude_characters='"')),
    st.booleans(),
)


@_PROPERTY
@given(st.lists(TAGS, min_size=1), st.sampled_from([",", ", ", " ,", "\t, ,,"]))
def test_a_list_is_read_as_it_is_written(tags: list[EntityTag], comma: str) -> None:
    assert parse_entity_tags(comma.join(map(str, tags))) == tuple(tags)


def test_of_a_long_list_the_first_tags_count() -> None:
    assert parse_entity_tags('"a",' * 20_000) == (EntityTag("a"),) * 64
    assert parse_entity_tags('"a",' * 20_000 + '"') == ()


@_PROPERTY
@given(st.text(st.sampled_from('W/", \t*ax\x7f')))
def test_any_text_is_a_list_or_nothing(text: str) -> None:
    tags = parse_entity_tags(text)

    assert all(str(tag) in text for tag in tags)


@_PROPERTY
@given(st.dictionaries(st.sampled_from(["if-match", "if-none-match", "if-modified-since"]), st.text()))
def test_evaluation_never_fails(headers: dict[str, str]) -> None:
    evaluate(headers, STRONG)


@pytest.mark.parametrize("unit", ['"a",', ", ", '"a" ', '"', "W/", '"a" , ', '"a"\t\t\t\t'])
def test_time_is_linear(unit: str) -> None:
    # A million bytes: were it quadratic, this would not end today.
    parse_entity_tags(unit * (1_000_000 // len(unit)) + "!")
