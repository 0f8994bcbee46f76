"""Whether there is a preflight, what it looks like, and how long its answer is remembered."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.cors.browser import (
    BROWSERS,
    CHROMIUM,
    FIREFOX,
    SAFARI,
    STANDARD,
    Browser,
    Initiator,
    Mode,
    Trigger,
    preflight_for,
    preflight_lifetime,
    unsafe_names,
)
from corserver.cors.fetch import Field
from tests.cors import slow_names
from tests.cors.browser.asking import (
    ALL,
    HOME,
    PAGE,
    answer,
    ask,
    hop_of,
)


@ALL
@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"POST"])
def test_a_simple_request_has_no_preflight(method: bytes, browser: Browser) -> None:
    assert preflight_for(hop_of(ask(method=method)), browser) is None


@ALL
def test_a_same_origin_request_has_none(browser: Browser) -> None:
    assert preflight_for(hop_of(ask(HOME, method=b"PUT", headers=((b"X-A", b"1"),))), browser) is None
    assert preflight_for(hop_of(ask(mode=Mode.NO_CORS)), browser) is None


@ALL
def test_a_preflight_says_what_is_asked(browser: Browser) -> None:
    headers = ((b"X-Z", b"1"), (b"Content-Type", b"application/json"), (b"Accept", b"a"), (b"A-b", b"1"))
    preflight = preflight_for(hop_of(ask(method=b"PATCH", headers=headers)), browser)
    assert preflight is not None
    assert preflight.because == (Trigger.METHOD, Trigger.HEADER)
    assert preflight.names == (b"a-b", b"content-type", b"x-z")
    assert preflight.headers == (
        (b"Accept", b"*/*"),
        (b"Access-Control-Request-Method", b"PATCH"),
        (b"Access-Control-Request-Headers", b"a-b,content-type,x-z"),
        (b"Origin", PAGE),
    )


@ALL
def test_without_unsafe_names_the_header_is_absent(browser: Browser) -> None:
    preflight = preflight_for(hop_of(ask(method=b"DELETE")), browser)
    assert preflight is not None
    assert preflight.request_headers is None
    assert [name for name, _ in preflight.headers] == [b"Accept", b"Access-Control-Request-Method", b"Origin"]


def test_an_opaque_origin_is_null() -> None:
    preflight = preflight_for(hop_of(ask(method=b"PUT", origin=b"null")), STANDARD)
    assert preflight is not None
    assert preflight.origin == b"null"


@pytest.mark.parametrize(
    ("headers", "names"),
    # what the standard, Chromium and Firefox send
    [
        ([(b"User-Agent", b"x")], (b"user-agent", None, b"user-agent")),
        ([(b"DPR", b"2")], (b"dpr", None, b"dpr")),
        ([(b"Save-Data", b"on")], (b"save-data", None, b"save-data")),
        ([(b"Save-Data", b"off")], (b"save-data", b"save-data", b"save-data")),
        ([(b"Accept", b"a" * 100), (b"Accept", b"b" * 100)], (None, b"accept", None)),
        ([(b"Accept", b"a\xe9")], (None, None, b"accept")),
        ([(b"Content-Language", b"a" * 129)], (b"content-language",) * 3),
        ([(b"X-A", b"1"), (b"x-a", b"2")], (b"x-a", b"x-a", b"x-a,x-a")),
        ([(b"Range", b"bytes=18446744073709551615-")], (None, None, None)),
        ([(b"Range", b"bytes=18446744073709551616-")], (None, b"range", b"range")),
        ([(b"Accept", b"a" * 114)] * 9, (b"accept", b"accept", None)),
        ([(b"Authorization", b"x")], (b"authorization",) * 3),
    ],
)
def test_where_browsers_differ_about_names(headers: list[Field], names: tuple[bytes | None, ...]) -> None:
    request = ask(headers=tuple(headers))
    preflights = [preflight_for(hop_of(request), browser) for browser in (STANDARD, CHROMIUM, FIREFOX)]
    assert tuple(None if p is None else p.request_headers for p in preflights) == names


def test_the_total_is_a_trigger_of_its_own() -> None:
    preflight = preflight_for(hop_of(ask(headers=((b"Accept", b"a" * 114),) * 9)), STANDARD)
    assert preflight is not None
    assert preflight.because == (Trigger.SAFELISTED_TOTAL,)


def test_an_upload_listener_is_a_trigger() -> None:
    with_body = ask(initiator=Initiator.XHR, method=b"POST", upload_listener=True, has_body=True)
    without = ask(initiator=Initiator.XHR, upload_listener=True)
    for browser in BROWSERS:
        preflight = preflight_for(hop_of(with_body), browser)
        assert preflight is not None
        assert preflight.because == (Trigger.UPLOAD_LISTENER,)
    assert preflight_for(hop_of(without), FIREFOX) is not None
    assert preflight_for(hop_of(without), CHROMIUM) is None


@settings(derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([b"accept", b"X-A", b"range", b"content-type", b"b"]), st.binary(max_size=300)))
)
def test_unsafe_names_are_those_of_a_second_reading(headers: list[Field]) -> None:
    assert unsafe_names(headers, STANDARD)[0] == slow_names.unsafe_names(headers)


@pytest.mark.parametrize(
    ("lines", "seconds"),
    # the standard, Chromium, Firefox, Safari
    [
        ([], (5, 5, 5, 5)),
        ([""], (5, 5, 5, 5)),
        (["0"], (0, 0, 0, 0)),
        (["600"], (600, 600, 600, 600)),
        (["\t00600 "], (600, 600, 600, 600)),
        (["1000000"], (1000000, 7200, 86400, 600)),
        (["-1"], (5, 0, 0, 5)),
        (["+300"], (5, 300, 0, 300)),
        (["abc"], (5, 5, 0, 5)),
        (["600;"], (5, 5, 0, 5)),
        (["600.9"], (5, 5, 0, 5)),
        (["600, 600"], (5, 5, 0, 5)),
        (["600", "600"], (5, 5, 0, 5)),
        (["", "300"], (5, 5, 300, 5)),
        ([str(2**63)], (2**63, 5, 86400, 600)),
        (["9" * 100_000], (10**20, 5, 86400, 600)),
    ],
)
def test_lifetime(lines: list[str], seconds: tuple[int, ...]) -> None:
    reply = answer(*(("Access-Control-Max-Age", value) for value in lines))
    assert tuple(preflight_lifetime(reply, b) for b in (STANDARD, CHROMIUM, FIREFOX, SAFARI)) == seconds
