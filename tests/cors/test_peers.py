"""What other CORS libraries are known to assert of the answers, said in our own words: header lines and paths.

A row's id names the library family that holds its server to the fact. The lines are this engine's: a preflight's
answer is static, 204 with the whole lists or 403 with nothing; `Vary` says exactly what the answer depends on; a
response is never refused. Whether a browser draws the same conclusion as from the other library's bytes is in
test_peers_browser.py.
"""

from typing import Final

import pytest

from corserver.cors import CORSRequest, Decision, Policy
from corserver.cors.fetch import Field

LOCAL: Final = "http://localhost:9000"
PAGE: Final = "https://page.example"
SHOP: Final = "https://shop.example"
OTHER: Final = "https://other.example"

POLICIES: Final[dict[str, Policy | None]] = {
    "none": None,
    "credentials": Policy(
        [LOCAL], ["PURGE", "LOCK"], ["Authorization"], ["X-One", "X-Two"], credentials=True, max_age=30
    ),
    "credentials, no headers": Policy([LOCAL], expose=["X-One"], credentials=True, max_age=30),
    "credentials, any header": Policy([LOCAL], headers=["*"], credentials=True, max_age=30),
    "list": Policy([PAGE]),
    "two": Policy([PAGE, SHOP]),
    "lists": Policy([PAGE], ["PUT", "DELETE"], ["X-B", "x-a", "X-b"], ["X-Id"]),
    "subdomains": Policy(["http://*.page.example:*"]),
    "any": Policy(["*"]),
    "any, all": Policy(["*"], ["*"], ["*", "Authorization"], ["*"], max_age=30),
    "any, all but authorization": Policy(["*"], ["*"], ["*"], ["X-Status"]),
    "any, content-type": Policy(["*"], ["OPTIONS"], ["content-type"], max_age=1002),
    "own scheme": Policy(["connector://page.example"], credentials=True, dangerously_allow_insecure_origins=True),
    "predicate": Policy(predicate=lambda origin: origin.startswith("http://page")),
    "always": Policy(predicate=lambda origin: True),
    "never": Policy(predicate=lambda origin: False),
    "age 0": Policy([PAGE], ["PUT"], max_age=0),
    "own methods": Policy([PAGE], ["FOO", "bar"], ["FIZZ", "buzz"], credentials=True, max_age=123),
}

ALLOW: Final = "Access-Control-Allow-"
VARY: Final = ("Vary: Origin",)
PRIVATE: Final = "Access-Control-Request-Private-Network: true"


def _line(text: str) -> Field:
    name, _, value = text.partition(":")
    return name.encode(), value.strip(" ").encode()


def decide(policy: Policy | None, method: str, *lines: str) -> Decision:
    request = CORSRequest.read(method.encode(), map(_line, lines))
    return Decision.ungoverned(request) if policy is None else policy.decide(request)


def told(decision: Decision, *app_lines: str) -> tuple[str, ...]:
    """The CORS and Vary lines of a response, as text."""
    lines = (b": ".join(line).decode() for line in decision.decorate(tuple(map(_line, app_lines))))
    return tuple(line for line in lines if line.lower().startswith(("access-control-", "vary:")))


def sent_by(origin: str) -> str:
    return f"Origin: {origin}"


def asks(method: str, *lists: str) -> tuple[str, ...]:
    lists_of_names = (f"Access-Control-Request-Headers: {names}" for names in lists)
    return (f"Access-Control-Request-Method: {method}", *lists_of_names)


def grant(origin: str, *more: str) -> tuple[str, ...]:
    return (f"{ALLOW}Origin: {origin}", *more)


CREDENTIALS: Final = f"{ALLOW}Credentials: true"
_READS: Final = grant(LOCAL, CREDENTIALS, "Access-Control-Expose-Headers: x-one, x-two", *VARY)
_LOCAL_GRANT: Final = grant(
    LOCAL,
    CREDENTIALS,
    f"{ALLOW}Methods: PURGE, LOCK",
    f"{ALLOW}Headers: authorization",
    "Access-Control-Max-Age: 30",
    *VARY,
)
PAGE_ONLY: Final = grant(PAGE, *VARY)
_EVERYTHING: Final = grant("*", "Access-Control-Expose-Headers: *")
_ALL: Final = grant("*", f"{ALLOW}Methods: *", f"{ALLOW}Headers: *, authorization", "Access-Control-Max-Age: 30")

# ------------------------------------------------------------------------------------------- what a response is told

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


# ---------------------------------------------------------------------------------------- what a preflight is told

_BELOW: Final = "http://a.page.example"
_GET: Final = asks("GET")
_NAMES: Final = "x-five,x-four,x-nine"
_LISTED: Final = grant(PAGE, f"{ALLOW}Methods: PUT, DELETE", f"{ALLOW}Headers: x-b, x-a", *VARY)
_OWN: Final = grant(
    PAGE, CREDENTIALS, f"{ALLOW}Methods: FOO, bar", f"{ALLOW}Headers: fizz, buzz", "Access-Control-Max-Age: 123", *VARY
)


def _echoed(names: str) -> tuple[str, ...]:
    age = "Access-Control-Max-Age: 30"
    return grant(LOCAL, CREDENTIALS, f"{ALLOW}Headers: {names}", age, *VARY, "Vary: Access-Control-Request-Headers")


#: id, policy, request lines, status, CORS lines of the answer
PREFLIGHTS: tuple[tuple[str, str, tuple[str, ...], int, tuple[str, ...]], ...] = (
    *(
        (f"jub0bs: allowed, whatever is asked for: {asked}", "credentials", (sent_by(LOCAL), *asked), 204, _LOCAL_GRANT)
        for asked in (
            _GET,
            asks("PURGE"),
            asks("PUT"),
            asks("PURGE", "authorization"),
            asks("PURGE", "content-type"),
            asks("PURGE", ",,authorization,,"),
            asks("PURGE", "authorization" + "," * 17),
            asks("PURGE", *[""] * 16, "authorization"),
            asks("GET", _NAMES),
        )
    ),
    *(
        (f"jub0bs: {origin} is not allowed to ask {asked}", "credentials", (sent_by(origin), *asked), 403, VARY)
        for origin in (PAGE, "invalid_origin", "http://localhost:90000", "null")
        for asked in (_GET, asks("PURGE"), asks("PUT"), asks("GET", _NAMES))
    ),
    *(
        (
            f"jub0bs: any header with credentials, {case}",
            "credentials, any header",
            (sent_by(LOCAL), *asks("GET", *asked)),
            204,
            _echoed("x-five, x-four, x-nine"),
        )
        for case, asked in (
            ("as browsers write it", (_NAMES,)),
            ("white space", ("x-five , x-four\t, x-nine\t",)),
            ("more white space", ("x-five \t, x-four\t,\t x-nine\t",)),
            ("empty elements", (_NAMES + "," * 17,)),
            ("empty lines", (*[""] * 17, _NAMES)),
            ("a line each", tuple(_NAMES.split(","))),
        )
    ),
    ("jub0bs: no header with credentials", "credentials, no headers", (sent_by(LOCAL), *asks("GET", _NAMES)), 204,
     grant(LOCAL, CREDENTIALS, "Access-Control-Max-Age: 30", *VARY)),
    *(
        (f"jub0bs: everything, {origin} asks {asked}", "any, all", (sent_by(origin), *asked), 204, _ALL)
        for origin in (LOCAL, "invalid_origin")
        for asked in (_GET, asks("PURGE"), asks("PURGE", "content-type"), asks("GET", _NAMES))
    ),
    ("jub0bs: subdomains, unlisted headers", "subdomains", (sent_by(_BELOW), *asks("GET", _NAMES)), 204,
     grant(_BELOW, *VARY)),
    ("rs: how long", "credentials, no headers", (sent_by(LOCAL), *_GET), 204,
     grant(LOCAL, CREDENTIALS, "Access-Control-Max-Age: 30", *VARY)),
    ("rs: not at all", "age 0", (sent_by(PAGE), *_GET), 204,
     grant(PAGE, f"{ALLOW}Methods: PUT", "Access-Control-Max-Age: 0", *VARY)),
    ("rs: an allowed method", "lists", (sent_by(PAGE), *asks("PUT")), 204, _LISTED),
    ("rs: another method", "lists", (sent_by(PAGE), *asks("PATCH")), 204, _LISTED),
    ("rs: headers in any case and twice", "lists", (sent_by(PAGE), *asks("GET", "x-a,x-b")), 204, _LISTED),
    ("rs: another header", "lists", (sent_by(PAGE), *asks("GET", "x-a,x-c")), 204, _LISTED),
    ("rs: headers on several lines", "lists", (sent_by(PAGE), *asks("GET", "x-b", "x-a")), 204, _LISTED),
    ("rs: white space and an empty line", "lists", (sent_by(PAGE), *asks("GET", "x-b\t", " ", " x-a")), 204,
     _LISTED),
    ("rs: another origin", "lists", (sent_by(OTHER), *asks("PUT", "x-a")), 403, VARY),
    ("rs: private networks, no longer", "list", (sent_by(PAGE), *_GET, PRIVATE), 204,
     PAGE_ONLY),
    ("starlette: everything, no Vary", "any, all", (sent_by(PAGE), *asks("GET", "X-Example")), 204, _ALL),
    ("starlette: some headers", "lists", (sent_by(PAGE), *asks("GET", "X-A, X-B")), 204, _LISTED),
    ("starlette: another origin, method and header", "lists", (sent_by(OTHER), *asks("PATCH", "X-Nope")), 403, VARY),
    ("starlette: two headers that are not allowed", "lists", (sent_by(PAGE), *asks("GET", "X-No-1, X-No-2")), 204,
     _LISTED),
    ("starlette: a private network is no reason to refuse", "any", (sent_by(PAGE), *_GET, PRIVATE),
     204, grant("*")),
    ("django: lists and age", "any, content-type", (sent_by(PAGE), *_GET), 204,
     grant("*", f"{ALLOW}Methods: OPTIONS", f"{ALLOW}Headers: content-type", "Access-Control-Max-Age: 1002")),
    ("django: an empty method is no crash", "list", (sent_by(PAGE), *asks("")), 204, PAGE_ONLY),
    ("django: an unlisted origin and an empty method", "list", (sent_by(OTHER), *asks("")), 403, VARY),
    ("django: a signal says yes", "always", (sent_by(OTHER), *_GET), 204, grant(OTHER, *VARY)),
    ("django: a signal says no", "never", (sent_by(OTHER), *_GET), 403, VARY),
    ("flask: no headers asked for", "lists", (sent_by(PAGE), *asks("POST")), 204, _LISTED),
    ("flask: a header in another case", "lists", (sent_by(PAGE), *asks("GET", "X-a")), 204, _LISTED),
    ("flask: no age unless asked for", "list", (sent_by(PAGE), *_GET), 204, PAGE_ONLY),
    ("express: lists as given", "own methods", (sent_by(PAGE), *asks("FOO")), 204, _OWN),
    ("express: nothing of the lists for another origin", "own methods", (sent_by(OTHER), *asks("FOO")), 403, VARY),
    # They mirror the request, and vary on it; a literal `*` says the same without credentials and varies on nothing.
    ("tower: anything mirrored", "any, all", (sent_by(PAGE), *asks("GET", "content-type")), 204, _ALL),
    ("tower: any header mirrored", "credentials, any header", (sent_by(LOCAL), *asks("GET", "content-type")), 204,
     _echoed("content-type")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "policy", "lines", "status", "expected"), PREFLIGHTS, ids=[row[0] for row in PREFLIGHTS]
)
def test_a_preflight_is_told(
    name: str, policy: str, lines: tuple[str, ...], status: int, expected: tuple[str, ...]
) -> None:
    decision = decide(POLICIES[policy], "OPTIONS", *lines)

    assert (status, expected) == (decision.status, told(decision))
