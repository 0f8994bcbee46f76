"""`check` beside Chromium: on two real origins, what it says of a server is what the browser does, console and all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from corserver.cors.browser import CHROMIUM, Credentials, Mode, parse_url
from corserver.tools.check.question import Question
from corserver.tools.check.report import Report
from corserver.tools.check.sending import Sender, check
from tests.browser.chromium import needs_chromium
from tests.browser.sites import Page
from tests.tools.check.server import Answered, Asked, serving

pytestmark = needs_chromium

Lines = tuple[tuple[str, str], ...]
REFUSED = Answered(405)


@dataclass(frozen=True)
class Case:
    """A server's answers to the request and to its preflight, and what is asked. `{origin}` is the page's."""

    actual: Answered
    preflight: Answered = REFUSED
    method: str = "GET"
    headers: Lines = ()
    body: str | None = None
    credentials: str = "same-origin"
    mode: str = "cors"
    #: where a redirect leads
    moved: Answered = REFUSED
    moved_preflight: Answered = REFUSED


def says(*lines: tuple[str, str], status: int = 200) -> Answered:
    return Answered(status, lines)


ALLOW = ("Access-Control-Allow-Origin", "{origin}")
STAR = ("Access-Control-Allow-Origin", "*")
TRUE = ("Access-Control-Allow-Credentials", "true")
PUT_JSON: dict[str, Any] = {"method": "PUT", "headers": (("Content-Type", "application/json"),), "body": "{}"}
INCLUDE: dict[str, Any] = {"credentials": "include"}


def methods(value: str) -> tuple[str, str]:
    return "Access-Control-Allow-Methods", value


def headers(value: str) -> tuple[str, str]:
    return "Access-Control-Allow-Headers", value


GRANTED = says(ALLOW, methods("PUT"), headers("content-type"), status=204)

CASES: Mapping[str, Case] = {
    "silent": Case(says()),
    "named": Case(says(ALLOW, ("Access-Control-Expose-Headers", "X-One"), ("X-One", "1"), ("X-Two", "2"))),
    "star": Case(says(STAR)),
    "other-origin": Case(says(("Access-Control-Allow-Origin", "https://other.example"))),
    "no-origin": Case(says(("Access-Control-Allow-Origin", "example"))),
    "slash": Case(says(("Access-Control-Allow-Origin", "{origin}/"))),
    "two-lines": Case(says(ALLOW, STAR)),
    "list": Case(says(("Access-Control-Allow-Origin", "{origin}, https://other.example"))),
    "null": Case(says(("Access-Control-Allow-Origin", "null"))),
    "star-with-credentials": Case(says(STAR, TRUE), **INCLUDE),
    "no-credentials": Case(says(ALLOW), **INCLUDE),
    "credentials-True": Case(says(ALLOW, ("Access-Control-Allow-Credentials", "True")), **INCLUDE),
    "credentials": Case(says(ALLOW, TRUE), **INCLUDE),
    "404": Case(says(status=404)),
    "404-readable": Case(says(ALLOW, status=404)),
    "put": Case(says(ALLOW), GRANTED, **PUT_JSON),
    "put-405": Case(says(ALLOW), says(ALLOW, status=405), **PUT_JSON),
    "put-401": Case(says(ALLOW), says(status=401), **PUT_JSON),
    "put-redirected": Case(says(ALLOW), says(ALLOW, ("Location", "moved"), status=301), **PUT_JSON),
    "put-no-methods": Case(says(ALLOW), says(ALLOW, headers("content-type")), **PUT_JSON),
    "put-no-headers": Case(says(ALLOW), says(ALLOW, methods("PUT")), **PUT_JSON),
    "put-lower": Case(says(ALLOW), says(ALLOW, methods("put"), headers("content-type")), **PUT_JSON),
    "put-bad-methods": Case(says(ALLOW), says(ALLOW, methods("P UT"), headers("content-type")), **PUT_JSON),
    "put-bad-headers": Case(says(ALLOW), says(ALLOW, methods("PUT"), headers("content type")), **PUT_JSON),
    "put-star-credentials": Case(
        says(ALLOW, TRUE), says(ALLOW, TRUE, methods("*"), headers("*")), **PUT_JSON, **INCLUDE
    ),
    "patch-lower": Case(says(ALLOW), says(ALLOW, methods("PATCH")), method="patch"),
    "put-500": Case(says(status=500), GRANTED, **PUT_JSON),
    "authorization-star": Case(says(ALLOW), says(ALLOW, headers("*")), headers=(("Authorization", "x"),)),
    "redirect": Case(says(ALLOW, ("Location", "moved"), status=302), moved=says(ALLOW)),
    "redirect-silent": Case(says(("Location", "moved"), status=302), moved=says(ALLOW)),
    "redirect-to-silence": Case(says(ALLOW, ("Location", "moved"), status=302), moved=says()),
    "put-redirect": Case(
        says(ALLOW, ("Location", "moved"), status=307), GRANTED, **PUT_JSON, moved=says(ALLOW), moved_preflight=GRANTED
    ),
    "put-redirect-to-405": Case(says(ALLOW, ("Location", "moved"), status=307), GRANTED, **PUT_JSON, moved=says(ALLOW)),
    "redirect-with-user": Case(says(ALLOW, ("Location", "http://me:x@127.0.0.1:1/"), status=302)),
    "no-cors": Case(says(), mode="no-cors"),
    "same-origin": Case(says(ALLOW), mode="same-origin"),
}

SCRIPT = """
const found = [];
for (const [address, init] of asked) {
  const got = await fetch(address, init).catch(String);
  found.push(typeof got === "string" ? null : {type: got.type, status: got.status, headers: [...got.headers.keys()]});
}
return found;
"""


def fault(asked: Asked) -> Answered:
    """The server with all the faults, each below a path of its name."""
    _, name, end = asked.path.split("/")
    case = CASES[name]
    if end == "moved":
        answered = case.moved_preflight if asked.is_preflight else case.moved
    else:
        answered = case.preflight if asked.is_preflight else case.actual
    origin = asked.get("origin") or ""
    lines = tuple((name, value.replace("{origin}", origin)) for name, value in answered.headers)
    return Answered(answered.status, lines, b"" if answered.status == 204 else b"{}")


def question(case: Case, url: str, origin: str) -> Question:
    parsed = parse_url(url)
    assert parsed is not None
    return Question(
        url=parsed,
        origin=origin.encode(),
        method=case.method.encode(),
        headers=tuple((name.encode(), value.encode()) for name, value in case.headers),
        body=None if case.body is None else case.body.encode(),
        credentials=Credentials(case.credentials),
        mode=Mode(case.mode),
        browser=CHROMIUM,
    )


def init(case: Case) -> dict[str, object]:
    given: dict[str, object] = {
        "method": case.method,
        "headers": dict(case.headers),
        "credentials": case.credentials,
        "mode": case.mode,
    }
    return given if case.body is None else {**given, "body": case.body}


def foretold(report: Report) -> object:
    """What a script gets, as SCRIPT tells it."""
    if report.is_allowed:
        return {"type": "cors", "status": report.status, "headers": [name.decode() for name in report.readable]}
    opaque = {"type": "opaque", "status": 0, "headers": []}
    return opaque if report.rule is not None and report.rule.name == "OPAQUE" else None


async def test_check_says_what_chromium_does(page: Page) -> None:
    async with serving(fault) as site_b:
        urls = {name: f"{site_b}/{name}/data" for name in CASES}
        asked = [[urls[name], init(case)] for name, case in CASES.items()]
        reports = {name: await check(question(case, urls[name], page.origin), Sender()) for name, case in CASES.items()}
        got, console = await page.run_listening(SCRIPT, asked=asked)
    differing = {
        name: (report.headline, found)
        for (name, report), found in zip(reports.items(), got, strict=True)
        if foretold(report) != found
    }
    assert differing == {}
    told = [line for report in reports.values() for browser, line in report.console if browser == "Chrome"]
    assert len(told) > 20
    said = [message for message in console if "Access to fetch" in message or "Fetch API cannot load" in message]
    assert len(said) == len(told), json.dumps([said, told], indent=1)
    for line, message in zip(told, said, strict=True):
        assert f'"{line}"' in message
