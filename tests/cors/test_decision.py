"""Decisions: the exact status, lines and reason of each vector, what kind a request is, and what decorating does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.cors.decision import CORSRequest, Decision, Kind, Outcome, Reason
from corserver.cors.fetch import Field
from corserver.cors.policy import Policy
from tests.cors.origin_strategies import near, patterns
from tests.cors.vectors import VECTORS
from tests.cors.vectors.actuals import ACTUALS
from tests.cors.vectors.governing import POLICIES
from tests.cors.vectors.lines import GOOD, VARY, acrh, acrm, allow_origin
from tests.cors.vectors.origins import ORIGIN_VECTORS
from tests.cors.vectors.preflights import PREFLIGHTS
from tests.cors.vectors.vector import Vector

from .deciding import PUT_X, decide, policy_of

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=100)


def _read(vector: Vector) -> CORSRequest:
    return CORSRequest.read(vector.method, vector.lines)


def _cors_lines(headers: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(line for line in headers if line[0].lower().startswith((b"access-control-", b"vary")))


# ------------------------------------------------------------------------------------------------------ the vectors


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_a_vector_gets_exactly_its_status_and_lines(vector: Vector) -> None:
    decision = decide(POLICIES[vector.policy], _read(vector))

    assert vector.status == decision.status
    assert vector.expected == _cors_lines(decision.decorate(vector.app_headers))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_a_vector_gets_its_reason(vector: Vector) -> None:
    decision = decide(POLICIES[vector.policy], _read(vector))

    assert vector.reason is decision.reason
    assert decision.allowed is (vector.reason.outcome is Outcome.ALLOWED)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_words_for_people_are_printable_and_complete(vector: Vector) -> None:
    decision = decide(POLICIES[vector.policy], _read(vector))

    for text in (decision.sentence, decision.fix):
        assert text
        assert text.isascii()
        assert text.isprintable()
        assert "{" not in text.replace("x{", "").replace("com{", "")
    assert decision.reason.source.startswith("https://fetch.spec.whatwg.org/#")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.id)
def test_a_response_never_carries_an_origin_twice_nor_lists_of_the_other_kind(vector: Vector) -> None:
    decision = decide(POLICIES[vector.policy], _read(vector))

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


# ---------------------------------------------------------------------------------------------------- the same origin


def test_the_servers_own_origin_needs_no_permission() -> None:
    decision = policy_of("P1").decide(
        CORSRequest(b"POST", (b"https://own.example",), own_origin=b"https://own.example")
    )

    assert Reason.SAME_ORIGIN is decision.reason
    assert decision.decorate(()) == (VARY,)


def test_two_origins_are_not_the_servers_own_even_where_that_is_unknown() -> None:
    assert Reason.ORIGIN_DUPLICATED is policy_of("P1").decide(CORSRequest(b"POST", (b"a", b"b"))).reason
    own = CORSRequest(b"POST", (b"https://own.example",) * 2, own_origin=b"https://own.example")
    assert Reason.ORIGIN_DUPLICATED is policy_of("P1").decide(own).reason


def test_an_allowed_own_origin_stays_allowed() -> None:
    own = CORSRequest(b"POST", (b"https://example.com",), own_origin=b"https://example.com")

    assert Reason.ALLOWED_EXACT is policy_of("P1").decide(own).reason


# ---------------------------------------------------------------------------------------------------------- decorate


def test_other_headers_keep_their_place_and_their_case() -> None:
    lines = ((b"X-B", b"1"), (b"access-control-allow-origin", b"*"), (b"Content-Type", b"a/b"), (b"x-b", b"2"))
    decision = policy_of("P1").decide(CORSRequest.read(b"GET", (GOOD,)))

    assert decision.decorate(lines)[:3] == ((b"X-B", b"1"), (b"Content-Type", b"a/b"), (b"x-b", b"2"))
    assert decision.decoration.replaced(lines) == (b"access-control-allow-origin",)


def test_without_a_policy_nothing_is_touched() -> None:
    lines = ((b"Access-Control-Allow-Origin", b"*"), (b"Vary", b"Cookie"), (b"Access-Control-Max-Age", b"-1"))
    decision = Decision.ungoverned(CORSRequest.read(b"GET", (GOOD,)))

    assert lines == decision.decorate(list(lines))
    assert decision.decoration.replaced(lines) == ()


def test_each_member_of_vary_that_is_there_already_is_not_said_again() -> None:
    decision = policy_of("echo").decide(CORSRequest.read(b"OPTIONS", (*PUT_X, acrh(b"x-a"))))
    added = [value for name, value in decision.decorate([(b"vary", b"cookie, origin")]) if name == b"Vary"]

    assert added == [b"Access-Control-Request-Method", b"Access-Control-Request-Headers"]
    assert (b"Vary", b"*") in (varying := decision.decorate([(b"Vary", b"*")]))
    assert [name for name, _ in varying].count(b"Vary") == 1


def test_v11_a_changed_list_does_not_reach_the_next_response() -> None:
    decision = policy_of("P1").decide(CORSRequest.read(b"GET", (GOOD,)))
    lines = [(b"X-B", b"1")]

    first = decision.decorate(lines)
    lines.clear()

    assert first[1:] == decision.decorate(lines)


def test_v10_two_preflights_do_not_influence_each_other() -> None:
    policy = policy_of("echo")
    requests = [CORSRequest.read(b"OPTIONS", (*PUT_X, acrh(name))) for name in (b"x-a", b"x-b", b"x-a")]

    first, second, third = (policy.decide(request) for request in requests)

    assert first == third
    assert (b"Access-Control-Allow-Headers", b"x-b") in second.headers
    assert (b"Access-Control-Allow-Headers", b"x-a") not in second.headers


def test_decorating_twice_is_decorating_once() -> None:
    for vector in (vector for vector in VECTORS if vector.policy != "expose-all"):
        decision = decide(POLICIES[vector.policy], _read(vector))
        once = decision.decorate(vector.app_headers)

        assert sorted(once) == sorted(decision.decorate(once))


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


def test_the_lines_that_are_known_of_a_request_come_back_as_lines() -> None:
    lines = (
        (b"origin", b"https://a.example"),
        (b"access-control-request-method", b"PUT"),
        (b"access-control-request-headers", b"a"),
        (b"access-control-request-headers", b"b"),
    )
    assert CORSRequest.read(b"OPTIONS", [*lines, (b"cookie", b"a=1")]).fields == lines
