"""Redirects hop by hop: `Origin: null`, methods and headers, and where browsers differ."""

from dataclasses import replace

import pytest

from corserver.cors.browser import (
    CHROMIUM,
    FIREFOX,
    STANDARD,
    Answer,
    Browser,
    Hop,
    Mode,
    RedirectMode,
    Request,
    Rule,
    Tainting,
    Trigger,
    judge_response,
    preflight_for,
)
from tests.cors.browser.asking import (
    ACAC,
    ALL,
    API,
    AUTH,
    HOME,
    PAGE,
    PUT,
    STAR,
    answer,
    ask,
    followed,
    hop_of,
    moved,
    url,
    verdict_of,
)


@pytest.mark.parametrize(
    ("first", "locations", "origin", "tainting"),
    [
        (API, ["https://api.example/x"], PAGE, Tainting.CORS),
        (HOME, [API], PAGE, Tainting.CORS),
        (API, ["https://c.example/"], b"null", Tainting.CORS),
        (API, [HOME], b"null", Tainting.CORS),
        (HOME, [API, HOME], b"null", Tainting.CORS),
        (HOME, [API, API, API], PAGE, Tainting.CORS),
        (HOME, ["/x"], PAGE, Tainting.BASIC),
        (API, ["https://api.example:444/"], b"null", Tainting.CORS),
    ],
)
def test_origin_null_after_redirects(first: str, locations: list[str], origin: bytes, tainting: Tainting) -> None:
    hop = followed(ask(first), *locations)
    assert (hop.origin, hop.tainting) == (origin, tainting)


@pytest.mark.parametrize(
    ("status", "method", "after"),
    [
        (301, b"POST", b"GET"),
        (302, b"POST", b"GET"),
        (302, b"PUT", b"PUT"),
        (303, b"PUT", b"GET"),
        (303, b"HEAD", b"HEAD"),
        (307, b"POST", b"POST"),
        (308, b"DELETE", b"DELETE"),
    ],
)
def test_redirects_change_the_method(status: int, method: bytes, after: bytes) -> None:
    request = ask(method=method, headers=((b"Content-Type", b"text/plain"), (b"X-A", b"1")))
    hop = followed(request, "/x", status=status)
    assert hop.request.method == after
    assert ((b"Content-Type", b"text/plain") in hop.request.headers) is (method == after)


def test_authorization_stays_within_the_origin() -> None:
    assert followed(AUTH, "/x").request.headers == AUTH.headers
    assert followed(AUTH, "https://c.example/").request.headers == ()


@ALL
@pytest.mark.parametrize(
    ("request_", "reply", "rule"),
    [
        (ask(), moved("/x", ACAC), Rule.ACAO_MISSING),
        (ask(), moved("http://user@c.example/"), Rule.REDIRECT_HAS_CREDENTIALS),
        (ask(), moved("https://user@api.example/"), Rule.REDIRECT_HAS_CREDENTIALS),
        (ask(HOME), moved("https://user@api.example/"), Rule.REDIRECT_HAS_CREDENTIALS),
        (ask(), moved("data:text/plain,hi"), Rule.REDIRECT_NOT_HTTP),
        (ask(), moved("http://"), Rule.REDIRECT_URL_INVALID),
        (ask(), moved("/x", STAR, ("Location", "/y")), Rule.REDIRECT_URL_INVALID),
        (ask(), moved("http://api.example:25/"), Rule.BAD_PORT),
        (ask(redirect=RedirectMode.ERROR), moved("/x"), Rule.REDIRECT_MODE_ERROR),
        (ask(redirect=RedirectMode.MANUAL), moved("/x"), Rule.OPAQUE_REDIRECT),
        (ask(HOME, mode=Mode.SAME_ORIGIN), moved(API), Rule.MODE_SAME_ORIGIN),
    ],
)
def test_redirects_that_are_not_followed(browser: Browser, request_: Request, reply: Answer, rule: Rule) -> None:
    assert verdict_of(judge_response(hop_of(request_), reply, browser)).rule is rule


@ALL
@pytest.mark.parametrize("status", [300, 304, 305, 306, 309])
def test_other_statuses_are_no_redirect(browser: Browser, status: int) -> None:
    assert verdict_of(judge_response(hop_of(ask()), moved("/x", status=status), browser)).readable


def test_twenty_redirects_are_the_most() -> None:
    hop = followed(ask(), *["/x"] * 20)
    assert verdict_of(judge_response(hop, answer(STAR), STANDARD)).readable
    assert verdict_of(judge_response(hop, moved("/x"), STANDARD)).rule is Rule.REDIRECT_TOO_MANY


def test_an_empty_location_is_a_response_in_chromium() -> None:
    assert verdict_of(judge_response(hop_of(ask()), moved(""), CHROMIUM)).readable
    assert isinstance(judge_response(hop_of(ask()), moved(""), FIREFOX), Hop)


def test_userinfo_within_the_origin_is_refused_by_chromium_only() -> None:
    reply = moved("https://user@app.example/")
    assert isinstance(judge_response(hop_of(ask(HOME)), reply, STANDARD), Hop)
    verdict = verdict_of(judge_response(hop_of(ask(HOME)), reply, CHROMIUM))
    assert verdict.rule is Rule.SAME_ORIGIN_REDIRECT_HAS_CREDENTIALS


def test_firefox_preflights_from_the_original_origin() -> None:
    for browser, origin in ((STANDARD, b"null"), (CHROMIUM, b"null"), (FIREFOX, PAGE)):
        preflight = preflight_for(followed(PUT, "https://c.example/", browser=browser, status=307), browser)
        assert preflight is not None
        assert preflight.origin == origin


@pytest.mark.parametrize(
    ("request_", "first", "is_sticky"),
    [
        (PUT, API, True),
        (AUTH, API, True),
        (AUTH, HOME, True),  # the header would have called for one elsewhere
        (PUT, HOME, False),  # a method only counts where it did call for one
        (ask(method=b"POST"), API, False),
    ],
)
def test_firefox_preflights_stick(request_: Request, first: str, is_sticky: bool) -> None:
    request = replace(request_, url=url(first))
    plain, sticky = (followed(request, "https://c.example/", browser=b, status=303) for b in (CHROMIUM, FIREFOX))
    assert preflight_for(plain, CHROMIUM) is None
    preflight = preflight_for(sticky, FIREFOX)
    assert (preflight is not None) is is_sticky
    assert preflight is None or preflight.because == (Trigger.EARLIER_HOP,)
