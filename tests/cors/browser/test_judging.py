"""CORS check, the answer to a preflight, and what a script can read."""

import pytest

from corserver.cors.browser import (
    CHROMIUM,
    FIREFOX,
    SAFARI,
    STANDARD,
    Answer,
    Browser,
    Credentials,
    EmbedderPolicy,
    Initiator,
    Mode,
    Request,
    Rule,
    cors_check,
    judge_response,
    readable_headers,
)
from tests.cors.browser.asking import (
    ACAC,
    ACAO,
    ALL,
    AUTH,
    FOO,
    HOME,
    PUT,
    STAR,
    answer,
    ask,
    credentialed,
    headers,
    hop_of,
    judged,
    methods,
    rule_of,
    verdict_of,
)


@ALL
@pytest.mark.parametrize(
    ("credentials", "lines", "rule"),
    [
        (Credentials.OMIT, [ACAO], None),
        (Credentials.OMIT, [STAR], None),
        (Credentials.OMIT, [STAR, ACAC], None),
        (Credentials.SAME_ORIGIN, [STAR], None),
        (Credentials.SAME_ORIGIN, [("access-control-ALLOW-origin", "\t*  ")], None),
        (Credentials.INCLUDE, [ACAO, ACAC], None),
        (Credentials.OMIT, [], Rule.ACAO_MISSING),
        (Credentials.INCLUDE, [STAR, ACAC], Rule.ACAO_WILDCARD_WITH_CREDENTIALS),
        (Credentials.INCLUDE, [ACAO], Rule.ACAC_NOT_TRUE),
        (Credentials.INCLUDE, [ACAO, (ACAC[0], "True")], Rule.ACAC_NOT_TRUE),
        (Credentials.INCLUDE, [ACAO, ACAC, ACAC], Rule.ACAC_NOT_TRUE),
        (Credentials.OMIT, [(ACAO[0], "https://app.example/")], Rule.ACAO_MISMATCH),
        (Credentials.OMIT, [(ACAO[0], "HTTPS://app.example")], Rule.ACAO_MISMATCH),
        (Credentials.OMIT, [(ACAO[0], "https://app.example:443")], Rule.ACAO_MISMATCH),
        (Credentials.OMIT, [(ACAO[0], "http://app.example")], Rule.ACAO_MISMATCH),
        (Credentials.OMIT, [(ACAO[0], "null")], Rule.ACAO_MISMATCH),
        (Credentials.OMIT, [(ACAO[0], "")], Rule.ACAO_INVALID),
        (Credentials.OMIT, [(ACAO[0], "app.example")], Rule.ACAO_INVALID),
        (Credentials.OMIT, [(ACAO[0], "\x0b*")], Rule.ACAO_INVALID),
        (Credentials.OMIT, [ACAO, ACAO], Rule.ACAO_MULTIPLE),
        (Credentials.OMIT, [STAR, STAR], Rule.ACAO_MULTIPLE),
        (Credentials.OMIT, [ACAO, (ACAO[0], "")], Rule.ACAO_MULTIPLE),
    ],
)
def test_cors_check(
    browser: Browser, credentials: Credentials, lines: list[tuple[str, str]], rule: Rule | None
) -> None:
    hop = hop_of(ask(credentials=credentials))
    assert rule_of(cors_check(hop, answer(*lines), browser)) is rule


def test_firefox_ignores_empty_lines_of_acac_only() -> None:
    hop = hop_of(ask(credentials=Credentials.INCLUDE))
    lines = answer(ACAO, ACAC, (ACAC[0], ""))
    assert cors_check(hop, lines, FIREFOX) is None
    assert rule_of(cors_check(hop, lines, STANDARD)) is Rule.ACAC_NOT_TRUE


def test_an_opaque_page_needs_null_or_star() -> None:
    hop = hop_of(ask(origin=b"null"))
    assert cors_check(hop, answer((ACAO[0], "null")), STANDARD) is None
    assert cors_check(hop, answer(STAR), STANDARD) is None
    assert rule_of(cors_check(hop, answer((ACAO[0], "NULL")), STANDARD)) is Rule.ACAO_INVALID


@ALL
@pytest.mark.parametrize(
    ("request_", "reply", "rule"),
    [
        (PUT, answer(ACAO, methods("PUT"), status=204), None),
        (PUT, answer(ACAO, methods("PUT"), status=299), None),
        (PUT, answer(ACAO, methods(",, PUT ,")), None),
        (PUT, answer(ACAO, methods("GET"), methods("PUT")), None),
        (PUT, answer(STAR, methods("*")), None),
        (PUT, answer(ACAO), Rule.METHOD_NOT_ALLOWED),
        (PUT, answer(ACAO, methods("put")), Rule.METHOD_NOT_ALLOWED),
        (ask(method=b"patch"), answer(ACAO, methods("PATCH")), Rule.METHOD_NOT_ALLOWED),
        (PUT, answer(ACAO, methods("PUT, B@D")), Rule.ACAM_UNPARSABLE),
        (PUT, answer(ACAO, methods("PUT"), headers("a b")), Rule.ACAH_UNPARSABLE),
        (PUT, answer(methods("PUT")), Rule.ACAO_MISSING),
        (PUT, answer(ACAO, methods("PUT"), status=404), Rule.PREFLIGHT_STATUS_NOT_OK),
        (PUT, answer(ACAO, methods("PUT"), status=302), Rule.PREFLIGHT_STATUS_NOT_OK),
        (FOO, answer(ACAO, headers("x-FOO")), None),
        (FOO, answer(ACAO, headers("*")), None),
        (FOO, answer(ACAO, methods("DELETE"), headers("x-foo")), None),
        (FOO, answer(ACAO), Rule.HEADER_NOT_ALLOWED),
        (AUTH, answer(ACAO, headers("*, authorization")), None),
        (AUTH, answer(ACAO, headers("x-foo")), Rule.HEADER_NOT_ALLOWED),
        # with credentials `*` is a name like any other
        (credentialed(PUT), answer(ACAO, ACAC, methods("*")), Rule.METHOD_NOT_ALLOWED),
        (credentialed(FOO), answer(ACAO, ACAC, headers("*")), Rule.HEADER_NOT_ALLOWED),
        (credentialed(ask(headers=((b"*", b"1"),))), answer(ACAO, ACAC, headers("*")), None),
        (credentialed(ask(method=b"*")), answer(ACAO, ACAC, methods("*")), None),
        (credentialed(PUT), answer(STAR, ACAC, methods("PUT")), Rule.ACAO_WILDCARD_WITH_CREDENTIALS),
        (credentialed(PUT), answer(ACAO, methods("PUT")), Rule.ACAC_NOT_TRUE),
    ],
)
def test_preflight_answers(browser: Browser, request_: Request, reply: Answer, rule: Rule | None) -> None:
    assert rule_of(judged(request_, reply, browser)) is rule


def test_authorization_and_star() -> None:
    reply = answer(ACAO, headers("*"))
    assert rule_of(judged(AUTH, reply, STANDARD)) is Rule.AUTHORIZATION_NOT_LISTED
    assert [judged(AUTH, reply, browser) for browser in (CHROMIUM, FIREFOX, SAFARI)] == [None] * 3


def test_every_missing_name_is_listed() -> None:
    request = ask(headers=((b"X-B", b"1"), (b"X-C", b"1"), (b"X-A", b"1")))
    failure = judged(request, answer(ACAO, headers("x-b")))
    assert failure is not None
    assert failure.names == (b"x-a", b"x-c")


def test_the_order_of_the_checks() -> None:
    # no ACAO, a bad status, a Location: each browser blames another
    reply = answer(("Location", "/x"), status=302)
    rules = [rule_of(judged(PUT, reply, browser)) for browser in (STANDARD, CHROMIUM, FIREFOX, SAFARI)]
    assert rules == [Rule.ACAO_MISSING, Rule.PREFLIGHT_REDIRECT, Rule.ACAO_MISSING, Rule.PREFLIGHT_STATUS_NOT_OK]
    both = answer(ACAO, methods("GET"), headers("a b"))
    assert rule_of(judged(PUT, both, CHROMIUM)) is Rule.ACAH_UNPARSABLE
    assert rule_of(judged(PUT, both, FIREFOX)) is Rule.METHOD_NOT_ALLOWED


def test_an_upload_listener_lists_its_method_in_the_standard_only() -> None:
    request = ask(initiator=Initiator.XHR, method=b"PUT", upload_listener=True, has_body=True)
    assert judged(request, answer(ACAO), STANDARD) is None
    assert rule_of(judged(request, answer(ACAO), CHROMIUM)) is Rule.METHOD_NOT_ALLOWED


def test_a_407_is_an_error_in_chromium() -> None:
    assert rule_of(judged(PUT, answer(ACAO, status=407), CHROMIUM)) is Rule.PROXY_AUTHENTICATION
    assert verdict_of(judge_response(hop_of(ask()), answer(ACAO, status=407), CHROMIUM)).rule is (
        Rule.PROXY_AUTHENTICATION
    )
    assert verdict_of(judge_response(hop_of(ask()), answer(ACAO, status=407), FIREFOX)).readable


RESPONSE = (
    ("Content-Type", "text/plain"),
    ("ETag", '"e"'),
    ("X-Foo", "1"),
    ("Set-Cookie", "a=b"),
    ("Authorization", "x"),
)


@pytest.mark.parametrize(
    ("request_", "expose", "readable"),
    [
        (ask(), None, "content-type"),
        (ask(), "etag, X-FOO", "content-type etag x-foo"),
        (ask(), "etag, b@d", "content-type"),
        (ask(), "set-cookie", "content-type"),
        (ask(), "*", "access-control-allow-origin access-control-expose-headers authorization content-type etag x-foo"),
        (credentialed(ask()), "*", "content-type"),
        (ask(mode=Mode.NO_CORS), "*", ""),
        (ask(HOME), None, "access-control-allow-origin authorization content-type etag x-foo"),
    ],
)
def test_readable_headers(request_: Request, expose: str | None, readable: str) -> None:
    lines = (ACAO, *RESPONSE) if expose is None else (ACAO, ("Access-Control-Expose-Headers", expose), *RESPONSE)
    assert readable_headers(hop_of(request_), answer(*lines)) == tuple(readable.encode().split())


def test_a_verdict_lists_what_is_hidden() -> None:
    verdict = verdict_of(judge_response(hop_of(ask()), answer(ACAO, *RESPONSE, status=404), STANDARD))
    assert verdict.readable
    assert verdict.status == 404
    assert verdict.hidden == (b"access-control-allow-origin", b"authorization", b"etag", b"set-cookie", b"x-foo")


def test_an_opaque_response_is_not_readable() -> None:
    verdict = verdict_of(judge_response(hop_of(ask(mode=Mode.NO_CORS)), answer(STAR), STANDARD))
    assert (verdict.readable, verdict.rule, verdict.headers) == (False, Rule.OPAQUE, ())


@pytest.mark.parametrize(
    ("page", "policy", "embedder", "blocked"),
    # what the standard, Chromium and Firefox block of http://127.0.0.1:1000
    [
        (b"http://127.0.0.1:2000", "same-origin", EmbedderPolicy.UNSAFE_NONE, (True, True, True)),
        (b"http://127.0.0.1:2000", "same-site", EmbedderPolicy.UNSAFE_NONE, (False, True, False)),
        (b"http://localhost:2000", "same-site", EmbedderPolicy.UNSAFE_NONE, (True, True, True)),
        (b"http://127.0.0.1:2000", "cross-origin", EmbedderPolicy.REQUIRE_CORP, (False, False, False)),
        (b"http://127.0.0.1:2000", "Same-Origin", EmbedderPolicy.UNSAFE_NONE, (False, False, False)),
        (b"http://127.0.0.1:2000", "Same-Origin", EmbedderPolicy.REQUIRE_CORP, (True, True, False)),
        (b"http://127.0.0.1:2000", "", EmbedderPolicy.REQUIRE_CORP, (True, True, True)),
        (b"null", "same-origin", EmbedderPolicy.UNSAFE_NONE, (True, True, True)),
    ],
)
def test_cross_origin_resource_policy(
    page: bytes, policy: str, embedder: EmbedderPolicy, blocked: tuple[bool, ...]
) -> None:
    request = ask("http://127.0.0.1:1000/", origin=page, mode=Mode.NO_CORS, embedder_policy=embedder)
    reply = answer(("Cross-Origin-Resource-Policy", policy))
    rules = [verdict_of(judge_response(hop_of(request), reply, b)).rule for b in (STANDARD, CHROMIUM, FIREFOX)]
    assert tuple(rule is Rule.RESOURCE_POLICY for rule in rules) == blocked
