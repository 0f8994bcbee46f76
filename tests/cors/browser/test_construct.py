"""What the API refuses, normalises and drops, and how a fetch begins."""

import pytest

from corserver.cors.browser import (
    Initiator,
    Mode,
    RedirectMode,
    Request,
    Rule,
    Stage,
    Tainting,
    begin,
    construct,
)
from tests.cors.browser.asking import (
    API,
    HOME,
    ask,
    hop_of,
    verdict_of,
)


@pytest.mark.parametrize(
    ("request_", "rule"),
    [
        (ask(method=b"TRACE"), Rule.METHOD_FORBIDDEN),
        (ask(method=b"A B"), Rule.REQUEST_INVALID),
        (ask(mode=Mode.NO_CORS, method=b"PUT"), Rule.NO_CORS_METHOD),
        (ask(headers=((b"X Foo", b"1"),)), Rule.REQUEST_INVALID),
        (ask(headers=((b"X-Foo", b"a\r\nb: c"),)), Rule.REQUEST_INVALID),
        (ask(headers=((b"X-Foo", b"a\x00"),)), Rule.REQUEST_INVALID),
        (ask(has_body=True), Rule.REQUEST_INVALID),
        (ask("https://user@api.example/"), Rule.REQUEST_INVALID),
    ],
)
def test_what_throws(request_: Request, rule: Rule) -> None:
    assert verdict_of(construct(request_)).rule is rule


def test_the_api_normalises_and_drops() -> None:
    headers = ((b"Cookie", b"x"), (b"X-A", b" 1\t"), (b"x-a", b"2"), (b"Sec-Foo", b"x"))
    made = construct(ask(method=b"put", headers=headers))
    assert isinstance(made, Request)
    assert made.method == b"PUT"
    assert made.headers == ((b"X-A", b"1"), (b"x-a", b"2"))
    combined = construct(ask(initiator=Initiator.XHR, headers=headers))
    assert isinstance(combined, Request)
    assert combined.headers == ((b"X-A", b"1, 2"),)


def test_no_cors_keeps_only_harmless_headers() -> None:
    headers = ((b"Accept", b"a"), (b"X-A", b"1"), (b"Content-Type", b"application/json"))
    made = construct(ask(mode=Mode.NO_CORS, headers=headers))
    assert isinstance(made, Request)
    assert made.headers == ((b"Accept", b"a"),)


@pytest.mark.parametrize(
    ("request_", "tainting"),
    [
        (ask(HOME), Tainting.BASIC),
        (ask(API), Tainting.CORS),
        (ask("https://app.example:444/"), Tainting.CORS),
        (ask("http://app.example/"), Tainting.CORS),
        (ask(API, mode=Mode.NO_CORS), Tainting.OPAQUE),
        (ask(HOME, origin=b"null"), Tainting.CORS),
        (ask(HOME, mode=Mode.SAME_ORIGIN), Tainting.BASIC),
    ],
)
def test_tainting(request_: Request, tainting: Tainting) -> None:
    assert hop_of(request_).tainting is tainting


@pytest.mark.parametrize(
    ("request_", "rule"),
    [
        (ask(API, mode=Mode.SAME_ORIGIN), Rule.MODE_SAME_ORIGIN),
        (ask("ftp://api.example/"), Rule.SCHEME_NOT_HTTP),
        (ask("foo:bar"), Rule.SCHEME_NOT_HTTP),
        (ask("http://api.example:25/"), Rule.BAD_PORT),
        (ask(API, mode=Mode.NO_CORS, redirect=RedirectMode.MANUAL), Rule.NO_CORS_REDIRECT_MODE),
    ],
)
def test_what_is_never_sent(request_: Request, rule: Rule) -> None:
    verdict = verdict_of(begin(request_))
    assert verdict.rule is rule
    assert verdict.failure is not None
    assert verdict.failure.stage is Stage.BEFORE
