"""A policy is right or it is refused, with every mistake at once and what to write instead; and it never changes."""

import ast
import copy
import dataclasses
import pickle
from collections.abc import Iterator, Mapping
from types import FunctionType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.cors.decision import CORSRequest
from corserver.cors.policy import Fault, Policy, PolicyError, Refusal
from tests.cors.origin_strategies import mutations, near, patterns
from tests.cors.vectors import ACCEPTED, EVIL, GOOD, POLICIES, REFUSED, Refused, acrm

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=100)
_LISTS = ("origins", "methods", "headers", "expose")
_A = "https://a.example"


def _refusals(options: Mapping[str, Any]) -> tuple[Refusal, ...]:
    try:
        Policy(**options)
    except PolicyError as error:
        return error.refusals
    return ()


# ----------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: ascii(dict(row.options))[:80])
def test_a_mistake_is_refused_with_what_to_write_instead(row: Refused) -> None:
    refusals = _refusals(row.options)

    assert row.faults == tuple(refusal.fault for refusal in refusals)
    assert row.write == refusals[0].write


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: ascii(dict(row.options))[:80])
def test_what_is_offered_is_accepted(row: Refused) -> None:
    for options in _mended(row.options, _refusals(row.options)[0]):
        assert _refusals(options) == ()


def test_every_fault_has_a_row() -> None:
    needs_a_missing_library = {Fault.PUBLIC_SUFFIX_UNKNOWN}

    assert set(Fault) - needs_a_missing_library == {fault for row in REFUSED for fault in row.faults}


@pytest.mark.parametrize("options", ACCEPTED, ids=lambda options: ascii(dict(options))[:80])
def test_what_looks_doubtful_but_is_right_is_accepted(options: Mapping[str, Any]) -> None:
    assert isinstance(Policy(**options), Policy)


def test_unknown_options_are_an_error_and_none_is_a_status() -> None:
    for option in ("status", "allow_all", "origin", "max_age_seconds", "dangerously_allow_everything"):
        with pytest.raises(TypeError, match=option):
            Policy(**{"origins": [_A], option: 200})  # type: ignore[arg-type]


def test_all_mistakes_come_at_once_each_with_what_was_given() -> None:
    with pytest.raises(PolicyError) as caught:
        Policy(
            origins=["https://Example.com/", "null", "http://b.example"],
            methods=["put", "TRACE"],
            headers=["Cookie", "x y"],
            expose=["Set-Cookie"],
            credentials=True,
            max_age="10m",  # type: ignore[arg-type]
        )

    found = caught.value.refusals
    assert {
        (Fault.ORIGIN_MALFORMED, "origins", "'https://Example.com/'", "'https://example.com'"),
        (Fault.ORIGIN_NULL_PROHIBITED, "origins", "'null'", "the page's real origin, or, for public data, '*'"),
        (
            Fault.INSECURE_WITH_CREDENTIALS,
            "origins",
            "'http://b.example'",
            "'https://b.example'; or, knowing the risk, dangerously_allow_insecure_origins=True",
        ),
        (Fault.METHOD_CASE, "methods", "'put'", "'PUT'"),
        (Fault.METHOD_FORBIDDEN, "methods", "'TRACE'", "leave it out"),
        (Fault.HEADER_FORBIDDEN, "headers", "'Cookie'", "leave it out"),
        (Fault.HEADER_INVALID, "headers", "'x y'", "'x-y'"),
        (Fault.EXPOSE_FORBIDDEN, "expose", "'Set-Cookie'", "leave it out"),
        (Fault.MAX_AGE_INVALID, "max_age", "'10m'", "600"),
    } == {(refusal.fault, refusal.option, refusal.given.strip('"'), refusal.write) for refusal in found}
    assert len(found) == 9


def test_the_error_reads_as_a_list_of_mistakes() -> None:
    with pytest.raises(PolicyError) as caught:
        Policy(["https://Example.com/"], ["put"])

    assert str(caught.value) == "\n".join(
        (
            "this policy has 2 mistakes:",
            "  origins: 'https://Example.com/'",
            "    an origin is lower-case and has no path, not even a trailing slash",
            "    write: 'https://example.com'",
            "  methods: 'put'",
            "    methods are compared with their case, and browsers send the standard ones in upper case",
            "    write: 'PUT'",
        )
    )


def test_mistakes_in_a_string_that_should_be_a_list_are_found_too() -> None:
    refusals = _refusals({"origins": "https://A.example/"})

    assert [(refusal.fault, refusal.write) for refusal in refusals] == [
        (Fault.NOT_A_LIST, "origins=['https://A.example/']"),
        (Fault.ORIGIN_MALFORMED, f"'{_A}'"),
    ]


def test_two_mistakes_of_one_entry_are_found_at_once() -> None:
    refusals = _refusals({"origins": ["http://B.example/"], "credentials": True})

    assert [(refusal.fault, refusal.write) for refusal in refusals] == [
        (Fault.ORIGIN_MALFORMED, "'http://b.example'"),
        (
            Fault.INSECURE_WITH_CREDENTIALS,
            "'https://b.example'; or, knowing the risk, dangerously_allow_insecure_origins=True",
        ),
    ]


def test_a_long_value_is_cut() -> None:
    (refusal,) = _refusals({"origins": ["https://" + "a" * 10_000]})

    assert len(refusal.given) < 210


_TEXTS = st.text(max_size=12) | st.sampled_from(("Host:", "a, b", "TRACE ", "X Y: z", "*", "get", "\ud800", "\u212a"))


@_PROPERTY
@given(st.sampled_from(_LISTS[1:]), st.lists(_TEXTS, max_size=3))
def test_any_names_make_a_policy_or_refusals_that_mend_it(option: str, texts: list[str]) -> None:
    _assert_mendable({"origins": [_A], option: texts})


@_PROPERTY
@given(st.lists(near([]).map(lambda value: value.decode("utf-8", "surrogateescape")) | _TEXTS, max_size=3))
def test_any_origins_make_a_policy_or_refusals_that_mend_it(texts: list[str]) -> None:
    _assert_mendable({"origins": texts})


@_PROPERTY
@given(patterns().map(str.encode).flatmap(mutations).map(lambda value: value.decode("utf-8", "surrogateescape")))
def test_a_pattern_with_a_slip_is_accepted_or_mended(text: str) -> None:
    _assert_mendable({"origins": [text], "credentials": True, "dangerously_allow_public_suffixes": True})


def _assert_mendable(options: dict[str, Any]) -> None:
    for refusal in _refusals(options):
        if refusal.fault is Fault.INSECURE_WITH_CREDENTIALS and refusal.given not in map(repr, options["origins"]):
            continue  # It is about what the entry was meant to be, and another refusal offers that.
        for mended in _mended(options, refusal):
            fewer = _refusals(mended)
            assert len(fewer) < len(_refusals(options)), (refusal, fewer)


def _mended(options: Mapping[str, Any], refusal: Refusal) -> Iterator[dict[str, Any]]:
    """The options as *refusal* says to write them, for each literal that it offers."""
    for offer in refusal.write.split("; or, knowing the risk, "):
        try:
            yield {**options, **_new_options(options, refusal, offer)}
        except (SyntaxError, ValueError):
            continue  # It is offered in words.


def _new_options(options: Mapping[str, Any], refusal: Refusal, offer: str) -> dict[str, Any]:
    if offer == "leave it out":
        return {refusal.option: _replaced(options, refusal, ())}
    called = ast.parse(f"f({offer})", mode="eval").body
    assert isinstance(called, ast.Call)
    if called.keywords:
        first = called.keywords[0]
        return {str(first.arg): ast.literal_eval(first.value)}
    values = tuple(map(ast.literal_eval, called.args))
    if refusal.option in _LISTS:
        return {refusal.option: _replaced(options, refusal, values)}
    return {refusal.option: values[0]}


def _replaced(options: Mapping[str, Any], refusal: Refusal, values: tuple[Any, ...]) -> list[Any]:
    shown = refusal.given.removesuffix("...")
    kept = [entry for entry in options[refusal.option] if not repr(entry).startswith(shown)]
    assert len(kept) < len(options[refusal.option]), (refusal, options)
    return [*kept, *values]


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
