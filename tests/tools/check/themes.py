"""What people struggle with: a fault, what is asked, and what the output must say of it."""

from dataclasses import dataclass, field, replace
from typing import Any

import click

from corserver.cors.browser import Credentials, Mode, parse_url
from corserver.tools.check.question import Question
from corserver.tools.check.report import Report
from corserver.tools.check.sending import Sender, check
from corserver.tools.check.text import render
from tests.tools.check.server import Answered, Fault, serving

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
        "a Vary that only ends in Origin",
        always(200, ("Vary", "X-Origin")),
        BLOCKED,
        "The answer says nothing about CORS",
        (ALLOW,),
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
