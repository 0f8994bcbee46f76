"""Predicates: when they are asked, which answers count, and what their mistakes are."""

import pytest

from corserver.cors.decision import CORSRequest, Reason
from corserver.cors.policy import Policy
from tests.cors.vectors.lines import VARY


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
