"""Whole fetches, the console, and hostile answers."""

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.cors.browser import (
    FIREFOX,
    Answer,
    Browser,
    Failure,
    Initiator,
    Mode,
    Rule,
    Stage,
    chrome_code,
    chrome_line,
    exchange,
    firefox_line,
    judge_response,
    preflight_lifetime,
    simulate,
)
from tests.cors.browser.asking import (
    ACAO,
    ALL,
    API,
    AUTH,
    FOO,
    HOME,
    PAGE,
    PUT,
    answer,
    ask,
    credentialed,
    headers,
    hop_of,
    judged,
    methods,
    moved,
    scripted,
    url,
)


def test_an_exchange_says_what_to_send() -> None:
    fetching = exchange(replace(PUT, headers=((b"X-A", b"1"),)))
    first = next(fetching)
    assert (first.method, first.origin) == (b"OPTIONS", PAGE)
    assert (b"Access-Control-Request-Headers", b"x-a") in first.headers
    second = fetching.send(answer(ACAO, methods("PUT"), headers("x-a")))
    assert (second.method, second.headers) == (b"PUT", ((b"X-A", b"1"), (b"Origin", PAGE)))
    with pytest.raises(StopIteration) as end:
        fetching.send(answer(ACAO))
    assert end.value.value.readable


def test_a_same_origin_get_sends_no_origin() -> None:
    assert next(exchange(ask(HOME))).origin is None
    assert next(exchange(ask(HOME, method=b"POST"))).origin == PAGE


def test_a_failed_preflight_is_the_end() -> None:
    verdict = simulate(PUT, scripted(answer(status=404)))
    assert verdict.failure is not None
    assert (verdict.rule, verdict.failure.stage) == (Rule.ACAO_MISSING, Stage.PREFLIGHT)


def test_no_answer_is_a_network_error() -> None:
    for request in (PUT, ask()):
        assert simulate(request, lambda message: None).rule is Rule.NETWORK_ERROR


def test_what_throws_sends_nothing() -> None:
    assert simulate(ask(method=b"TRACE"), scripted(answer())).rule is Rule.METHOD_FORBIDDEN


def test_a_chain_of_redirects() -> None:
    verdict = simulate(
        ask(HOME), scripted(answer(), moved(API), moved("https://c.example/"), answer((ACAO[0], "null")))
    )
    assert verdict.readable


def test_console_words() -> None:
    verdict = simulate(ask(), scripted(answer(), answer((ACAO[0], "https://b.example"))))
    assert verdict.failure is not None
    assert chrome_line(verdict.failure) == (
        "Access to fetch at 'https://api.example/items' from origin 'https://app.example' has been blocked by CORS "
        "policy: The 'Access-Control-Allow-Origin' header has a value 'https://b.example' that is not equal to the "
        "supplied origin. Have the server send the header with a valid value."
    )
    assert chrome_code(verdict.failure) == "AllowOriginMismatch"
    assert firefox_line(verdict.failure) == (
        "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at "
        "https://api.example/items. (Reason: CORS header ‘Access-Control-Allow-Origin’ does not match "
        "‘https://b.example’)."
    )


def test_console_words_of_a_preflight_after_a_redirect() -> None:
    request = replace(PUT, url=url(HOME), initiator=Initiator.XHR)
    verdict = simulate(request, scripted(answer(status=500), moved(API, status=307)))
    assert verdict.failure is not None
    assert chrome_line(verdict.failure) == (
        "Access to XMLHttpRequest at 'https://api.example/items' (redirected from 'https://app.example/items') from "
        "origin 'https://app.example' has been blocked by CORS policy: Response to preflight request doesn't pass "
        "access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource."
    )
    assert chrome_code(verdict.failure) == "PreflightMissingAllowOriginHeader"
    line = firefox_line(verdict.failure)
    assert line is not None
    assert line.endswith("(Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: 500.")


@pytest.mark.parametrize("rule", list(Rule))
def test_every_rule_can_be_told(rule: Rule) -> None:
    assert rule.url.startswith("https://fetch.spec.whatwg.org/#")
    assert rule.sentence
    for stage in Stage:
        failure = Failure(rule=rule, stage=stage, request=PUT, first_url=PUT.url, value=b"\xff{x}", names=(b"x-a",))
        for line in (chrome_line(failure), firefox_line(failure), chrome_code(failure)):
            assert line is None or line.isprintable()


HOSTILE = [
    b"," * 1_000_000,
    b"a," * 500_000,
    b"http://" + b"a." * 500_000,
    b"http://[" + b":" * 1_000_000,
    b"\xff" * 1_000_000,
]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value[:12]))
def test_a_hostile_megabyte_is_linear(value: bytes) -> None:
    names = ("allow-origin", "allow-credentials", "allow-methods", "allow-headers", "max-age", "expose-headers")
    lines = tuple((f"Access-Control-{name}".encode(), value) for name in names)
    readable = ((b"Access-Control-Allow-Origin", PAGE), *lines[1:])
    started = time.process_time()
    for reply in (Answer(200, lines), Answer(200, readable), Answer(302, (*readable, (b"Location", value)))):
        judged(FOO, reply, FIREFOX)
        judge_response(hop_of(ask()), reply, FIREFOX)
        preflight_lifetime(reply, FIREFOX)
    assert time.process_time() - started < 3


@ALL
@settings(derandomize=True, deadline=None)
@given(data=st.data())
def test_any_answer_gets_a_verdict(browser: Browser, data: st.DataObject) -> None:
    names = st.sampled_from([b"Access-Control-Allow-" + n for n in (b"Origin", b"Credentials", b"Methods", b"Headers")])
    values = st.one_of(st.binary(max_size=30), st.sampled_from([b"*", b"true", PAGE, b"null", b"PUT", b"x-foo"]))
    lines = st.lists(st.tuples(st.one_of(names, st.just(b"Location")), values), max_size=6)
    answers = st.builds(Answer, st.integers(0, 999), lines.map(tuple))
    request = data.draw(st.sampled_from([PUT, FOO, AUTH, credentialed(PUT), ask(), ask(HOME), ask(mode=Mode.NO_CORS)]))
    verdict = simulate(request, lambda message: data.draw(answers), browser)
    assert verdict.readable is (verdict.rule is None)
