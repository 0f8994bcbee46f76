"""A policy is right or it is refused, with every mistake at once and what to write instead."""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.cors.policy import Fault, Policy, PolicyError, Refusal
from tests.cors.origin_strategies import mutations, near, patterns
from tests.cors.vectors.policies import ACCEPTED, REFUSED, Refused

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=100)
_A = "https://a.example"


_LISTS = ("origins", "methods", "headers", "expose")


def _refusals(options: Mapping[str, Any]) -> tuple[Refusal, ...]:
    try:
        Policy(**options)
    except PolicyError as error:
        return error.refusals
    return ()


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
    with pytest.raises(PolicyError, match=r"^this policy has a mistake:\n  methods: 'put'\n"):
        Policy(["https://example.com"], ["put"])


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


@pytest.mark.parametrize(("length", "is_cut"), [(200, False), (201, True)])
def test_a_value_is_cut_beyond_200_characters(length: int, is_cut: bool) -> None:
    text = "a" * (length - len("''"))
    (refusal,) = _refusals({"origins": [text]})

    assert refusal.given == (repr(text)[:200] + "..." if is_cut else repr(text))


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
