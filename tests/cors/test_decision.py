"""Decisions: the exact header lines, the reason in words, and bounded work whatever a peer sends."""

import gc
import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.cors.decision import CORSRequest, Decision, Kind, Outcome, Reason
from corserver.cors.decision.decision import printable
from corserver.cors.fetch import Field
from corserver.cors.origins import Difference
from corserver.cors.policy import Policy
from tests.cors.origin_strategies import near, patterns
from tests.cors.vectors import (
    ACTUALS,
    GOOD,
    ORIGIN_VECTORS,
    POLICIES,
    PREFLIGHTS,
    VARY,
    VECTORS,
    Vector,
    acrh,
    acrm,
    allow_origin,
)

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=100)


def _policy(name: str) -> Policy:
    policy = POLICIES[name]
    assert policy is not None
    return policy


def _read(vector: Vector) -> CORSRequest:
    return CORSRequest.read(vector.method, vector.lines)


def _decide(policy: Policy | None, request: CORSRequest) -> Decision:
    return Decision.ungoverned(request) if policy is None else policy.decide(request)


def _cors_lines(headers: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(line for line in headers if line[0].lower().startswith((b"access-control-", b"vary")))


# ------------------------------------------------------------------------------------------------------ the vectors


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_a_vector_gets_exactly_its_status_and_lines(vector: Vector) -> None:
    decision = _decide(POLICIES[vector.policy], _read(vector))

    assert vector.status == decision.status
    assert vector.expected == _cors_lines(decision.decorate(vector.app_headers))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_a_vector_gets_its_reason(vector: Vector) -> None:
    decision = _decide(POLICIES[vector.policy], _read(vector))

    assert vector.reason is decision.reason
    assert decision.allowed is (vector.reason.outcome is Outcome.ALLOWED)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_words_for_people_are_printable_and_complete(vector: Vector) -> None:
    decision = _decide(POLICIES[vector.policy], _read(vector))

    for text in (decision.sentence, decision.fix):
        assert text
        assert text.isascii()
        assert text.isprintable()
        assert "{" not in text.replace("x{", "").replace("com{", "")
    assert decision.reason.source.startswith("https://fetch.spec.whatwg.org/#")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_a_response_never_carries_an_origin_twice_nor_lists_of_the_other_kind(vector: Vector) -> None:
    decision = _decide(POLICIES[vector.policy], _read(vector))

    names = [name.lower() for name, _ in decision.headers]
    assert len(names) == len(set(names))
    if decision.status is None:
        assert not {b"access-control-allow-methods", b"access-control-max-age"} & set(names)
    else:
        assert b"access-control-expose-headers" not in names


def test_the_vectors_are_of_both_kinds_and_named_once() -> None:
    ids = [vector.id for vector in VECTORS]

    assert len(ids) == len(set(ids))
    assert {Kind.PREFLIGHT} == {_read(vector).kind for vector in PREFLIGHTS}
    assert Kind.PREFLIGHT not in {_read(vector).kind for vector in ACTUALS if vector.policy != "PN"}
    assert {None, 204, 403} == {vector.status for vector in ORIGIN_VECTORS}


# ---------------------------------------------------------------------------------------------------- classification


@pytest.mark.parametrize(
    ("method", "lines", "kind"),
    [
        (b"OPTIONS", (GOOD, acrm(b"PUT")), Kind.PREFLIGHT),
        (b"OPTIONS", (GOOD, acrm(b"")), Kind.PREFLIGHT),
        (b"OPTIONS", (GOOD, acrh(b"x-a")), Kind.ACTUAL),
        (b"OPTIONS", (GOOD,), Kind.ACTUAL),
        (b"OPTIONS", (acrm(b"PUT"),), Kind.NOT_CORS),
        (b"OPTIONS", (), Kind.NOT_CORS),
        (b"options", (GOOD, acrm(b"PUT")), Kind.ACTUAL),
        (b"GET", (GOOD, acrm(b"PUT")), Kind.ACTUAL),
        (b"GET", (), Kind.NOT_CORS),
        (b"POST", ((b"oRiGiN", b""),), Kind.ACTUAL),
    ],
)
def test_a_preflight_is_options_with_origin_and_requested_method(
    method: bytes, lines: tuple[Field, ...], kind: Kind
) -> None:
    assert kind is CORSRequest.read(method, lines).kind


@pytest.mark.parametrize(
    ("method", "lines", "governed"),
    [
        (b"OPTIONS", (GOOD, acrm(b"PUT")), b"PUT"),
        (b"OPTIONS", (GOOD,), b"OPTIONS"),
        (b"OPTIONS", (acrm(b"PUT"),), b"OPTIONS"),
        (b"OPTIONS", (GOOD, acrm(b"PUT"), acrm(b"PUT")), b"OPTIONS"),
        (b"DELETE", (GOOD, acrm(b"PUT")), b"DELETE"),
    ],
)
def test_a_preflight_is_governed_by_the_method_that_it_asks_for(
    method: bytes, lines: tuple[Field, ...], governed: bytes
) -> None:
    assert governed == CORSRequest.read(method, lines).governed_method


# ------------------------------------------------------------------------------------------------------------- words

_PUT_X = (GOOD, acrm(b"PUT"))
_EVIL_URL = b"https://Evil.net/?<b>\n"


@pytest.mark.parametrize(
    ("policy", "method", "lines", "sentence", "fix"),
    [
        ("P1", b"OPTIONS", (GOOD, acrm(b"patch")), "and `patch` is not `PATCH`", "write the method in upper case"),
        ("P1", b"OPTIONS", (GOOD, acrm(b"post")), "and `post` is not `POST`", "write the method in upper case"),
        ("P1", b"OPTIONS", (GOOD, acrm(b"DELETE")), "allowed: GET, HEAD, PATCH, POST, PUT", "--cors-methods"),
        ("P1", b"OPTIONS", (GOOD, acrm(b"TRACE")), "no script may use TRACE", "use another method"),
        ("P1", b"OPTIONS", (*_PUT_X, acrh(b"x-b,x-a,X-C")), "not in the policy: x-b, x-c", "--cors-headers"),
        ("P1", b"OPTIONS", (*_PUT_X, acrh(b"accept,range")), "the value of accept, range is beyond", "--cors-headers"),
        ("P*", b"OPTIONS", (*_PUT_X, acrh(b"Authorization")), "does not cover Authorization", '["*", "authorization"]'),
        ("P1", b"GET", ((b"Origin", b"https://b.net"),), "allowed: https://example.com", "add https://b.net to"),
        ("P2", b"GET", (GOOD,), "allowed: https://foo.com, https://bar.com", "--cors https://example.com)"),
        ("PS", b"GET", ((b"Origin", b"https://a.example.com"),), "subdomains of `https://*.example.com`", "name the"),
        ("PP", b"GET", ((b"Origin", b"http://localhost:1"),), "every port of `http://localhost:*`", "name the ports"),
        ("PN", b"GET", (GOOD,), "no policy governs this path", "--cors https://example.com)"),
        ("PN", b"GET", (), "no Origin", "nothing to do"),
        ("P1", b"GET", ((b"Origin", _EVIL_URL),), "is lower-case; it has no path, not even", "send scheme://host"),
        ("P1", b"GET", ((b"Origin", b"null"),), "`null`: a sandboxed frame", "serve the page from a real origin"),
        ("predicate", b"GET", ((b"Origin", b"https://b.net"),), "its predicate says no", "add https://b.net to"),
        ("predicate", b"GET", ((b"Origin", b"https://raise.net"),), "raised an exception", "mend the predicate"),
    ],
)
def test_a_reason_is_said_in_words_with_what_mends_it(
    policy: str, method: bytes, lines: tuple[Field, ...], sentence: str, fix: str
) -> None:
    decision = _decide(POLICIES[policy], CORSRequest.read(method, lines))

    assert sentence in decision.sentence
    assert fix in decision.fix


def test_a_long_list_of_origins_is_cut_and_the_nearest_comes_first() -> None:
    policy = Policy([f"https://{number}.a.example" for number in range(10)])

    near_one = policy.decide(CORSRequest(b"GET", (b"http://7.a.example",)))
    far_one = policy.decide(CORSRequest(b"GET", (b"https://evil.net",)))

    assert near_one.sentence.endswith(
        "allowed: https://7.a.example, https://0.a.example, https://1.a.example and 7 more"
    )
    assert far_one.sentence.endswith(
        "allowed: https://0.a.example, https://1.a.example, https://2.a.example and 7 more"
    )


@pytest.mark.parametrize(
    ("policy", "origin", "difference"),
    [
        ("P1", b"http://example.com", Difference.SCHEME),
        ("P1", b"https://example.com:8443", Difference.PORT),
        ("P1", b"https://www.example.com", Difference.WWW),
        ("P1", b"https://example.com.", Difference.TRAILING_DOT),
        ("P1", b"https://a.b.example.com", Difference.SUBDOMAIN),
        ("P1", b"https://Example.com/", Difference.FORM),
        ("PS", b"https://example.com", Difference.APEX),
        ("predicate", b"http://example.com", Difference.SCHEME),
        ("P1", b"https://example.com", None),
        ("P1", b"https://evil.net", None),
        ("P1", b"null", None),
        ("P*", b"http://example.com", None),
        ("PN", b"http://example.com", None),
    ],
)
def test_a_near_miss_is_named(policy: str, origin: bytes, difference: Difference | None) -> None:
    found = _decide(POLICIES[policy], CORSRequest(b"GET", (origin,))).near_miss

    assert difference is (None if found is None else found.difference)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"https://a.example", "https://a.example"),
        (b"a\r\nSet-Cookie: b", "a\\x0d\\x0aSet-Cookie: b"),
        (b"\x00\x1b[31m\x7f\xff", "\\x00\\x1b[31m\\x7f\\xff"),
        (b"back\\slash", "back\\x5cslash"),
        (b"a" * 200, "a" * 200),
        (b"a" * 201, "a" * 200 + "... (201 bytes)"),
    ],
)
def test_what_a_peer_sent_is_printed_escaped_and_cut(value: bytes, text: str) -> None:
    assert text == printable(value)


# ---------------------------------------------------------------------------------------------------- the same origin


def test_the_servers_own_origin_needs_no_permission() -> None:
    decision = _policy("P1").decide(CORSRequest(b"POST", (b"https://own.example",), own_origin=b"https://own.example"))

    assert Reason.SAME_ORIGIN is decision.reason
    assert decision.decorate(()) == (VARY,)


def test_two_origins_are_not_the_servers_own_even_where_that_is_unknown() -> None:
    assert Reason.ORIGIN_DUPLICATED is _policy("P1").decide(CORSRequest(b"POST", (b"a", b"b"))).reason
    own = CORSRequest(b"POST", (b"https://own.example",) * 2, own_origin=b"https://own.example")
    assert Reason.ORIGIN_DUPLICATED is _policy("P1").decide(own).reason


def test_an_allowed_own_origin_stays_allowed() -> None:
    own = CORSRequest(b"POST", (b"https://example.com",), own_origin=b"https://example.com")

    assert Reason.ALLOWED_EXACT is _policy("P1").decide(own).reason


# ---------------------------------------------------------------------------------------------------------- decorate


def test_other_headers_keep_their_place_and_their_case() -> None:
    lines = ((b"X-B", b"1"), (b"access-control-allow-origin", b"*"), (b"Content-Type", b"a/b"), (b"x-b", b"2"))
    decision = _policy("P1").decide(CORSRequest.read(b"GET", (GOOD,)))

    assert decision.decorate(lines)[:3] == ((b"X-B", b"1"), (b"Content-Type", b"a/b"), (b"x-b", b"2"))
    assert decision.decoration.replaced(lines) == (b"access-control-allow-origin",)


def test_without_a_policy_nothing_is_touched() -> None:
    lines = ((b"Access-Control-Allow-Origin", b"*"), (b"Vary", b"Cookie"), (b"Access-Control-Max-Age", b"-1"))
    decision = Decision.ungoverned(CORSRequest.read(b"GET", (GOOD,)))

    assert lines == decision.decorate(list(lines))
    assert decision.decoration.replaced(lines) == ()


def test_v11_a_changed_list_does_not_reach_the_next_response() -> None:
    decision = _policy("P1").decide(CORSRequest.read(b"GET", (GOOD,)))
    lines = [(b"X-B", b"1")]

    first = decision.decorate(lines)
    lines.clear()

    assert first[1:] == decision.decorate(lines)


def test_v10_two_preflights_do_not_influence_each_other() -> None:
    policy = _policy("echo")
    requests = [CORSRequest.read(b"OPTIONS", (*_PUT_X, acrh(name))) for name in (b"x-a", b"x-b", b"x-a")]

    first, second, third = (policy.decide(request) for request in requests)

    assert first == third
    assert (b"Access-Control-Allow-Headers", b"x-b") in second.headers
    assert (b"Access-Control-Allow-Headers", b"x-a") not in second.headers


def test_decorating_twice_is_decorating_once() -> None:
    for vector in (vector for vector in VECTORS if vector.policy != "expose-all"):
        decision = _decide(POLICIES[vector.policy], _read(vector))
        once = decision.decorate(vector.app_headers)

        assert sorted(once) == sorted(decision.decorate(once))


# --------------------------------------------------------------------------------------------------------- predicates


def test_a_predicate_is_asked_last_and_only_about_true_origins() -> None:
    asked: list[str] = []

    def predicate(origin: str) -> bool:
        asked.append(origin)
        return True

    policy = Policy(["https://example.com", "https://*.example.com"], predicate=predicate)
    for value in (b"https://example.com", b"https://a.example.com", b"null", b"", b"https://b.example/", b"a" * 9999):
        policy.decide(CORSRequest(b"GET", (value,)))
    policy.decide(CORSRequest(b"GET"))
    policy.decide(CORSRequest(b"GET", (b"https://b.example", b"https://b.example")))

    assert asked == []
    assert policy.decide(CORSRequest(b"GET", (b"https://b.example",))).allowed
    assert asked == ["https://b.example"]


@pytest.mark.parametrize("answer", [1, "yes", object(), None, 0, "", [True]])
def test_a_predicate_allows_by_true_alone(answer: object) -> None:
    def predicate(origin: str) -> bool:
        return answer  # type: ignore[return-value]

    decision = Policy(predicate=predicate).decide(CORSRequest(b"GET", (b"https://b.example",)))

    assert Reason.PREDICATE_DENIED is decision.reason
    assert decision.decorate(()) == (VARY,)


def test_e12_a_predicate_that_raises_says_no() -> None:
    def predicate(origin: str) -> bool:
        raise LookupError(origin)

    policy = Policy(predicate=predicate)

    assert Reason.PREDICATE_ERROR is policy.decide(CORSRequest(b"GET", (b"https://b.example",))).reason
    assert policy.decide(CORSRequest(b"OPTIONS", (b"https://b.example",), (b"PUT",))).status == 403
    assert not policy.permits_origin("https://b.example")


def test_stopping_the_program_is_not_an_answer_of_the_predicate() -> None:
    def predicate(origin: str) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Policy(predicate=predicate).permits_origin("https://b.example")


# --------------------------------------------------------------------------------------------------------- properties


@st.composite
def _policies_and_origins(draw: st.DrawFn) -> tuple[Policy, bytes]:
    texts = draw(st.lists(patterns(), min_size=1, max_size=4))
    policy = Policy(
        texts,
        credentials=draw(st.booleans()),
        dangerously_allow_insecure_origins=True,
        dangerously_allow_public_suffixes=True,
    )
    return policy, draw(near(texts))


@_PROPERTY
@given(_policies_and_origins())
def test_an_origin_comes_back_as_it_is_or_not_at_all(drawn: tuple[Policy, bytes]) -> None:
    policy, origin = drawn
    for request in (CORSRequest(b"GET", (origin,)), CORSRequest(b"OPTIONS", (origin,), (b"GET",))):
        decision = policy.decide(request)

        allowed = policy.permits_origin(origin)
        assert allowed is decision.allowed
        assert allowed is (allow_origin(origin) in decision.headers)
        assert allowed is bool(decision.headers)
        assert decision.vary == (VARY,)


# ------------------------------------------------------------------------------------------------------------ hostile


class _Work:
    """Counts the calls, in Python and in C, and the most memory held, while something runs.

    Garbage collection waits meanwhile: what it calls back is no part of the work.
    """

    calls = 0
    peak = 0

    def measure(self, run: Callable[[], object]) -> None:
        gc.disable()
        tracemalloc.start()
        sys.setprofile(self._count)
        try:
            run()
        finally:
            sys.setprofile(None)
            self.peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            gc.enable()

    def _count(self, frame: FrameType, event: str, arg: object) -> None:
        self.calls += event in ("call", "c_call")


def _decided_in_full(policy: Policy, request: CORSRequest) -> None:
    decision = policy.decide(request)
    decision.decorate(())
    assert decision.sentence
    assert decision.fix
    assert decision.near_miss is None or decision.origin_reason.outcome is Outcome.DENIED


_LABELS = b"https://" + b"a." * 122 + b"evil.net"

HOSTILE: dict[str, tuple[Field, ...]] = {
    "a mebibyte of commas": (GOOD, acrm(b"PUT"), acrh(b"," * 1_048_576)),
    "a mebibyte of white space": (GOOD, acrm(b"PUT"), acrh(b" \t" * 524_288)),
    "commas in ten thousand lines": (GOOD, acrm(b"PUT"), *[acrh(b",")] * 10_000),
    "ten thousand names": (GOOD, acrm(b"PUT"), acrh(b",".join(b"x-%d" % n for n in range(10_000)))),
    "ten thousand lines of a name": (GOOD, acrm(b"PUT"), *(acrh(b"x-%d" % n) for n in range(10_000))),
    "a name of 64 KiB": (GOOD, acrm(b"PUT"), acrh(b"x" * 65_536)),
    "names that are not ASCII": (GOOD, acrm(b"PUT"), acrh("ü,ö".encode() * 20_000)),
    "a method of 64 KiB": (GOOD, acrm(b"X" * 65_536)),
    "ten thousand methods": (GOOD, *[acrm(b"PUT")] * 10_000),
    "an origin of 64 KiB": ((b"Origin", b"https://" + b"a" * 65_536), acrm(b"PUT")),
    "an origin of 64 KiB of labels": ((b"Origin", b"https://" + b"a." * 32_768 + b"example.com"), acrm(b"PUT")),
    "an origin of a mebibyte of slashes": ((b"Origin", b"https:" + b"/" * 1_048_576), acrm(b"PUT")),
    "an origin that is not ASCII": ((b"Origin", b"https://" + b"\xff" * 65_536), acrm(b"PUT")),
    "an origin of as many labels as there may be": ((b"Origin", _LABELS), acrm(b"PUT")),
    "ten thousand origins": (*[(b"Origin", b"https://evil.net")] * 10_000, acrm(b"PUT")),
}


@pytest.mark.parametrize("policy", ["P1", "PS", "P*", "echo", "predicate"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lines_cost_little_and_are_not_echoed(name: str, policy: str) -> None:
    request = CORSRequest.read(b"OPTIONS", HOSTILE[name])
    work = _Work()

    work.measure(lambda: _decided_in_full(_policy(policy), request))

    assert work.calls < 10_000
    assert work.peak < 262_144
    decision = _policy(policy).decide(request)
    assert sum(len(key) + len(value) for key, value in (*decision.headers, *decision.vary)) < 1000
    assert len(decision.sentence) + len(decision.fix) < 2000


@pytest.mark.parametrize(
    "lines",
    [
        (GOOD, acrm(b"PUT"), acrh(b"," * 8192)),
        (GOOD, acrm(b"PUT"), acrh(b", " * 4096)),
        (GOOD, acrm(b"PUT"), acrh(b",".join(b"x" * 60 + b"%d" % n for n in range(128)))),
        (GOOD, acrm(b"X" * 64), acrh(b"x" * 8192)),
    ],
    ids=["commas", "commas and spaces", "128 names", "one name"],
)
def test_an_echo_stays_within_its_bounds(lines: tuple[Field, ...]) -> None:
    work = _Work()
    request = CORSRequest.read(b"OPTIONS", lines)

    work.measure(lambda: _policy("echo").decide(request))

    assert work.calls < 30_000
    assert work.peak < 2_000_000
    assert sum(len(value) for _, value in _policy("echo").decide(request).headers) < 9000


def test_a_decision_costs_the_same_among_ten_thousand_origins_as_with_one() -> None:
    def calls(size: int, pattern: str, origin: bytes) -> int:
        policy = Policy([pattern.format(number) for number in range(1, size + 1)])
        request = CORSRequest(b"GET", (origin,))
        work = _Work()
        work.measure(lambda: policy.decide(request).decorate(()))
        return work.calls

    for pattern, origin in (
        ("https://h{}.example", b"https://h1.example"),
        ("https://h{}.example", b"https://evil.net"),
        ("https://*.h{}.example", b"https://a.h1.example"),
        ("https://*.h{}.example", _LABELS),
        ("app://h.example:{}", b"app://h.example:10001"),
    ):
        assert calls(1, pattern, origin) == calls(10_000, pattern, origin)


# ------------------------------------------------------------------------------------------------- beside the decision


def test_private_network_access_is_noted_and_changes_nothing() -> None:
    policy = Policy(["https://example.com"])
    lines = ((b"Origin", b"https://example.com"), (b"Access-Control-Request-Method", b"PUT"))
    plain = policy.decide(CORSRequest.read(b"OPTIONS", lines))
    asking = policy.decide(CORSRequest.read(b"OPTIONS", (*lines, (b"Access-Control-Request-Private-Network", b"true"))))
    assert (asking.status, asking.headers, asking.vary, asking.reason) == (
        plain.status,
        plain.headers,
        plain.vary,
        plain.reason,
    )
    assert (plain.notes, asking.notes) == ((), (Reason.PNA_HEADER_IGNORED,))


_ALLOWED = b"https://example.com"
_EVIL = b"https://evil.example"


@pytest.mark.parametrize(
    ("origins", "upgrade", "reason", "status"),
    [
        ((_ALLOWED,), b"websocket", Reason.ALLOWED_EXACT, None),
        ((), b"websocket", Reason.NOT_CORS, None),
        ((b"https://own.example",), b"websocket", Reason.SAME_ORIGIN, None),
        ((_EVIL,), b"websocket", Reason.ORIGIN_NOT_ALLOWED, 403),
        ((_EVIL,), b"WebSocket", Reason.ORIGIN_NOT_ALLOWED, 403),
        ((_EVIL,), b"h2c,\twebsocket", Reason.ORIGIN_NOT_ALLOWED, 403),
        ((_EVIL,), b"websockets", Reason.ORIGIN_NOT_ALLOWED, None),
        ((_EVIL,), b"h2c", Reason.ORIGIN_NOT_ALLOWED, None),
        ((b"null",), b"websocket", Reason.ORIGIN_NULL, 403),
        ((b"https://example.com/",), b"websocket", Reason.ORIGIN_MALFORMED, 403),
        ((_ALLOWED, _ALLOWED), b"websocket", Reason.ORIGIN_DUPLICATED, 403),
        ((b"http://own.example",), b"websocket", Reason.ORIGIN_NOT_ALLOWED, 403),
        ((b"https://own.example:8443",), b"websocket", Reason.ORIGIN_NOT_ALLOWED, 403),
    ],
)
def test_a_websocket_is_for_pages_of_allowed_origins_and_of_the_servers_own(
    origins: tuple[bytes, ...], upgrade: bytes, reason: Reason, status: int | None
) -> None:
    lines = (*((b"Origin", origin) for origin in origins), (b"Upgrade", upgrade))
    decision = Policy(["https://example.com"]).decide(CORSRequest.read(b"GET", lines, b"https://own.example"))
    assert (decision.reason, decision.status) == (reason, status)
    assert decision.allowed == (reason is Reason.ALLOWED_EXACT)


def test_a_websocket_behind_a_proxy_that_ends_tls_is_same_origin() -> None:
    policy = Policy(["https://example.com"])
    for origin, status in (
        (b"https://own.example", None),
        (b"https://own.example.evil", 403),
        (b"wss://own.example", 403),
    ):
        request = CORSRequest.read(b"GET", ((b"Origin", origin), (b"Upgrade", b"websocket")), b"http://own.example")
        assert policy.decide(request).status == status


def test_a_policy_of_any_origin_lets_every_page_open_websockets() -> None:
    request = CORSRequest(b"GET", (_EVIL,), upgrades=(b"websocket",))
    decision = Policy(["*"]).decide(request)
    assert (decision.reason, decision.status) == (Reason.ALLOWED_ANY, None)


def test_the_check_of_websockets_can_be_switched_off() -> None:
    policy = Policy(["https://example.com"], dangerously_allow_any_websocket_origin=True)
    decision = policy.decide(CORSRequest(b"GET", (_EVIL,), upgrades=(b"websocket",)))
    assert (decision.reason, decision.status, decision.headers) == (Reason.UPGRADE, None, ())
    assert decision.fix == "take dangerously_allow_any_websocket_origin out of the policy"
    assert Policy(**policy.describe()) == policy
    assert policy.decide(CORSRequest(b"GET", (_ALLOWED,), upgrades=(b"websocket",))).reason is Reason.ALLOWED_EXACT


def test_a_near_miss_is_said_in_words() -> None:
    decision = Policy(["https://app.example.com"]).decide(CORSRequest(b"GET", (b"http://app.example.com",)))
    assert decision.hint == (
        "`http://app.example.com` differs from the allowed `https://app.example.com` in its scheme"
    )
    assert Policy(["https://app.example.com"]).decide(CORSRequest(b"GET", (b"https://x.test",))).hint == ""
