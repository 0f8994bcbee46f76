"""Short words for the tests of the browser model: requests, answers, and how far a fetch has come."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypedDict, Unpack

import pytest

from corserver.cors.browser import (
    BROWSERS,
    STANDARD,
    Answer,
    Browser,
    Credentials,
    EmbedderPolicy,
    Failure,
    Hop,
    Initiator,
    Message,
    Mode,
    RedirectMode,
    Request,
    Rule,
    Url,
    Verdict,
    begin,
    construct,
    judge_preflight,
    judge_response,
    parse_url,
    preflight_for,
)
from corserver.cors.fetch import Field

PAGE = b"https://app.example"
API = "https://api.example/items"
HOME = "https://app.example/items"
ALL = pytest.mark.parametrize("browser", BROWSERS, ids=lambda browser: browser.name)


def url(text: str) -> Url:
    found = parse_url(text)
    assert found is not None
    return found


class Options(TypedDict, total=False):
    """The fields of a Request beside its URL."""

    origin: bytes
    method: bytes
    headers: tuple[Field, ...]
    has_body: bool
    credentials: Credentials
    mode: Mode
    redirect: RedirectMode
    initiator: Initiator
    upload_listener: bool
    embedder_policy: EmbedderPolicy


def ask(target: str = API, **options: Unpack[Options]) -> Request:
    return replace(Request(url=url(target), origin=PAGE), **options)


def hop_of(request: Request) -> Hop:
    made = construct(request)
    assert isinstance(made, Request)
    hop = begin(made)
    assert isinstance(hop, Hop)
    return hop


def verdict_of(step: Request | Hop | Verdict) -> Verdict:
    assert isinstance(step, Verdict)
    return step


def answer(*lines: tuple[str, str], status: int = 200) -> Answer:
    return Answer(status, tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in lines))


def rule_of(failure: Failure | None) -> Rule | None:
    return None if failure is None else failure.rule


ACAO = ("Access-Control-Allow-Origin", PAGE.decode())
STAR = ("Access-Control-Allow-Origin", "*")
ACAC = ("Access-Control-Allow-Credentials", "true")


def judged(request: Request, reply: Answer, browser: Browser = STANDARD) -> Failure | None:
    hop = hop_of(request)
    preflight = preflight_for(hop, browser)
    assert preflight is not None
    return judge_preflight(hop, preflight, reply, browser)


def methods(value: str) -> tuple[str, str]:
    return "Access-Control-Allow-Methods", value


def headers(value: str) -> tuple[str, str]:
    return "Access-Control-Allow-Headers", value


PUT = ask(method=b"PUT")
FOO = ask(headers=((b"X-Foo", b"1"),))
AUTH = ask(headers=((b"Authorization", b"x"),))


def credentialed(request: Request) -> Request:
    return replace(request, credentials=Credentials.INCLUDE)


def moved(to: str, *lines: tuple[str, str], status: int = 302) -> Answer:
    return answer(("Location", to), *(lines or (STAR,)), status=status)


def followed(request: Request, *locations: str, browser: Browser = STANDARD, status: int = 302) -> Hop:
    hop = hop_of(request)
    for location in locations:
        step = judge_response(hop, moved(location, status=status), browser)
        assert isinstance(step, Hop)
        hop = step
    return hop


def scripted(preflight: Answer, *answers: Answer) -> Callable[[Message], Answer | None]:
    left = list(answers)
    return lambda message: left.pop(0) if message.preflight is None else preflight
