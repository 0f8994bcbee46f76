"""What is foretold of each case of the gallery: the rule that is not kept, or none."""

import pytest

from corserver.cors.browser import CHROMIUM, FIREFOX, SAFARI, STANDARD, Browser, parse_url
from corserver.tools.demo.cases import CASES, Case
from corserver.tools.demo.foretold import browser_of, foretell

A = "http://127.0.0.1:8000"
URL = parse_url("http://127.0.0.1:8001/run/1/data")
RULES = {
    "no-header": "ACAO_MISSING",
    "header-for-a": None,
    "any-origin": None,
    "wrong-origin": "ACAO_MISMATCH",
    "put-json": None,
    "put-get-only": "METHOD_NOT_ALLOWED",
    "header-not-listed": "HEADER_NOT_ALLOWED",
    "missing-on-actual": "ACAO_MISSING",
    "preflight-401": "PREFLIGHT_STATUS_NOT_OK",
    "preflight-redirect": "PREFLIGHT_REDIRECT",
    "redirect": None,
    "redirect-fails": "ACAO_MISSING",
    "redirect-elsewhere": "ACAO_MISMATCH",
    "star-credentials": "ACAO_WILDCARD_WITH_CREDENTIALS",
    "credentials": None,
    "hidden-header": None,
    "exposed-header": None,
    "hidden-404": "ACAO_MISSING",
    "readable-404": None,
    "null-origin": "ACAO_MISSING",
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_case_shows_its_rule(case: Case) -> None:
    assert URL is not None
    report = foretell(case.run(A, URL), A, URL, CHROMIUM)
    rule = None if report.rule is None else report.rule.name
    assert rule == RULES[case.name]
    assert bool(report.mends) == (not report.is_allowed)


@pytest.mark.parametrize(
    ("agent", "browser"),
    [
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36", CHROMIUM),
        ("Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0", FIREFOX),
        ("Mozilla/5.0 (Macintosh) AppleWebKit/605.1 (KHTML, like Gecko) Version/26.0 Safari/605.1", SAFARI),
        ("curl/8", STANDARD),
    ],
)
def test_the_browser_is_known_by_its_name(agent: str, browser: Browser) -> None:
    assert browser_of(agent) is browser
