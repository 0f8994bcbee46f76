"""Patterns match exactly the origins that they stand for; near misses are named."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corserver.cors.origins import Difference, NearMiss, OriginPattern, OriginSet
from tests.cors import slow_origins
from tests.cors.origin_strategies import near, origins, patterns

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=400)


def _set(texts: list[str]) -> OriginSet:
    return OriginSet(tuple(_pattern(text) for text in texts))


def _pattern(text: str) -> OriginPattern:
    found = OriginPattern.parse(text.encode())
    assert found is not None, text
    return found


@st.composite
def _sets_and_origins(draw: st.DrawFn) -> tuple[list[str], bytes]:
    texts = draw(st.lists(patterns(), max_size=6))
    return texts, draw(near(texts) | origins())


@_PROPERTY
@given(_sets_and_origins())
@example((["https://foo.com", "https://bar.com"], b"https://barfoo.com"))
@example((["https://*.example.com", "https://*.example.com:*"], b"https://a.example.com:8443"))
@example((["https://example.com:*"], b"https://example.com:443"))
def test_the_matcher_agrees_with_a_second_one_written_from_the_standard(drawn: tuple[list[str], bytes]) -> None:
    texts, value = drawn

    found = _set(texts).match(value)

    allowing = [text for text in dict.fromkeys(texts) if slow_origins.matches(text, value)]
    assert bool(allowing) is (found is not None)
    assert found is None or str(found) in allowing
    missed = _set(texts).near_miss(value) if found is None else None
    assert missed is None or str(missed.pattern) in texts


@_PROPERTY
@given(patterns())
def test_a_pattern_is_parsed_and_written_to_the_same_text(text: str) -> None:
    assert text == str(_pattern(text))
    assert _pattern(text).is_exact is ("*" not in text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "*", "null", "https://*", "https://*:*", "https://*.", "https://*.:*", "*://a.b", "*.a.b"),
        *("https://a.*.b", "https://*a.b", "https://a*", "https://**.a", "https://*.*.a", "https://*.a.b/"),
        *("https://*.1.2.3.4", "https://*.[::1]", "https://a:8*", "https://a:*0", "https://a:1:*", "https://a:443:*"),
        *("https://a:**", "https://a:*:*", "https://a:", "file://a", "file://*.a:*", "https://*.A", "HTTPS://*.a"),
        "https://*." + "a." * 125 + "aa",
    ],
)
def test_nothing_else_is_a_pattern(text: str) -> None:
    assert OriginPattern.parse(text.encode()) is None


def test_the_longest_subdomain_pattern_leaves_room_for_a_label() -> None:
    host = "a." * 125 + "a"

    assert _set(["https://*." + host]).match(b"https://b." + host.encode()) == _pattern("https://*." + host)


@pytest.mark.parametrize(
    ("text", "secure"),
    [
        ("https://a.example", True),
        ("wss://a.example", True),
        ("app://x", True),
        ("http://localhost:*", True),
        ("http://*.localhost", True),
        ("http://127.9.9.9", True),
        ("http://[::1]", True),
        ("http://a.example", False),
        ("ws://a.example", False),
        ("ftp://a.example", False),
        ("http://*.example", False),
        ("http://192.168.0.1", False),
    ],
)
def test_plain_http_is_insecure_away_from_this_machine(text: str, secure: bool) -> None:
    assert secure is _pattern(text).is_secure


_D = Difference


@pytest.mark.parametrize(
    ("text", "value", "difference"),
    [
        ("https://app.example", "http://app.example", _D.SCHEME),
        ("http://app.example:3000", "https://app.example:3000", _D.SCHEME),
        ("https://*.app.example", "http://a.app.example", _D.SCHEME),
        ("https://app.example", "https://app.example.", _D.TRAILING_DOT),
        ("https://app.example", "https://www.app.example", _D.WWW),
        ("https://www.app.example", "https://app.example", _D.WWW),
        ("https://app.example", "https://app.example:8443", _D.PORT),
        ("https://app.example:8443", "https://app.example", _D.PORT),
        ("https://app.example:8443", "https://app.example:8444", _D.PORT),
        ("https://app.example", "https://a.b.app.example", _D.SUBDOMAIN),
        ("http://app.example:*", "http://a.app.example:99", _D.SUBDOMAIN),
        ("https://*.app.example", "https://app.example", _D.APEX),
        ("https://*.app.example:*", "https://app.example:99", _D.APEX),
        ("https://app.example", "https://App.example", _D.FORM),
        ("https://app.example", "HTTPS://APP.EXAMPLE:443/path?q#f", _D.FORM),
        ("https://*.app.example", "https://a.app.example/", _D.FORM),
    ],
)
def test_a_near_miss_says_in_what_one_respect_it_differs(text: str, value: str, difference: Difference) -> None:
    origins_ = _set(["https://other.example", text])

    assert origins_.match(value.encode()) is None
    assert NearMiss(difference, _pattern(text)) == origins_.near_miss(value.encode())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("https://app.example", "https://evil.net"),
        ("https://app.example", "null"),
        ("https://app.example", ""),
        ("https://app.example", "http://app.example:8080"),
        ("https://app.example", "https://app.example.evil.net"),
        ("https://app.example", "https://a.app.example:8443"),
        ("https://*.app.example:8443", "https://app.example"),
        ("https://app.example", "chrome-extension://app.example"),
        ("https://example.com", "https://com"),
    ],
)
def test_two_differences_are_no_near_miss(text: str, value: str) -> None:
    assert _set([text]).near_miss(value.encode()) is None
