"""`explain`: the policy decides, the browser concludes, and the mend is a change of the policy."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corserver import Policy
from corserver.config import cors_policy
from corserver.cors.browser import Credentials, parse_url
from corserver.tools.check.exchanges import Reply
from corserver.tools.check.question import Question
from corserver.tools.check.report import Report
from corserver.tools.check.text import render
from corserver.tools.explain import explain

PAGE = "https://app.example"
API = parse_url("https://api.example/items")
GET_ONLY = Policy([PAGE])
JSON = {"method": b"PUT", "headers": ((b"content-type", b"application/json"),)}
INCLUDE = {"credentials": Credentials.INCLUDE}


def asked(policy: Policy | None, **options: Any) -> Report:
    assert API is not None
    return explain(policy, replace(Question(url=API, origin=PAGE.encode()), **options))


CASES = [
    (GET_ONLY, {}, True, "ALLOWED_EXACT", ""),
    (None, {}, False, "NO_POLICY", "--cors https://app.example"),
    (GET_ONLY, {"origin": b"https://www.app.example"}, False, "ORIGIN_NOT_ALLOWED", "--cors https://www.app.example"),
    (GET_ONLY, JSON, False, "METHOD_NOT_ALLOWED", "--cors-methods"),
    (Policy([PAGE], ["PUT"]), JSON, False, "SAFELISTED_HEADER_UNSAFE_VALUE", "--cors-headers"),
    (Policy([PAGE], ["PUT"], ["content-type"]), JSON, True, "ALLOWED_EXACT", ""),
    (GET_ONLY, INCLUDE, False, "ALLOWED_EXACT", "--cors-credentials"),
    (Policy(["*"]), INCLUDE, False, "ALLOWED_ANY", "--cors https://app.example --cors-credentials"),
    (GET_ONLY, {"read": (b"x-total",)}, False, "ALLOWED_EXACT", "--cors-expose x-total"),
    (GET_ONLY, {"read": (b"set-cookie",)}, False, "ALLOWED_EXACT", "No script can read set-cookie"),
    (Policy([PAGE], ["PATCH"]), {"method": b"patch"}, False, "METHOD_CASE_MISMATCH", "`method: 'PATCH'`"),
]


@pytest.mark.parametrize(("policy", "options", "is_allowed", "reason", "mend"), CASES)
def test_the_decision_and_the_mend_are_the_policys(
    policy: Policy | None, options: dict[str, Any], is_allowed: bool, reason: str, mend: str
) -> None:
    report = asked(policy, **options)
    assert report.is_allowed is is_allowed
    spoken = report.steps[-1].spoken
    assert spoken is not None
    assert spoken.reason == reason
    assert mend in " ".join(" ".join(each.advice) for each in report.mends)
    assert bool(report.mends) is not is_allowed


def test_the_flag_for_what_is_to_be_read_is_enough_and_hides_nothing_that_was_readable() -> None:
    read = (b"etag", b"x-a", b"date", b"content-type", b"x-b")
    report = asked(cors_policy([PAGE]), read=(*read, b"set-cookie"))
    assert report.reason == "x-a, x-b, set-cookie arrive, and the script cannot read them"
    advice, never = report.mends[0].advice
    assert never == "No script can read set-cookie, exposed or not."
    flag = advice.partition("--cors-expose ")[2].removesuffix(").")
    assert asked(cors_policy([PAGE], expose=[flag]), read=read).is_allowed


def test_near_misses_are_named_and_nothing_is_offered_that_needs_a_network() -> None:
    text = render(asked(GET_ONLY, origin=b"http://app.example"))
    assert "differs from the allowed `https://app.example` in its scheme" in text
    assert "Reproduce" not in text
    assert "--fix" not in text


def test_an_error_of_the_apps_is_readable() -> None:
    assert API is not None
    report = explain(GET_ONLY, Question(url=API, origin=PAGE.encode()), status=500)
    assert (report.is_allowed, report.status) == (True, 500)


@given(
    methods=st.sets(st.sampled_from(["PUT", "PATCH", "*"])),
    headers=st.sets(st.sampled_from(["x-a", "authorization", "*"])),
    method=st.sampled_from([b"GET", b"PUT", b"PATCH", b"patch", b"DELETE"]),
    sent=st.sets(st.sampled_from([b"x-a", b"authorization", b"x-b"])),
    credentials=st.booleans(),
)
def test_what_the_policy_says_of_a_preflight_is_what_the_browser_concludes(
    methods: set[str], headers: set[str], method: bytes, sent: set[bytes], credentials: bool
) -> None:
    policy = Policy([PAGE], sorted(methods), sorted(headers), credentials=credentials)
    mode = Credentials.INCLUDE if credentials else Credentials.SAME_ORIGIN
    report = asked(policy, method=method, headers=tuple((name, b"1") for name in sorted(sent)), credentials=mode)
    first = report.steps[0]
    assert first.spoken is not None
    if first.is_preflight:
        assert (first.spoken.verdict == "corserver allows it") == report.is_allowed
        assert isinstance(first.outcome, Reply)
        assert first.outcome.status == 204
    else:
        assert report.is_allowed
