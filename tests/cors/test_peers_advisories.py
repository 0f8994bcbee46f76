"""What other CORS libraries had to mend: their advisories as attacks on this engine.

An attack is a page at an origin that should read nothing, and it is a browser that says whether it did. The ids are
those under which the advisories were published, where there was one.
"""

from itertools import permutations
from typing import Any, Final

import pytest

from corserver.cors import CORSRequest, Fault, Policy, PolicyError
from corserver.cors.browser import BROWSERS, Answer, Credentials, Message, Request, parse_url, simulate

_SERVER: Final = parse_url("https://server.test/secrets")
_DANGEROUSLY: Final[dict[str, Any]] = {
    "dangerously_allow_insecure_origins": True,
    "dangerously_allow_public_suffixes": True,
    "dangerously_trust_predicate": True,
}
POLICY: Final[dict[str, Policy]] = {
    "two": Policy(["https://foo.example", "https://bar.example"], ["PUT"], ["x-a"], credentials=True),
    "ends": Policy([f"https://{host}" for host in ("cat", "concat", "kin", "pin", "a.kin:8080")]),
    "below": Policy(["https://*.shop.example"], ["*"], ["*"], credentials=True),
    "ports": Policy(["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"], credentials=True),
    "both": Policy(["http://*.shop.example:*"], **_DANGEROUSLY, credentials=True),
    "address": Policy(["http://192.0.2.7:8080"]),
    "trusting": Policy(predicate=lambda origin: True, credentials=True, dangerously_trust_predicate=True),
}


def reads(policy: Policy, origin: bytes, credentials: Credentials, method: bytes = b"GET") -> bool:
    """Whether a page at *origin* reads the secret in any browser there is."""

    def answer(message: Message) -> Answer:
        decision = policy.decide(CORSRequest.read(message.method, message.headers))
        return Answer(decision.status or 200, decision.decorate(()))

    assert _SERVER is not None
    request = Request(url=_SERVER, origin=origin, method=method, credentials=credentials)
    return any(simulate(request, answer, browser).readable for browser in BROWSERS)


#: id, policy, the attackers' origins
ATTACKS: Final[tuple[tuple[str, str, tuple[bytes, ...]], ...]] = (
    ("GHSA-vhxv-fg4m-p2w8, GHSA-v84h-653v-4pq9", "two", (b"https://barfoo.example", b"https://foobar.example")),
    ("GHSA-vhxv-fg4m-p2w8, more names", "ends", (b"https://pkin", b"https://kpin", b"https://conkin", b"https://concon")),
    ("starlette 0.13.1: the end of an expression", "below", (b"https://a.shop.example.evil.net", b"https://evil.shop.ex")),
    (
        "CVE-2026-37737, CVE-2022-3457: only the beginning is compared",
        "two",
        (b"https://foo.example.evil.net", b"https://foo.example-evil.net", b"https://foo.example@evil.net"),
    ),
    ("CVE-2019-25211: a longer top-level name", "two", (b"https://foo.examples", b"https://foo.exampl", b"https://bar.e")),
    ("express: only the end is compared", "two", (b"https://evilfoo.example", b"https://evil.foo.example")),
    ("express: a dot that is any byte", "below", (b"https://a.shopxexample", b"https://axshop.example")),
    (
        "CVE-2025-30360: an address is nobody's proof",
        "address",
        (b"http://192.0.2.8:8080", b"http://192.0.2.7", b"http://192.0.2.70:8080", b"http://3221225991:8080"),
    ),
    ("CVE-2018-14732: who says localhost", "ports", (b"http://localhost.evil.net:3000", b"http://evil.localhost:3000")),
    ("localhost is no part of a name", "ports", (b"http://evillocalhost:3000", b"http://127.0.0.1.evil.net:3000")),
    ("null is everybody", "trusting", (b"null",)),
    ("null, where a list is", "two", (b"null", b"Null", b"file://")),
    ("the apex and other ports", "below", (b"https://shop.example", b"https://a.shop.example:8443", b"http://a.shop.example")),
    ("the same, on any port", "both", (b"http://shop.example:81", b"https://a.shop.example", b"http://ashop.example:81")),
    ("labels that split a name", "below", (b"https://evil.net/.shop.example", b"https://evil.net#.shop.example")),
    (
        "names that Safari let pass",
        "two",
        tuple(b"https://foo.example%c.evil.net" % byte for byte in b"`{}!$&'()*+,;=^~|\"_-"),
    ),
    ("a full stop makes another origin", "two", (b"https://foo.example.", b"https://bar.example..")),
)  # fmt: skip


@pytest.mark.parametrize(("name", "policy", "origins"), ATTACKS, ids=[row[0] for row in ATTACKS])
def test_the_attackers_page_reads_nothing(name: str, policy: str, origins: tuple[bytes, ...]) -> None:
    for origin in origins:
        for credentials in Credentials:
            assert not reads(POLICY[policy], origin, credentials)
            assert not reads(POLICY[policy], origin, credentials, b"PUT")


@pytest.mark.parametrize("name", ["two", "ends"])
def test_nor_does_a_page_at_any_origin_that_is_put_together_from_allowed_ones(name: str) -> None:
    policy = POLICY[name]
    exact = [origin for origin in policy.origins if "*" not in origin]
    hosts = [origin.partition("://")[2] for origin in exact]

    for one, other in permutations(hosts, 2):
        for made in (
            one + other,
            f"{one}.{other}",
            f"{one}-{other}",
            one[:-1] + other,
            one + other[1:],
            one[1:],
            other[1:],
        ):
            origin = f"https://{made}"
            assert origin in exact or not policy.permits_origin(origin)


@pytest.mark.parametrize("name", POLICY)
def test_a_page_that_reads_nothing_is_told_nothing(name: str) -> None:
    for attack, policy, origins in ATTACKS:
        for origin in origins if policy == name else ():
            for method in (b"GET", b"OPTIONS"):
                decision = POLICY[name].decide(CORSRequest(method, (origin,), (b"PUT",), (b"x-a",)))
                assert decision.decorate(()) == ((b"Vary", b"Origin"),), attack


# -------------------------------------------------------------------------------------- everybody, with credentials

#: Ways in which servers came to answer any site with its own name and `true`.
EVERYBODY: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    *(
        (name, {"origins": ["*"]})
        for name in (
            *("CVE-2018-20744", "CVE-2017-20146", "CVE-2018-8014", "CVE-2023-49803", "CVE-2024-25124"),
            *("CVE-2025-34291", "CVE-2026-54290", "GHSA-972r-f3fv-whm3"),
        )
    ),
    ("the star as a string", {"origins": "*"}),
    ("the star among others", {"origins": ["https://page.example", "*"]}),
    ("the star as a host", {"origins": ["https://*"]}),
    ("the star as a host, any port", {"origins": ["https://*:*"]}),
    ("the star as a scheme", {"origins": ["*://*"]}),
    ("the star and a full stop", {"origins": ["https://*."]}),
    ("an expression for all", {"origins": ["https?://.*"]}),
    ("any company", {"origins": ["https://*.com"]}),
    ("a function that may say yes to all", {"predicate": lambda origin: True}),
    ("an empty list", {"origins": []}),
    ("a list of an empty string", {"origins": [""]}),
    ("a typing mistake beside a good one", {"origins": ["https://page.example", "https:/shop.example"]}),
    ("null for local pages", {"origins": ["null"]}),
)


@pytest.mark.parametrize(("name", "options"), EVERYBODY, ids=[row[0] for row in EVERYBODY])
def test_no_policy_of_everybody_with_credentials_exists(name: str, options: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        Policy(**options, credentials=True)


def test_no_keyword_lets_the_star_have_credentials() -> None:
    with pytest.raises(PolicyError) as caught:
        Policy(["*"], credentials=True, **_DANGEROUSLY)

    assert [refusal.fault for refusal in caught.value.refusals] == [Fault.WILDCARD_WITH_CREDENTIALS]


def test_flask_3_0_3_the_star_is_never_sent_with_credentials() -> None:
    for policy in POLICY.values():
        for origins in ((), (b"https://foo.example",), (b"https://a.shop.example",), (b"null",)):
            for method in (b"GET", b"OPTIONS"):
                lines = policy.decide(CORSRequest(method, origins, (b"PUT",), (b"x-a",))).decorate(())
                assert b"*" not in [value for _, value in lines]


# ------------------------------------------------------------------------------------------ what a peer may write

_HOSTILE: Final = {
    "CVE-2025-47908, GHSA-mh55-gqvf-xfwm: a megabyte of commas": (b"," * 1_000_000,),
    "CVE-2025-47908: commas on ten thousand lines": (b",",) * 10_000,
    "GHSA-8j4g-w8fx-2239: a megabyte of white space": (b"x-a" + b" " * 1_000_000 + b"x-b",),
    "GHSA-8j4g-w8fx-2239: white space and commas": (b" ,\t" * 300_000,),
    "ten thousand names": (b",".join(b"x-%d" % number for number in range(10_000)),),
    "a name of a megabyte": (b"x" * 1_000_000,),
    "a line feed": (b"x-a\r\nSet-Cookie: a=b",),
    "a NUL": (b"x-a\0",),
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_requested_headers_are_not_given_back(name: str) -> None:
    asked = CORSRequest(b"OPTIONS", (b"https://a.shop.example",), (b"PUT",), _HOSTILE[name])
    plain = CORSRequest(b"OPTIONS", (b"https://a.shop.example",), (b"PUT",))

    assert POLICY["below"].decide(asked).decorate(()) == POLICY["below"].decide(plain).decorate(())
    for policy in (POLICY["two"], Policy(["*"], ["*"], ["*"])):
        assert policy.decide(asked).decorate(()) == policy.decide(plain).decorate(())


@pytest.mark.parametrize("policy", POLICY.values(), ids=POLICY)
def test_cve_2024_6221_a_question_about_a_private_network_changes_nothing(policy: Policy) -> None:
    asks = ((b"Origin", b"https://foo.example"), (b"Access-Control-Request-Method", b"PUT"))
    private = (b"Access-Control-Request-Private-Network", b"true")

    for method in (b"GET", b"OPTIONS"):
        plain, asked = (policy.decide(CORSRequest.read(method, lines)) for lines in (asks, (*asks, private)))
        assert (plain.status, plain.decorate(())) == (asked.status, asked.decorate(()))
        assert b"access-control-allow-private-network" not in {name.lower() for name, _ in asked.decorate(())}


def test_ghsa_q7jf_gf43_6x6p_what_the_request_says_of_vary_is_not_answered() -> None:
    asks = ((b"Origin", b"https://foo.example"), (b"Vary", b"*, X-Injected"))

    assert [
        line for line in POLICY["two"].decide(CORSRequest.read(b"GET", asks)).decorate(()) if line[0] == b"Vary"
    ] == [(b"Vary", b"Origin")]


@pytest.mark.parametrize(
    "value", [b"https://a\r\nX: y", b"\x1b[2J", b"\xff\xfe", b"https://\xe2\x80\xae.example", b"\0"]
)
def test_cve_2024_1681_words_for_the_log_have_no_control_characters(value: bytes) -> None:
    for asked in (
        CORSRequest(b"OPTIONS", (value,), (value,), (value,)),
        CORSRequest(b"OPTIONS", (b"https://foo.example",), (value,)),
        CORSRequest(b"OPTIONS", (b"https://foo.example",), (b"PUT",), (value,)),
    ):
        decision = POLICY["two"].decide(asked)
        for text in (decision.sentence, decision.fix):
            assert text.isascii()
            assert text.isprintable()


def test_play_2_5_18_every_answer_of_a_list_varies_on_the_origin() -> None:
    for policy in POLICY.values():
        for origins in ((), (b"https://foo.example",), (b"https://evil.net",), (b"null",), (b"",), (b"a", b"b")):
            for method in (b"GET", b"HEAD", b"OPTIONS", b"POST"):
                assert (b"Vary", b"Origin") in policy.decide(CORSRequest(method, origins, (b"PUT",))).decorate(())


@pytest.mark.parametrize("origin", ["https://evil.net", "null", "", "http://foo.example", "https://foo.example/", "*"])
def test_cve_2025_24010_a_socket_is_not_opened_for_another_origin(origin: str) -> None:
    assert not POLICY["two"].permits_origin(origin)
    assert POLICY["two"].permits_origin("https://foo.example")
