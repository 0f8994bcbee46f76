"""What other CORS libraries are known to assert of preflights, said in our own words: header lines and paths."""

from typing import Final

import pytest

from .peers import (
    ALLOW,
    CREDENTIALS,
    LOCAL,
    OTHER,
    PAGE,
    PAGE_ONLY,
    POLICIES,
    PRIVATE,
    VARY,
    asks,
    decide,
    grant,
    sent_by,
    told,
)

_LOCAL_GRANT: Final = grant(
    LOCAL,
    CREDENTIALS,
    f"{ALLOW}Methods: PURGE, LOCK",
    f"{ALLOW}Headers: authorization",
    "Access-Control-Max-Age: 30",
    *VARY,
)

_ALL: Final = grant("*", f"{ALLOW}Methods: *", f"{ALLOW}Headers: *, authorization", "Access-Control-Max-Age: 30")


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
