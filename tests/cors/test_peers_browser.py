"""What other CORS libraries mean by their answers: what a browser then lets a page do.

Their bytes differ from this engine's (they echo what is asked for, answer 200 or 400, leave lists out), so what is
compared is the browser's verdict. Every row is judged by each browser that is known here; the rule that fails is the
Fetch standard's. A row's id names the library family that holds its server to the fact.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest

from corserver.cors import CORSRequest, Decision, Policy
from corserver.cors.browser import (
    BROWSERS,
    SAFARI,
    STANDARD,
    Answer,
    Browser,
    Credentials,
    Message,
    Request,
    Rule,
    Verdict,
    parse_url,
    preflight_lifetime,
    simulate,
)
from corserver.cors.fetch import Field
from tests.cors.peers import LOCAL, OTHER, PAGE, POLICIES

_SERVER: Final = parse_url("https://server.test/things/7")
_APP: Final[tuple[Field, ...]] = (
    (b"Content-Type", b"text/plain"),
    (b"X-One", b"1"),
    (b"X-Id", b"7"),
    (b"X-Status", b"ok"),
)

#: What an intermediary makes of the lines of Access-Control-Request-Headers.
Rewriting = Callable[[bytes], tuple[bytes, ...]]


def decide(policy: Policy | None, method: bytes, lines: tuple[Field, ...]) -> Decision:
    request = CORSRequest.read(method, lines)
    return Decision.ungoverned(request) if policy is None else policy.decide(request)


def fetch(
    policy: Policy | None, request: Request, browser: Browser, *, status: int = 200, rewriting: Rewriting | None = None
) -> Verdict:
    """The verdict of *browser* on what a server with *policy* answers; its app answers everything with *status*."""

    def answer(message: Message) -> Answer:
        lines: list[Field] = []
        for name, value in message.headers:
            is_list = name == b"Access-Control-Request-Headers"
            lines += [(name, part) for part in (rewriting(value) if is_list and rewriting else (value,))]
        decision = decide(policy, message.method, tuple(lines))
        return Answer(decision.status or status, decision.decorate(() if decision.status else _APP))

    return simulate(request, answer, browser)


@dataclass(frozen=True, slots=True)
class Row:
    """A page at *origin* fetches from a server with *policy*; *rule* is the one that fails, None if it may read."""

    id: str
    policy: str
    origin: str
    method: str = "GET"
    names: str = ""
    rule: Rule | None = None
    credentials: Credentials = Credentials.SAME_ORIGIN

    def request(self) -> Request:
        assert _SERVER is not None
        return Request(
            url=_SERVER,
            origin=self.origin.encode(),
            method=self.method.encode(),
            headers=tuple((name.encode(), b"application/json") for name in self.names.split()),
            credentials=self.credentials,
        )


_INCLUDE = Credentials.INCLUDE
_METHOD, _HEADER, _MISSING = Rule.METHOD_NOT_ALLOWED, Rule.HEADER_NOT_ALLOWED, Rule.ACAO_MISSING
_BELOW = "http://a.page.example:6060"

ROWS: Final = (
    Row("jub0bs: no policy, no reading", "none", LOCAL, rule=_MISSING),
    Row("jub0bs: no policy, no preflight", "none", LOCAL, "PURGE", rule=_MISSING),
    Row("jub0bs: no policy, no preflight for headers", "none", LOCAL, "GET", "x-a x-b", _MISSING),
    Row("jub0bs: an allowed origin reads", "credentials", LOCAL, credentials=_INCLUDE),
    Row("jub0bs: a listed method", "credentials", LOCAL, "PURGE", credentials=_INCLUDE),
    Row("jub0bs: a listed method and header", "credentials", LOCAL, "PURGE", "authorization", credentials=_INCLUDE),
    Row("jub0bs: an unlisted method", "credentials", LOCAL, "PUT", rule=_METHOD, credentials=_INCLUDE),
    Row("jub0bs: an unlisted header", "credentials", LOCAL, "PURGE", "content-type", _HEADER, _INCLUDE),
    Row("jub0bs: unlisted headers with GET", "credentials", LOCAL, "GET", "x-a x-b x-c", _HEADER, _INCLUDE),
    Row("jub0bs: another origin reads nothing", "credentials", PAGE, rule=_MISSING, credentials=_INCLUDE),
    Row("jub0bs: another origin sends no method", "credentials", PAGE, "PURGE", rule=_MISSING),
    Row("jub0bs: another origin sends no header", "credentials", PAGE, "GET", "authorization", _MISSING),
    Row("jub0bs: any header, with credentials", "credentials, any header", LOCAL, "GET", "x-c x-a x-b", None, _INCLUDE),
    Row("jub0bs: any header is not any method", "credentials, any header", LOCAL, "PURGE", "x-a", _METHOD, _INCLUDE),
    Row("jub0bs: no header at all", "credentials, no headers", LOCAL, "GET", "x-a", _HEADER, _INCLUDE),
    Row("jub0bs: no method at all", "credentials, no headers", LOCAL, "PUT", rule=_METHOD),
    Row("jub0bs: everything", "any, all", LOCAL, "PURGE", "content-type"),
    Row("jub0bs: everything, for a page without an origin", "any, all", "null", "PURGE", "content-type"),
    Row("jub0bs: everything and authorization", "any, all", LOCAL, "PUT", "authorization x-a"),
    Row("jub0bs: everything but credentials", "any, all", LOCAL, "GET", rule=Rule.ACAO_WILDCARD_WITH_CREDENTIALS,
        credentials=_INCLUDE),
    Row("jub0bs: everything but authorization", "any, all but authorization", LOCAL, "GET", "content-type x-a"),
    Row("jub0bs: subdomain and port", "subdomains", _BELOW),
    Row("jub0bs: subdomain and port, no header", "subdomains", _BELOW, "GET", "x-a", _HEADER),
    Row("jub0bs: above the subdomains", "subdomains", "http://page.example", rule=_MISSING),
    Row("jub0bs: a scheme of its own", "own scheme", "connector://page.example", credentials=_INCLUDE),
    Row("jub0bs: that scheme, a header", "own scheme", "connector://page.example", "GET", "x-a", _HEADER),
    Row("rs: a listed method", "lists", PAGE, "DELETE"),
    Row("rs: an unlisted method", "lists", PAGE, "PATCH", rule=_METHOD),
    Row("rs: listed headers, in any case", "lists", PAGE, "GET", "X-A x-b"),
    Row("rs: an unlisted header among listed ones", "lists", PAGE, "GET", "x-a x-c", _HEADER),
    Row("rs: anything goes, until it wants credentials", "any, all", OTHER, "PUT", "x-a",
        Rule.ACAO_WILDCARD_WITH_CREDENTIALS, _INCLUDE),
    Row("rs: a function says no", "predicate", PAGE, rule=_MISSING),
    Row("starlette: POST needs no list", "lists", PAGE, "POST", "x-a"),
    Row("starlette: content-type only if listed", "lists", PAGE, "POST", "content-type", _HEADER),
    *(Row(f"starlette: any method, {method}", "any, all", PAGE, method)
      for method in ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "patch")),
    Row("starlette: a list is no leave for credentials", "list", PAGE, rule=Rule.ACAC_NOT_TRUE, credentials=_INCLUDE),
    Row("starlette: another origin, method and header", "lists", OTHER, "PATCH", "x-nope", _MISSING),
    Row("django: OPTIONS as a method", "any, content-type", PAGE, "OPTIONS", "content-type"),
    Row("django: null is nobody", "list", "null", rule=_MISSING),
    Row("django: a signal for null is not asked", "always", "null", rule=_MISSING),
    Row("django: a signal says yes", "always", OTHER),
    Row("django: a signal says no", "never", OTHER, "PUT", rule=_MISSING),
    Row("flask: only what matches is sent", "lists", PAGE, "GET", "x-a x-not-found", _HEADER),
    Row("flask: a method that is not listed", "lists", PAGE, "LOCK", rule=_METHOD),
    Row("flask: a method in lower case is another", "lists", PAGE, "lock", rule=_METHOD),
    Row("flask: a method that browsers put in upper case", "lists", PAGE, "put"),
    Row("express: methods of one's own", "own methods", PAGE, "bar", "buzz", None, _INCLUDE),
    Row("express: their case counts", "own methods", PAGE, "BAR", "buzz", _METHOD, _INCLUDE),
    Row("express: requested headers are not granted by default", "list", PAGE, "GET", "x-header-1", _HEADER),
    Row("tower: mirrored headers", "credentials, any header", LOCAL, "POST", "content-type", None, _INCLUDE),
    Row("tower: permissive", "any, all", PAGE, "PUT", "content-type"),
)  # fmt: skip


@pytest.mark.parametrize("browser", BROWSERS, ids=lambda browser: browser.name)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_browser_concludes(row: Row, browser: Browser) -> None:
    verdict = fetch(POLICIES[row.policy], row.request(), browser)

    assert verdict.readable is (row.rule is None)
    if browser is STANDARD:
        assert verdict.rule is row.rule


@pytest.mark.parametrize("status", [400, 401, 404, 405, 500, 503])
@pytest.mark.parametrize("row", [row for row in ROWS if row.rule is None], ids=lambda row: row.id)
def test_django_flask_express_an_error_is_as_readable(row: Row, status: int) -> None:
    verdict = fetch(POLICIES[row.policy], row.request(), STANDARD, status=status)

    assert (verdict.readable, verdict.status) == (True, status)


# Only the standard as it is written keeps Authorization from `*`; the browsers are yet to follow.
def test_jub0bs_authorization_must_be_named_beside_a_star() -> None:
    request = Row("", "", LOCAL, "GET", "authorization x-a").request()

    assert fetch(POLICIES["any, all but authorization"], request, STANDARD).rule is Rule.AUTHORIZATION_NOT_LISTED
    for browser in BROWSERS:
        assert fetch(POLICIES["any, all"], request, browser).readable


# ----------------------------------------------------------------------------- a list of names that was tampered with


def _one_line_each(value: bytes) -> tuple[bytes, ...]:
    return tuple(value.split(b","))


def _backwards(value: bytes) -> tuple[bytes, ...]:
    return (b",".join(reversed(value.split(b","))),)


#: What proxies were seen to make of the list. jub0bs and rs refuse some of it, as no browser sends it; the answer here
#: does not depend on it, so that the page is not made to suffer.
REWRITINGS: Final[tuple[tuple[str, Rewriting], ...]] = (
    ("jub0bs: untouched", lambda value: (value,)),
    ("jub0bs: a space after each comma", lambda value: (value.replace(b",", b", "),)),
    ("jub0bs: tabs and spaces", lambda value: (b"  " + value.replace(b",", b" \t, \t") + b"\t\t",)),
    ("jub0bs: empty elements", lambda value: (b",," + value.replace(b",", b",,") + b"," * 40,)),
    ("jub0bs: empty lines", lambda value: (*[b""] * 40, value)),
    ("jub0bs: a line each", _one_line_each),
    ("jub0bs: a line each, the last first", lambda value: _one_line_each(value)[::-1]),
    ("jub0bs: twice", lambda value: (value, value)),
    ("rs: the wrong order", _backwards),
    ("rs: capitals", lambda value: (value.title(),)),
    ("rs: white space and an empty line", lambda value: (value + b"\t", b" ", b" ")),
)
_NAMES = "accept-x authorization content-type x-csrf-token x-custom x-request-id"
_LISTED: Final = Policy([PAGE], headers=_NAMES.split())
_ANY: Final = Policy([PAGE], headers=["*", "authorization"], credentials=True)


@pytest.mark.parametrize("policy", [_LISTED, _ANY], ids=["listed", "any"])
@pytest.mark.parametrize(("name", "rewriting"), REWRITINGS, ids=[row[0] for row in REWRITINGS])
def test_a_rewritten_list_does_not_keep_a_page_out(name: str, rewriting: Rewriting, policy: Policy) -> None:
    for names in (_NAMES, _NAMES.replace(" x-custom", ""), "authorization", "x-csrf-token x-request-id"):
        request = Row("", "", PAGE, "GET", names).request()
        for browser in BROWSERS:
            assert fetch(policy, request, browser, rewriting=rewriting).readable


@pytest.mark.parametrize(("name", "rewriting"), REWRITINGS, ids=[row[0] for row in REWRITINGS])
def test_nor_does_it_let_an_unlisted_header_in(name: str, rewriting: Rewriting) -> None:
    for names in (
        "x-custo",
        "x-customs",
        "authorization x-qux",
        "x-a",
        "x-csrf-token x-request",
        "accept-x x-custom-x",
    ):
        request = Row("", "", PAGE, "GET", names).request()
        for browser in BROWSERS:
            assert fetch(_LISTED, request, browser, rewriting=rewriting).rule is _HEADER


def test_jub0bs_each_of_many_listed_headers_is_allowed_alone_and_with_each_other() -> None:
    names = f"user-agent {_NAMES}".split()
    policy = Policy([PAGE], headers=names)

    for one in names:
        for other in names:
            request = Row("", "", PAGE, "GET", " ".join({one, other})).request()
            assert fetch(policy, request, STANDARD).readable


# ------------------------------------------------------------------------------------------- what a page may read

#: id, policy, origin, credentials, which of the app's X- headers
EXPOSED: Final[tuple[tuple[str, str, str, Credentials, list[bytes]], ...]] = (
    ("jub0bs: the listed one", "credentials", LOCAL, _INCLUDE, [b"x-one"]),
    ("jub0bs: all of them", "any, all", PAGE, Credentials.OMIT, [b"x-id", b"x-one", b"x-status"]),
    ("rs: none", "list", PAGE, Credentials.OMIT, []),
    ("rs: listed", "lists", PAGE, Credentials.OMIT, [b"x-id"]),
    ("starlette: listed for anybody", "any, all but authorization", PAGE, Credentials.OMIT, [b"x-status"]),
    ("django: none", "any", PAGE, Credentials.OMIT, []),
    ("flask: none for another origin", "lists", OTHER, Credentials.OMIT, []),
    ("express: none", "own methods", PAGE, _INCLUDE, []),
)


@pytest.mark.parametrize(("name", "policy", "origin", "credentials", "names"), EXPOSED, ids=[row[0] for row in EXPOSED])
def test_a_page_reads_these_headers(
    name: str, policy: str, origin: str, credentials: Credentials, names: list[bytes]
) -> None:
    request = Row("", "", origin, credentials=credentials).request()

    for browser in BROWSERS:
        verdict = fetch(POLICIES[policy], request, browser)
        assert [name for name in verdict.headers if name.startswith(b"x-")] == names


def test_tower_where_they_refuse_to_expose_all_with_credentials_the_names_are_told() -> None:
    policy = Policy([PAGE], expose=["*"], credentials=True)

    verdict = fetch(policy, Row("", "", PAGE, credentials=_INCLUDE).request(), STANDARD)

    assert set(verdict.headers) >= {b"x-one", b"x-id", b"x-status"}


#: id, max_age, how long the standard's browser and Safari remember
AGES: Final = (
    ("jub0bs: half a minute", 30, 30, 30),
    ("jub0bs: a day", 86400, 86400, 600),
    ("jub0bs: switched off", 0, 0, 0),
    ("rs: switched off", 0, 0, 0),
    ("django: 0 is not the default", 0, 0, 0),
    ("flask: ten minutes", 600, 600, 600),
    ("express: left to the browser", None, 5, 5),
)


@pytest.mark.parametrize(("name", "max_age", "seconds", "safari"), AGES, ids=[row[0] for row in AGES])
def test_a_preflight_is_remembered(name: str, max_age: int | None, seconds: int, safari: int) -> None:
    asked = CORSRequest(b"OPTIONS", (PAGE.encode(),), (b"PUT",))
    answer = Answer(204, Policy([PAGE], ["PUT"], max_age=max_age).decide(asked).decorate(()))

    assert preflight_lifetime(answer, STANDARD) == seconds
    assert preflight_lifetime(answer, SAFARI) == safari
