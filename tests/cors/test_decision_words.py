"""What a decision says to people: the reason, what mends it, the near miss; printable whatever a peer sent."""

import pytest

from corserver.cors.decision import CORSRequest, printable
from corserver.cors.fetch import Field
from corserver.cors.origins import Difference
from corserver.cors.policy import Policy
from tests.cors.vectors.governing import POLICIES
from tests.cors.vectors.lines import GOOD, acrh, acrm

from .deciding import PUT_X, decide

# ------------------------------------------------------------------------------------------------------------- words

_EVIL_URL = b"https://Evil.net/?<b>\n"


@pytest.mark.parametrize(
    ("policy", "method", "lines", "sentence", "fix"),
    [
        ("P1", b"OPTIONS", (GOOD, acrm(b"patch")), "and `patch` is not `PATCH`", "write the method in upper case"),
        ("P1", b"OPTIONS", (GOOD, acrm(b"post")), "and `post` is not `POST`", "write the method in upper case"),
        ("P1", b"OPTIONS", (GOOD, acrm(b"DELETE")), "allowed: GET, HEAD, PATCH, POST, PUT", "--cors-methods"),
        ("P1", b"OPTIONS", (GOOD, acrm(b"TRACE")), "no script may use TRACE", "use another method"),
        ("P1", b"OPTIONS", (*PUT_X, acrh(b"x-b,x-a,X-C")), "not in the policy: x-b, x-c", "--cors-headers"),
        ("P1", b"OPTIONS", (*PUT_X, acrh(b"accept,range")), "the value of accept, range is beyond", "--cors-headers"),
        ("P*", b"OPTIONS", (*PUT_X, acrh(b"Authorization")), "does not cover Authorization", '["*", "authorization"]'),
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
    decision = decide(POLICIES[policy], CORSRequest.read(method, lines))

    assert sentence in decision.sentence
    assert fix in decision.fix


@pytest.mark.parametrize(
    ("policy", "origin", "change", "flag"),
    [
        (
            "P1",
            b"https://b.net",
            "add https://b.net to the policy's origins",
            " (on the command line: --cors https://b.net)",
        ),
        ("P1", b"null", "serve the page from a real origin; `null` is anybody, so only a policy of `*` serves it", ""),
    ],
)
def test_the_change_is_the_fix_without_the_command_line(policy: str, origin: bytes, change: str, flag: str) -> None:
    decision = decide(POLICIES[policy], CORSRequest(b"GET", (origin,)))
    assert (decision.change, decision.fix) == (change, change + flag)


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
    found = decide(POLICIES[policy], CORSRequest(b"GET", (origin,))).near_miss

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


# ------------------------------------------------------------------------------------------------- beside the decision


def test_a_near_miss_is_said_in_words() -> None:
    decision = Policy(["https://app.example.com"]).decide(CORSRequest(b"GET", (b"http://app.example.com",)))
    assert decision.hint == (
        "`http://app.example.com` differs from the allowed `https://app.example.com` in its scheme"
    )
    assert Policy(["https://app.example.com"]).decide(CORSRequest(b"GET", (b"https://x.test",))).hint == ""
