"""What other CORS libraries are known to assert of a response that an app makes, said in our own words.

Its own CORS and Vary lines, functions that are asked for an origin, answers one after another, and paths. A row's id
names the library family that holds its server to the fact.
"""

from typing import Any, Final

import pytest

from corserver.cors import Policy, Reason, Scopes
from corserver.cors.scopes import BadPath, Path
from tests.cors.peers import (
    ALLOW,
    CREDENTIALS,
    LOCAL,
    OTHER,
    PAGE,
    PAGE_ONLY,
    POLICIES,
    VARY,
    asks,
    decide,
    grant,
    sent_by,
    told,
)

_GET: Final = asks("GET")

# ------------------------------------------------------------------------------------ together with the app's own lines

#: id, policy, origin, the app's lines, CORS and Vary lines of the response
TOGETHER: tuple[tuple[str, str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("jub0bs: the app's Vary stays", "list", PAGE, ("Vary: x-foo",), ("Vary: x-foo", *PAGE_ONLY)),
    ("jub0bs: the app's Vary stays, denied", "list", OTHER, ("Vary: before",), ("Vary: before", *VARY)),
    ("jub0bs: the app's Vary stays, any origin", "any", PAGE, ("Vary: x-foo",), ("Vary: x-foo", *grant("*"))),
    (
        "starlette: any origin adds no Vary",
        "any",
        PAGE,
        ("Vary: Accept-Encoding",),
        ("Vary: Accept-Encoding", *grant("*")),
    ),
    (
        "starlette: a list adds its Vary",
        "list",
        PAGE,
        ("Vary: Accept-Encoding",),
        ("Vary: Accept-Encoding", *PAGE_ONLY),
    ),
    ("flask: a Vary beside the app's", "two", PAGE, ("Vary: Accept-Encoding",), ("Vary: Accept-Encoding", *PAGE_ONLY)),
    ("express: a Vary after the app's", "list", PAGE, ("Vary: Foo",), ("Vary: Foo", *PAGE_ONLY)),
    (
        "tower: two lines of Vary",
        "list",
        PAGE,
        ("Vary: accept, accept-encoding",),
        ("Vary: accept, accept-encoding", *PAGE_ONLY),
    ),
    (
        "tower: a Vary that has it already",
        "list",
        PAGE,
        ("Vary: accept, ORIGIN",),
        ("Vary: accept, ORIGIN", *grant(PAGE)),
    ),
    ("rs: the app's origin line is replaced", "list", PAGE, (f"{ALLOW}Origin: *",), PAGE_ONLY),
    ("rs: the app's origin line is dropped, denied", "list", OTHER, (f"{ALLOW}Origin: {OTHER}", CREDENTIALS), VARY),
    (
        "jub0bs: without a policy the app's lines stay",
        "none",
        OTHER,
        (f"{ALLOW}Origin: *", "Vary: x"),
        (f"{ALLOW}Origin: *", "Vary: x"),
    ),
)


@pytest.mark.parametrize(
    ("name", "policy", "origin", "app_lines", "expected"), TOGETHER, ids=[row[0] for row in TOGETHER]
)
def test_the_apps_own_lines(
    name: str, policy: str, origin: str, app_lines: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert expected == told(decide(POLICIES[policy], "GET", sent_by(origin)), *app_lines)


def test_flask_other_lines_of_the_app_are_left_as_they_are_even_twice() -> None:
    app_lines = ((b"set-cookie", b"a"), (b"Custom", b"x"), (b"set-cookie", b"b"))

    assert app_lines == decide(POLICIES["any"], "GET", sent_by(PAGE)).decorate(app_lines)[:3]


def test_express_a_function_that_fails_denies() -> None:
    def fails(origin: str) -> bool:
        raise LookupError(origin)

    decision = decide(Policy(predicate=fails), "OPTIONS", sent_by(PAGE), *_GET)

    assert decision.status == 403
    assert decision.reason is Reason.PREDICATE_ERROR
    assert told(decision) == VARY


def test_django_a_function_is_asked_once_and_only_for_what_nothing_else_allows() -> None:
    asked: list[str] = []

    def ask(origin: str) -> bool:
        asked.append(origin)
        return True

    policy = Policy([PAGE], predicate=ask)
    for line in (sent_by(PAGE), sent_by(OTHER), sent_by("null"), sent_by("https://Other.example")):
        told(decide(policy, "GET", line))

    assert asked == [OTHER]


# ------------------------------------------------------------------------------------------------ one after another

#: jub0bs: a wrapper that spoils a response; starlette: an origin that stays; rs, koa: names that stay.
LEAKS: tuple[tuple[str, str, tuple[tuple[str, ...], ...]], ...] = (
    (
        "starlette: another origin between",
        "two",
        ((sent_by(PAGE),), (sent_by(OTHER),), (sent_by("https://shop.example"),), ()),
    ),
    ("starlette: a cookie between", "any", ((sent_by(PAGE),), (sent_by(PAGE), "Cookie: a=b"))),
    (
        "jub0bs: other headers between",
        "credentials, any header",
        ((sent_by(LOCAL), *asks("GET", "x-a")), (sent_by(LOCAL), *asks("GET", "x-b")), (sent_by(LOCAL), *_GET)),
    ),
)


@pytest.mark.parametrize(("name", "policy", "requests"), LEAKS, ids=[row[0] for row in LEAKS])
def test_one_answer_leaves_no_trace_in_the_next(name: str, policy: str, requests: tuple[tuple[str, ...], ...]) -> None:
    alone = [told(decide(POLICIES[policy], "OPTIONS", *lines)) for lines in requests]
    for lines in (*requests, *requests[::-1]):
        assert alone[requests.index(lines)] == told(decide(POLICIES[policy], "OPTIONS", *lines))


def test_jub0bs_lines_given_out_cannot_be_spoiled() -> None:
    decision = decide(POLICIES["credentials"], "OPTIONS", sent_by(LOCAL), *_GET)

    assert hash(decision.headers)
    assert hash(decision.vary)


# ------------------------------------------------------------------------------------------------------------- paths

_API: Final[dict[str, Any]] = {
    "/api/*": POLICIES["two"],
    "/api/v1/special": POLICIES["list"],
    "/service+path": POLICIES["list"],
    "/service path": POLICIES["any"],
    "/files/*": POLICIES["any"],
    "/files/private": POLICIES["list"],
}
#: id, path, policy
PATHS: tuple[tuple[str, bytes, str | None], ...] = (
    ("flask: outside", b"/", None),
    ("flask: outside, a file", b"/foo.txt", None),
    ("flask: the prefix itself", b"/api/", "two"),
    ("flask: below the prefix", b"/api/v1/foo", "two"),
    ("flask: an override, whole", b"/api/v1/special", "list"),
    ("flask: not merely a prefix of the name", b"/apiary", None),
    ("flask: CVE-2024-6844, a plus", b"/service+path", "list"),
    ("flask: CVE-2024-6844, a space", b"/service%20path", "any"),
    ("flask: CVE-2024-6844, an encoded plus", b"/service%2Bpath", "list"),
    ("flask: CVE-2024-6866, capitals", b"/API/v1/foo", None),
    ("flask: CVE-2024-6839, the nearer one, however short", b"/files/private", "list"),
    ("flask: CVE-2024-6839, and no other", b"/files/private-not", "any"),
    ("django: a path that no pattern has", b"/foo/", None),
)


@pytest.mark.parametrize(("name", "path", "policy"), PATHS, ids=[row[0] for row in PATHS])
def test_a_path_has_its_policy_and_no_other(name: str, path: bytes, policy: str | None) -> None:
    found = Scopes.of(_API).policy_for(Path.parse(path), "GET")

    assert found is (None if policy is None else POLICIES[policy])


@pytest.mark.parametrize("path", [b"/api/../foo.txt", b"/api/%2e%2e/foo.txt", b"/api/.%2E/foo.txt", b"/./api/x"])
def test_flask_a_path_that_climbs_is_none(path: bytes) -> None:
    with pytest.raises(BadPath):
        Path.parse(path)
