"""Percent-encoded text is decoded as the standard library does it, but for what it costs."""

import sys
from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corserver.cors.scopes import Path
from corserver.http.header_lines import Headers
from corserver.http.messages import Request
from corserver.http.percent import unquoted

PIECES = st.lists(
    st.sampled_from(["a", "%", "%4", "%41", "%c3", "%BC", "%zz", "+", "=", "ü", "\xc3", "%%41"]), max_size=40
)


@given(PIECES.map("".join))
def test_text_is_decoded_as_the_standard_library_does(text: str) -> None:
    assert unquoted(text) == unquote(text)


@given(st.lists(PIECES.map("".join), max_size=8).map("&".join))
def test_a_query_is_read_as_the_standard_library_does(text: str) -> None:
    request = Request("GET", f"/?{text}", Path())
    assert list(request.query.pairs) == parse_qsl(text, keep_blank_values=True)


@pytest.mark.parametrize("part", ["query", "cookies"])
def test_a_percent_sign_that_begins_no_escape_costs_nothing_of_its_own(part: str) -> None:
    request = Request("GET", f"/?a={'%' * 1000}", Path(), Headers(((b"cookie", b"a=" + b"%" * 1000),)))
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        read = getattr(request, part)
    finally:
        sys.setprofile(None)
    assert read["a"] == "%" * 1000
    assert calls < 100
