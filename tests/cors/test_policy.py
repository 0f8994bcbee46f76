"""A policy is a value for ever: described, compared, copied, never changed; and one sentence."""

import copy
import dataclasses
import pickle
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.cors.decision import CORSRequest
from corserver.cors.policy import Policy
from tests.cors.origin_strategies import patterns
from tests.cors.vectors.governing import POLICIES
from tests.cors.vectors.lines import EVIL, GOOD, acrm

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=100)
_A = "https://a.example"


# --------------------------------------------------------------------------------------------------- values for ever


@st.composite
def _options(draw: st.DrawFn) -> dict[str, Any]:
    credentials = draw(st.booleans())
    listed = st.lists(patterns(), min_size=1, max_size=4)
    names = st.lists(st.sampled_from(("x-a", "X-B", "authorization", "*", "content-type")), max_size=4)
    methods = st.lists(st.sampled_from(("GET", "PUT", "PATCH", "own", "*")), max_size=4)
    options: dict[str, Any] = {
        "origins": draw(listed if credentials else listed | st.just(["*"])),
        "methods": draw(methods),
        "headers": draw(names),
        "expose": draw(names),
        "credentials": credentials,
        "max_age": draw(st.none() | st.sampled_from((0, 1, 600, 86400))),
        "dangerously_allow_insecure_origins": credentials,
        "dangerously_allow_public_suffixes": credentials,
    }
    if options["origins"] != ["*"] and draw(st.booleans()):
        options |= {"predicate": _never, "dangerously_trust_predicate": credentials}
    return options


def _never(origin: str) -> bool:
    return False


@_PROPERTY
@given(_options())
def test_a_description_makes_an_equal_policy(options: dict[str, Any]) -> None:
    policy = Policy(**options)

    again = Policy(**policy.describe())

    assert policy == again
    assert hash(policy) == hash(again)
    assert policy.describe() == again.describe()
    for request in (CORSRequest.read(b"GET", (GOOD,)), CORSRequest.read(b"OPTIONS", (EVIL, acrm(b"PUT")))):
        assert policy.decide(request).decorate(()) == again.decide(request).decorate(())


@_PROPERTY
@given(_options(), _options())
def test_policies_are_equal_exactly_if_their_descriptions_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    first, second = Policy(**one), Policy(**other)

    assert (first == second) is (first.describe() == second.describe())


@pytest.mark.parametrize(
    ("options", "description"),
    [
        ({"origins": "*"}, {"origins": ["*"]}),
        ({"origins": [_A], "max_age": 0}, {"origins": [_A], "max_age": 0}),
        ({"origins": [_A, _A], "methods": ["PUT", "PUT"]}, {"origins": [_A], "methods": ["PUT"]}),
        ({"origins": [_A], "headers": ["X-A", "x-a"], "expose": ["ETag"]}, None),
        ({"origins": iter([_A]), "credentials": True}, {"origins": [_A], "credentials": True}),
        ({"predicate": _never}, {"predicate": _never}),
    ],
)
def test_a_description_holds_what_differs_from_the_defaults(
    options: dict[str, Any], description: dict[str, Any] | None
) -> None:
    expected = {"origins": [_A], "headers": ["x-a"], "expose": ["etag"]} if description is None else description

    assert expected == Policy(**options).describe()


def test_a_changed_description_does_not_change_the_policy() -> None:
    policy = Policy([_A], ["PUT"])

    policy.describe()["methods"].append("DELETE")

    assert policy.methods == ("PUT",)


def test_the_lists_that_were_given_may_change_afterwards() -> None:
    origins = [_A]
    policy = Policy(origins)

    origins.append("https://evil.net")

    assert not policy.permits_origin("https://evil.net")


_POLICIES = [policy for policy in POLICIES.values() if policy is not None]


@pytest.mark.parametrize("policy", _POLICIES, ids=str)
def test_nothing_of_a_policy_can_be_set_or_deleted(policy: Policy) -> None:
    for name in [*policy.__slots__, "sentence"]:
        with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
            setattr(policy, name, None)
        with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
            delattr(policy, name)
    with pytest.raises((AttributeError, TypeError)):
        policy.another = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("policy", _POLICIES, ids=str)
def test_nothing_that_a_policy_shows_is_mutable(policy: Policy) -> None:
    immutable = (str, bytes, bool, int, type(None), tuple, frozenset, FunctionType)

    for value in _shown(policy):
        assert isinstance(value, immutable) or _is_frozen(value), value


def _is_frozen(value: object) -> bool:
    parameters: Any = getattr(value, "__dataclass_params__", None)
    return parameters is not None and parameters.frozen is True


def _shown(value: object) -> Iterator[object]:
    yield value
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if not field.name.startswith("_"):
                yield from _shown(getattr(value, field.name))
    elif isinstance(value, tuple | frozenset):
        for entry in value:
            yield from _shown(entry)


def test_a_policy_can_be_copied_pickled_and_varied() -> None:
    policy = Policy(["https://*.a.example"], ["PUT"], max_age=0, credentials=True)

    assert policy == copy.deepcopy(policy) == pickle.loads(pickle.dumps(policy))
    assert pickle.loads(pickle.dumps(policy)).permits_origin("https://x.a.example")
    varied = dataclasses.replace(policy, max_age=600)
    assert Policy(["https://*.a.example"], ["PUT"], max_age=600, credentials=True) == varied
    assert varied.decide(CORSRequest(b"OPTIONS", (b"https://x.a.example",), (b"PUT",))).headers[-1][1] == b"600"


# -------------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"origins": "*"}, "any origin (GET, HEAD, POST; no further header; no credentials)"),
        (
            {"origins": [_A], "methods": ["PUT"], "headers": ["X-A"], "credentials": True, "max_age": 0},
            "https://a.example (GET, HEAD, POST, PUT; x-a; credentials; max-age 0)",
        ),
        (
            {"origins": [_A], "methods": ["*"], "headers": ["*", "authorization"], "predicate": _never},
            "https://a.example and those its predicate allows (any method; any header; no credentials)",
        ),
    ],
)
def test_a_policy_is_one_sentence(options: dict[str, Any], sentence: str) -> None:
    assert sentence == Policy(**options).sentence


# ----------------------------------------------------------------------------------------------------------- upgrades


@pytest.mark.parametrize(
    ("name", "origin", "permitted"),
    [
        ("P1", "https://example.com", True),
        ("P1", b"https://example.com", True),
        ("P1", "https://evil.net", False),
        ("P1", "https://example.com/", False),
        ("P1", "null", False),
        ("P1", "", False),
        ("P1", "https://exämple.com", False),
        ("P1", "\ud800", False),
        ("P1", b"\xff", False),
        ("PS", "https://a.example.com", True),
        ("PS", "https://example.com", False),
        ("P*", "https://evil.net", True),
        ("predicate", "https://a.asked.example", True),
        ("predicate", "null", False),
        ("predicate", "https://raise.example", False),
        ("truthy", "https://a.example", False),
    ],
)
def test_an_upgrade_may_ask_for_the_origin_alone(name: str, origin: str | bytes, permitted: bool) -> None:
    policy = POLICIES[name]

    assert policy is not None
    assert permitted is policy.permits_origin(origin)
