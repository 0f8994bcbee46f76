"""What other CORS libraries are known to assert of responses, said in our own words: header lines and paths."""

from typing import Final

import pytest

from .peers import (
    CREDENTIALS,
    LOCAL,
    OTHER,
    PAGE,
    PAGE_ONLY,
    POLICIES,
    PRIVATE,
    SHOP,
    VARY,
    asks,
    decide,
    grant,
    sent_by,
    told,
)

_READS: Final = grant(LOCAL, CREDENTIALS, "Access-Control-Expose-Headers: x-one, x-two", *VARY)

_EVERYTHING: Final = grant("*", "Access-Control-Expose-Headers: *")


#: id, policy, method, request lines, CORS lines of the response
RESPONSES: tuple[tuple[str, str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    *(
        (f"jub0bs: no policy, {method}, {origin or 'no origin'}", "none", method, (sent_by(origin),) * bool(origin), ())
        for method in ("GET", "OPTIONS")
        for origin in ("", LOCAL, PAGE, "invalid_origin")
    ),
    ("jub0bs: no policy, a preflight goes to the app", "none", "OPTIONS", (sent_by(LOCAL), *asks("PURGE", "x-a")), ()),
    ("jub0bs: GET, no origin", "credentials", "GET", (), VARY),
    ("jub0bs: GET, allowed", "credentials", "GET", (sent_by(LOCAL),), _READS),
    ("jub0bs: GET, another origin", "credentials", "GET", (sent_by(PAGE),), VARY),
    ("jub0bs: GET, not an origin", "credentials", "GET", (sent_by("invalid_origin"),), VARY),
    ("jub0bs: plain OPTIONS, allowed", "credentials", "OPTIONS", (sent_by(LOCAL),), _READS),
    # They leave Vary out of OPTIONS, which is never cached; one rule for all responses is simpler and as right.
    ("jub0bs: plain OPTIONS, no origin", "credentials", "OPTIONS", (), VARY),
    ("jub0bs: plain OPTIONS, another origin", "credentials", "OPTIONS", (sent_by(PAGE),), VARY),
    ("jub0bs: the same host on another port", "credentials", "GET", (sent_by("http://localhost:9001"),), VARY),
    ("jub0bs: any origin, no origin", "any, all", "GET", (), _EVERYTHING),
    ("jub0bs: any origin", "any, all", "GET", (sent_by(LOCAL),), _EVERYTHING),
    ("jub0bs: any origin, not one", "any, all", "GET", (sent_by("oops"),), _EVERYTHING),
    ("jub0bs: any origin, plain OPTIONS", "any", "OPTIONS", (sent_by(LOCAL),), grant("*")),
    *(
        (f"jub0bs: subdomain and port, {origin}", "subdomains", "GET", (sent_by(origin),), grant(origin, *VARY))
        for below in ("a", "b.a")
        for port in ("", ":6060")
        for origin in (f"http://{below}.page.example{port}",)
    ),
    ("jub0bs: the name above the subdomains", "subdomains", "GET", (sent_by("http://page.example"),), VARY),
    (
        "jub0bs: a scheme of its own",
        "own scheme",
        "GET",
        (sent_by("connector://page.example"),),
        grant("connector://page.example", CREDENTIALS, *VARY),
    ),
    ("jub0bs: that scheme on a port", "own scheme", "GET", (sent_by("connector://page.example:6060"),), VARY),
    ("rs: any origin is told so", "any", "GET", (sent_by(OTHER),), grant("*")),
    ("rs: allowed", "list", "GET", (sent_by(PAGE),), PAGE_ONLY),
    ("rs: another origin", "list", "GET", (sent_by(OTHER),), VARY),
    ("rs: no origin", "list", "GET", (), VARY),
    ("rs: a function says yes", "predicate", "GET", (sent_by("http://page.test"),), grant("http://page.test", *VARY)),
    ("rs: a function says no", "predicate", "GET", (sent_by("http://no.example"),), VARY),
    ("rs: OPTIONS that is no preflight", "list", "OPTIONS", (sent_by(PAGE),), PAGE_ONLY),
    ("rs: exposed", "lists", "GET", (sent_by(PAGE),), grant(PAGE, "Access-Control-Expose-Headers: x-id", *VARY)),
    ("rs: an unlisted method is still answered", "list", "DELETE", (sent_by(PAGE),), PAGE_ONLY),
    # They stay silent without an Origin; a shared cache is better off with the line, which is then always the same.
    ("starlette: any origin, no origin", "any", "GET", (), grant("*")),
    # A cookie makes them name the origin; without -Credentials no browser lets a credentialed script read either.
    ("starlette: any origin, and a cookie", "any", "GET", (sent_by(PAGE), "Cookie: a=b"), grant("*")),
    (
        "starlette: any origin, exposed",
        "any, all but authorization",
        "GET",
        (sent_by(PAGE),),
        grant("*", "Access-Control-Expose-Headers: x-status"),
    ),
    ("starlette: another origin", "subdomains", "GET", (sent_by("https://a.page.example"),), VARY),
    ("django: no origin varies", "two", "GET", (), VARY),
    ("django: allowed, with the preflight's question", "two", "GET", (sent_by(PAGE), *asks("GET")), PAGE_ONLY),
    ("django: a stray bracket", "two", "GET", (sent_by("https://page.example]"),), VARY),
    ("django: no credentials for another origin", "credentials", "GET", (sent_by(OTHER),), VARY),
    ("django: no credentials unless asked for", "two", "GET", (sent_by(SHOP),), grant(SHOP, *VARY)),
    ("django: nothing exposed unless asked for", "any", "GET", (sent_by(PAGE),), grant("*")),
    (
        "django: private networks are not granted",
        "any",
        "GET",
        (sent_by(PAGE), PRIVATE),
        grant("*"),
    ),
    ("flask: any origin", "any", "GET", (sent_by("http://foo.test"),), grant("*")),
    ("flask: HEAD as GET", "two", "HEAD", (sent_by(PAGE),), PAGE_ONLY),
    ("flask: two origins, neither", "two", "GET", (sent_by("https://third.example"),), VARY),
    ("express: an origin that is not asked for is not told", "list", "GET", (sent_by(OTHER),), VARY),
    ("express: a function says yes", "always", "GET", (sent_by(OTHER),), grant(OTHER, *VARY)),
    ("express: a function says no", "never", "GET", (sent_by(OTHER),), VARY),
    ("express: no preflight lines on GET", "own methods", "GET", (sent_by(PAGE),), grant(PAGE, CREDENTIALS, *VARY)),
    ("express: requested headers on GET say nothing", "list", "GET", (sent_by(PAGE), asks("GET", "x-1")[1]), PAGE_ONLY),
    ("tower: permissive varies on nothing", "any, all", "GET", (), _EVERYTHING),
    # They leave Vary out for a lone origin, which they send to everybody; here others are told nothing, so it varies.
    ("tower: a lone origin", "list", "GET", (sent_by(PAGE),), PAGE_ONLY),
    ("tower: an async question, here a plain one", "predicate", "GET", (sent_by("http://pag.example"),), VARY),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "policy", "method", "lines", "expected"), RESPONSES, ids=[row[0] for row in RESPONSES]
)
def test_a_response_is_told(
    name: str, policy: str, method: str, lines: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    decision = decide(POLICIES[policy], method, *lines)

    assert decision.status is None
    assert expected == told(decision)
