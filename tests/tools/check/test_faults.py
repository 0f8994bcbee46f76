"""What people struggle with, each as a server that has the fault: named, and mended by the output alone."""

from typing import Any

import pytest

from corserver.cors.browser import CHROMIUM
from corserver.tools.check.report import Outcome, Topic
from corserver.tools.check.sending import Sender, check
from tests.tools.check.server import Answered, mended, serving

from .themes import ACAO, BLOCKED, GRANTED, PREFLIGHT, PUT, STAR, THEMES, Theme, always, headers, look, question, split


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
async def test_a_fault_is_named_and_the_output_mends_it(theme: Theme) -> None:
    report, output = await look(theme.fault, theme.asked, theme.path)
    assert output.startswith(theme.headline)
    assert theme.says in output
    for line in theme.mend:
        assert any(shown.strip().startswith(line) for shown in output.splitlines()), line
    if theme.is_mended:
        fault = theme.fault
        for _ in range(3):  # what comes after a preflight is only seen once that is mended
            fault = mended(fault, report)
            report, output = await look(fault, theme.asked, theme.path)
        assert report.outcome is Outcome.ALLOWED, output


async def test_a_readable_error_is_allowed_and_no_cors_error() -> None:
    report, output = await look(always(401, STAR), {})
    assert report.is_allowed
    assert "ALLOWED: the script can read the answer, a 401" in output
    assert "it is no CORS error" in output


async def test_the_local_network_and_mixed_content_are_notes() -> None:
    report, output = await look(always(200, STAR), {})
    assert report.is_allowed
    assert "Local Network Access: the server is on this machine (127.0.0.1)" in output
    assert "Mixed content" not in output, "loopback is exempt"
    report, output = await look(always(200, STAR), {"origin": b"http://localhost:3000"})
    assert "Local Network Access" not in output


async def test_a_cross_origin_redirect_makes_the_origin_null() -> None:
    async with serving(lambda asked: GRANTED) as third:
        fault = always(302, ACAO, ("Location", third + "/items"))
        report, output = await look(fault, {})
    assert report.headline == BLOCKED
    assert "> Origin: null" in output
    assert "Ask for the last URL directly" in output


async def test_within_the_pages_own_origin_cors_plays_no_part() -> None:
    async with serving(always(200, ("X-Any", "1"))) as url:
        asked = question(url + "/items", {"origin": url.encode(), "method": b"PUT", "read": (b"x-any",)})
        report = await check(asked, Sender())
    assert report.is_allowed
    assert [step.is_preflight for step in report.steps] == [False]
    assert [note.topic for note in report.notes] == [Topic.SAME_ORIGIN]


async def test_what_was_acted_on_is_said() -> None:
    _, output = await look(always(200), {"method": b"POST"})
    assert "The server got the POST and acted on it" in output


async def test_browsers_that_differ_are_named_and_decide_when_they_are_asked() -> None:
    fault = split(Answered(204, (STAR, headers("*")), b""), Answered(200, (STAR,)))
    asked: dict[str, Any] = {"headers": ((b"Authorization", b"Bearer x"),)}
    report, output = await look(fault, asked)
    assert report.headline == PREFLIGHT
    assert {other.browser for other in report.others} == {"Chromium", "Firefox", "Safari"}
    assert "lets the script read the answer (200)" in output
    report, output = await look(fault, {**asked, "browser": CHROMIUM})
    assert report.is_allowed
    assert [other.browser for other in report.others] == ["the Fetch standard"]


async def test_each_console_blames_what_its_browser_checks_first() -> None:
    report, _ = await look(always(302, ("Location", "/elsewhere")), PUT)
    lines = dict(report.console)
    assert lines["Chrome"].endswith("Redirect is not allowed for a preflight request.")
    assert "CORS header ‘Access-Control-Allow-Origin’ missing" in lines["Firefox"]
    assert report.chrome_code == "PreflightDisallowedRedirect"
