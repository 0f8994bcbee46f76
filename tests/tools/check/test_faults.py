"""What people struggle with, each as a server that has the fault: named, and mended by the output alone."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import click
import pytest

from corserver.cors.browser import CHROMIUM, Credentials, Mode, parse_url
from corserver.tools.check.question import Question
from corserver.tools.check.report import Outcome, Report, Topic
from corserver.tools.check.sending import Sender, check
from corserver.tools.check.text import render
from tests.tools.check.server import Answered, Asked, Fault, mended, serving

PAGE = "https://app.example"
ACAO = ("Access-Control-Allow-Origin", PAGE)
STAR = ("Access-Control-Allow-Origin", "*")
ACAC = ("Access-Control-Allow-Credentials", "true")
VARY = ("Vary", "Origin")
JSON = ((b"content-type", b"application/json"),)


def methods(value: str) -> tuple[str, str]:
    return "Access-Control-Allow-Methods", value


def headers(value: str) -> tuple[str, str]:
    return "Access-Control-Allow-Headers", value


def always(status: int, *lines: tuple[str, str], body: bytes = b"{}") -> Fault:
    return lambda asked: Answered(status, lines, body)


def split(preflight: Answered, actual: Answered) -> Fault:
    return lambda asked: preflight if asked.is_preflight else actual


def by_path(**answers: Answered) -> Fault:
    return lambda asked: answers.get(asked.path.strip("/") or "root", Answered(404))


GOOD = Answered(204, (ACAO, methods("PUT, DELETE"), headers("content-type"), VARY), b"")
GRANTED = Answered(200, (ACAO, VARY))


@dataclass(frozen=True)
class Theme:
    """A fault, what is asked, and what the output must say of it."""

    name: str
    fault: Fault
    headline: str
    #: words of the cause or the reason
    says: str
    #: lines that are to be found in the output, to the letter
    mend: tuple[str, ...] = ()
    asked: dict[str, Any] = field(default_factory=dict)
    path: str = "/items"
    #: after the mends of the output it is allowed
    is_mended: bool = True


PUT = {"method": b"PUT"}
INCLUDE = {"credentials": Credentials.INCLUDE}
LOST = "First find the URL that is meant: nothing is at /items."
ALLOW = f"Access-Control-Allow-Origin: {PAGE}"
BLOCKED, PREFLIGHT, REDIRECT = "BLOCKED at the response", "BLOCKED at the preflight", "BLOCKED at a redirect"

THEMES = [
    Theme("curl works", always(200), BLOCKED, "as curl and Postman show, which do not enforce CORS", (ALLOW,)),
    Theme("401 before CORS", split(Answered(401), GRANTED), PREFLIGHT, "Authentication ran before CORS", (ALLOW,), PUT),
    Theme("403 before CORS", split(Answered(403), GRANTED), PREFLIGHT, "a CSRF check ran before CORS", (ALLOW,), PUT),
    Theme(
        "OPTIONS is 404", split(Answered(404), GRANTED), PREFLIGHT, "Nothing answers OPTIONS at /items", (ALLOW,), PUT
    ),
    Theme(
        "the path is 404", always(404), PREFLIGHT, "/items is a 404 for GET too. Mend the URL first", (LOST, ALLOW), PUT
    ),
    Theme(
        "OPTIONS is 405",
        split(Answered(405, (("Allow", "GET, PUT"), ACAO)), GRANTED),
        PREFLIGHT,
        "does not take OPTIONS here (405; Allow: GET, PUT)",
        ("HTTP/1.1 204 No Content", "Access-Control-Allow-Methods: PUT"),
        PUT,
    ),
    Theme(
        "OPTIONS is 501", split(Answered(501), GRANTED), PREFLIGHT, "nothing there answers preflights", (ALLOW,), PUT
    ),
    Theme("OPTIONS is 500", split(Answered(500), GRANTED), PREFLIGHT, "failed on the preflight (500)", (ALLOW,), PUT),
    Theme(
        "the server's own CORS settings refuse the preflight, as Starlette does",
        split(Answered(400, (methods("PUT"),), b"Disallowed CORS origin"), Answered(200)),
        PREFLIGHT,
        "The server's own CORS settings refuse this (400); it says: Disallowed CORS origin",
        ("HTTP/1.1 204 No Content", ALLOW),
        PUT,
    ),
    Theme(
        "the server's own CORS settings refuse the request, as Spring does",
        always(403, body=b"Invalid CORS request"),
        BLOCKED,
        "The server's own CORS settings refuse this (403); it says: Invalid CORS request",
        (ALLOW,),
    ),
    Theme(
        "OPTIONS is redirected to a login",
        split(Answered(302, (("Location", "/login?next=/items"),)), GRANTED),
        PREFLIGHT,
        "It leads to a login page",
        ("HTTP/1.1 204 No Content", ALLOW),
        PUT,
    ),
    Theme(
        "OPTIONS is redirected to a slash",
        split(Answered(307, (("Location", "/items/"), ACAO)), GRANTED),
        PREFLIGHT,
        "Only a slash at the end differs: ask for http://127.0.0.1:",
        ("In the script ask for http://127.0.0.1:",),
        PUT,
    ),
    Theme(
        "a 500 without CORS",
        split(GOOD, Answered(500)),
        BLOCKED,
        "This is a 500, not a CORS problem",
        ("First mend the 500 itself.", ALLOW),
        PUT,
    ),
    Theme("a 404 without CORS", always(404), BLOCKED, "This is a 404, not a CORS problem", (ALLOW,)),
    Theme(
        "errors bypass CORS",
        split(GOOD, Answered(500)),
        BLOCKED,
        "The preflight had them, so CORS is set up, but errors bypass it.",
        ("In every answer to PUT /items, errors too:",),
        PUT,
    ),
    Theme("* with credentials", always(200, STAR, ACAC), BLOCKED, "`*` does not do for those", (ALLOW,), INCLUDE),
    Theme(
        "credentials not allowed",
        always(200, ACAO, VARY),
        BLOCKED,
        "the server does not say that it may",
        ("Access-Control-Allow-Credentials: true",),
        INCLUDE,
    ),
    Theme(
        "True instead of true",
        always(200, ACAO, VARY, ("Access-Control-Allow-Credentials", "True")),
        BLOCKED,
        "(it says `True`)",
        ("Access-Control-Allow-Credentials: true",),
        INCLUDE,
    ),
    Theme(
        "a header is not allowed",
        split(Answered(204, (ACAO, methods("PUT"), headers("x-a")), b""), GRANTED),
        PREFLIGHT,
        "The script sends content-type; the server allows x-a, and nothing else.",
        ("Access-Control-Allow-Headers: x-a, content-type",),
        {**PUT, "headers": JSON},
    ),
    Theme(
        "* does not cover Authorization",
        split(Answered(204, (STAR, headers("*")), b""), Answered(200, (STAR,))),
        PREFLIGHT,
        "does not cover Authorization",
        ("Access-Control-Allow-Headers: *, authorization",),
        {"headers": ((b"Authorization", b"Bearer x"),)},
    ),
    Theme(
        "a CORS header in the request",
        split(Answered(204, (STAR,), b""), Answered(200, (STAR,))),
        PREFLIGHT,
        "That is for the server to send: in a request it allows nothing",
        ("In the script leave out the request header access-control-allow-origin",),
        {"headers": ((b"Access-Control-Allow-Origin", b"*"),)},
        is_mended=False,
    ),
    Theme(
        "a method is not allowed",
        split(Answered(204, (ACAO, methods("GET, POST")), b""), GRANTED),
        PREFLIGHT,
        "The script sends PUT; the server allows GET, POST, and nothing else.",
        ("Access-Control-Allow-Methods: GET, POST, PUT",),
        PUT,
    ),
    Theme(
        "patch in lower case",
        split(Answered(204, (ACAO, methods("PATCH")), b""), GRANTED),
        PREFLIGHT,
        "fetch() does not upper-case `patch`",
        ("In the script write the method in upper case: `method: 'PATCH'`.",),
        {"method": b"patch"},
        is_mended=False,
    ),
    Theme(
        "two methods in one token",
        split(Answered(204, (ACAO, methods("PUT DELETE")), b""), GRANTED),
        PREFLIGHT,
        "`PUT DELETE` is no name: between names there are commas",
        ("Access-Control-Allow-Methods: PUT, DELETE",),
        PUT,
    ),
    Theme(
        "sent twice",
        always(200, ACAO, STAR),
        BLOCKED,
        "Two places add the header",
        (ALLOW, "Access-Control-Allow-Origin: *  (drop this line)", "Let one place send the header"),
    ),
    Theme("a trailing slash", always(200, (ACAO[0], f"{PAGE}/")), BLOCKED, "not even a trailing slash", (ALLOW,)),
    Theme("another scheme", always(200, (ACAO[0], "http://app.example")), BLOCKED, "in its scheme", (ALLOW,)),
    Theme("another port", always(200, (ACAO[0], f"{PAGE}:8443")), BLOCKED, "in its port", (ALLOW,)),
    Theme("www", always(200, (ACAO[0], "https://www.app.example")), BLOCKED, "in the leading `www.`", (ALLOW,)),
    Theme("upper case", always(200, (ACAO[0], "https://App.example")), BLOCKED, "is lower-case", (ALLOW,)),
    Theme(
        "the origin null",
        always(200, ACAO),
        BLOCKED,
        "a sandboxed frame, a file: or data: page",
        ("Access-Control-Allow-Origin: *", "Or open the page by http instead of file:"),
        {"origin": b"null"},
    ),
    Theme(
        "not on the list",
        always(200, VARY),
        BLOCKED,
        "The server knows CORS (it sends `Vary: Origin`), and this origin is not on its list",
        (ALLOW,),
    ),
    Theme(
        "a header cannot be read",
        always(200, STAR, ("ETag", '"1"')),
        "BLOCKED at reading",
        "etag arrives, and the script cannot read it",
        ("Access-Control-Expose-Headers: etag",),
        {"read": (b"etag",)},
    ),
    Theme(
        "a redirect without CORS",
        lambda asked: Answered(301, (("Location", "/items/"),)) if asked.path == "/items" else GRANTED,
        REDIRECT,
        "Only a slash at the end differs",
        (ALLOW,),
    ),
    Theme(
        "a redirect to a login page",
        lambda asked: Answered(302, (("Location", "https://sso.example/login"),)),
        REDIRECT,
        "It leads to a login page (https://sso.example/login): the request was not logged in",
        (ALLOW,),
        is_mended=False,
    ),
    Theme(
        "mode no-cors",
        always(200),
        BLOCKED,
        "does not switch CORS off",
        ("Leave out `mode: 'no-cors'` in the script",),
        {"mode": Mode.NO_CORS},
        is_mended=False,
    ),
]


def question(url: str, asked: dict[str, Any]) -> Question:
    parsed = parse_url(url)
    assert parsed is not None
    return replace(Question(url=parsed, origin=PAGE.encode()), **asked)


async def look(fault: Fault, asked: dict[str, Any], path: str = "/items") -> tuple[Report, str]:
    """The report, and the output as it is piped."""
    async with serving(fault) as url:
        report = await check(question(url + path, asked), Sender())
    return report, click.unstyle(render(report))


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


async def test_a_missing_vary_is_found_by_asking_as_another_origin_and_as_none() -> None:
    def fault(asked: Asked) -> Answered:
        return Answered(200, (ACAO,)) if asked.get("origin") == PAGE else Answered(200)

    report, output = await look(fault, {})
    assert report.is_allowed
    assert "it works once and fails later" in output
    assert "\n      Vary: Origin\n" in output

    def varying(asked: Asked) -> Answered:
        return replace(fault(asked), headers=(*fault(asked).headers, VARY))

    report, output = await look(varying, {})
    assert Topic.MISSING_VARY not in {note.topic for note in report.notes}


@pytest.mark.parametrize(("lines", "is_said"), [((ACAO,), True), ((ACAO, VARY), False), ((STAR,), False), ((), False)])
async def test_vary_is_not_tried_out_with_a_request_that_acts(
    lines: tuple[tuple[str, str], ...], is_said: bool
) -> None:
    acted = []

    def fault(asked: Asked) -> Answered:
        acted.append(asked.method)
        return GOOD if asked.is_preflight else Answered(200, lines)

    report, output = await look(fault, PUT)
    assert (Topic.MISSING_VARY in {note.topic for note in report.notes}) == is_said
    assert ("caches keep no answer to a PUT" in output) == is_said
    assert acted.count("PUT") == 1


@pytest.mark.parametrize("fault", [always(200, STAR), always(200, ACAO)], ids=["*", "one origin"])
async def test_an_answer_that_is_always_the_same_needs_no_vary(fault: Fault) -> None:
    report, _ = await look(fault, {})
    assert Topic.MISSING_VARY not in {note.topic for note in report.notes}


def reflecting(*lines: tuple[str, str]) -> Fault:
    return lambda asked: Answered(200, ((ACAO[0], asked.get("origin") or PAGE), VARY, *lines))


async def test_an_echo_of_every_origin_is_a_warning_with_credentials() -> None:
    report, output = await look(reflecting(ACAC), INCLUDE)
    assert report.is_allowed
    assert "every site on the web can read what your users can" in output


async def test_a_preflight_before_every_call_is_noted_with_the_line_that_ends_it() -> None:
    report, output = await look(split(GOOD, GRANTED), PUT)
    assert report.is_allowed
    assert "Access-Control-Max-Age is absent" in output
    assert "\n      Access-Control-Max-Age: 7200\n" in output
    assert "5 s in Chromium, 5 s in Firefox, 5 s in Safari" in output


async def test_cookies_are_a_matter_of_their_own() -> None:
    _, output = await look(always(200, ACAO, ACAC, VARY, ("Set-Cookie", "sid=1; HttpOnly")), INCLUDE)
    assert "The cookie sid lacks `SameSite=None; Secure`" in output


@pytest.mark.parametrize("credentials", list(Credentials))
async def test_a_cookie_is_sent_where_a_browser_sends_it(credentials: Credentials) -> None:
    seen: list[tuple[str, str | None]] = []

    def fault(asked: Asked) -> Answered:
        seen.append((asked.method, asked.get("cookie")))
        lines = (ACAO, ACAC, methods("PUT"), VARY)
        return Answered(204, lines, b"")

    asked = {**PUT, "credentials": credentials, "cookie": b"sid=1"}
    report, output = await look(fault, asked)
    assert report.is_allowed
    expected = "sid=1" if credentials is Credentials.INCLUDE else None
    assert seen == [("OPTIONS", None), ("PUT", expected)]
    assert ("The cookie was not sent" in output) is (expected is None)


async def test_a_cookie_stays_with_its_host() -> None:
    seen: list[str | None] = []

    def target(asked: Asked) -> Answered:
        seen.append(asked.get("cookie"))
        return Answered(200, ((ACAO[0], asked.get("origin") or "null"), ACAC))

    async with serving(target) as url:
        elsewhere = url.replace("127.0.0.1", "localhost") + "/x"
        await look(always(302, ACAO, ACAC, ("Location", elsewhere)), {**INCLUDE, "cookie": b"sid=1"})
    assert seen
    assert set(seen) == {None}


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


async def test_nothing_that_changes_anything_is_sent_twice_or_unasked() -> None:
    seen: list[str] = []

    def counting(fault: Fault) -> Callable[[Asked], Answered]:
        def answer(asked: Asked) -> Answered:
            seen.append(asked.method)
            return fault(asked)

        return answer

    allowed = split(Answered(204, (STAR, methods("*"), headers("*")), b""), Answered(200, (STAR,)))
    await look(counting(allowed), {"method": b"DELETE", "security": True})
    assert seen.count("DELETE") == 1
    seen.clear()
    report, _ = await look(counting(allowed), {"method": b"DELETE", "headers": ((b"Authorization", b"x"),)})
    assert "DELETE" not in seen, "Chromium would, but the standard decides"
    assert report.others[0].sentence == "accepts the preflight and sends the DELETE"


SECURITY = [
    ("reflection", lambda origin: True),
    ("null", lambda origin: origin == "null"),
    ("prefix", lambda origin: origin.startswith(PAGE)),
    ("suffix", lambda origin: origin.endswith("app.example")),
    ("subdomain", lambda origin: origin.endswith(".app.example")),
    ("dot", lambda origin: origin == "https://appxexample"),
    ("scheme", lambda origin: origin == "http://app.example"),
]


@pytest.mark.parametrize(("name", "lets_in"), SECURITY)
async def test_origins_that_nobody_meant_are_found(name: str, lets_in: Callable[[str], bool]) -> None:
    def fault(asked: Asked) -> Answered:
        origin = asked.get("origin") or ""
        lines = ((ACAO[0], origin), ACAC) if origin == PAGE or lets_in(origin) else ()
        return Answered(200, (*lines, VARY))

    report, output = await look(fault, {"security": True, **INCLUDE})
    assert report.is_allowed, "what others may does not change the verdict"
    dangers = {probe.name for probe in report.probes if probe.is_danger}
    assert name in dangers
    assert "allowed with credentials" in output
    if name != "reflection":
        assert "reflection" not in dangers


async def test_a_good_server_lets_none_of_them_in() -> None:
    report, _ = await look(always(200, ACAO), {"security": True})
    assert len(report.probes) == 7
    assert not any(probe.is_danger for probe in report.probes)
