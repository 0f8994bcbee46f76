"""The proof: for any policy and any request, a browser lets through exactly what the policy permits.

`policy` and `browser` are written from opposite sides of the standard and meet only here. What a policy permits is said
a third time, by `permits` below, in the words that its user would use.
"""

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from corserver.cors import CORSRequest, Kind, Policy
from corserver.cors.browser import Answer, Credentials, Message, Request, Verdict, parse_url, simulate
from corserver.cors.fetch import SAFELISTED_METHODS, SAFELISTED_RESPONSE_HEADERS, Field, normalize_method
from tests.cors.slow_names import unsafe_names

SCHEMES = ("http", "https")
HOSTS = ("a.example", "b.a.example", "c.b.a.example", "ba.example", "localhost")
PORTS = ("", ":81", ":8080")
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "QUERY", "LINK")
HEADERS: tuple[Field, ...] = (
    (b"content-type", b"application/json"),
    (b"Content-Type", b"text/plain"),
    (b"Accept", b"x" * 129),
    (b"Accept-Language", b"en"),
    (b"range", b"bytes=-5"),
    (b"Range", b"bytes=0-5"),
    (b"X-A", b"1"),
    (b"x-b", b""),
    (b"Authorization", b"Bearer x"),
    (b"Cookie", b"never sent by a script"),
)
NAMES = ("content-type", "accept", "accept-language", "range", "x-a", "x-b", "authorization")
RESPONSE: tuple[Field, ...] = (
    (b"Content-Type", b"text/plain"),
    (b"ETag", b'"1"'),
    (b"X-Id", b"7"),
    (b"Set-Cookie", b"a=1"),
    (b"Access-Control-Allow-Origin", b"https://the-app-thought.example"),
    (b"Vary", b"Accept"),
)
SERVER = parse_url("https://server.test/items/7")
assert SERVER is not None

origins = st.builds("{}://{}{}".format, st.sampled_from(SCHEMES), st.sampled_from(HOSTS), st.sampled_from(PORTS))
patterns = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(SCHEMES),
    st.sampled_from(("", "*.")),
    st.sampled_from(HOSTS),
    st.sampled_from((*PORTS, ":*")),
)


def lists(*entries: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(entries), unique=True, max_size=5)


options = st.fixed_dictionaries(
    {
        "origins": st.one_of(st.just(["*"]), st.lists(patterns, min_size=1, max_size=4, unique=True)),
        "methods": lists("*", *METHODS),
        "headers": lists("*", *NAMES),
        "expose": lists("*", "etag", "x-id", "content-type"),
        "credentials": st.booleans(),
        "max_age": st.one_of(st.none(), st.integers(0, 86400)),
        "dangerously_allow_insecure_origins": st.just(True),
        "dangerously_allow_public_suffixes": st.just(True),
    }
)
requests = st.builds(
    Request,
    url=st.just(SERVER),
    origin=st.one_of(origins, st.just("null")).map(str.encode),
    method=st.sampled_from((*METHODS, "put", "patch", "Get")).map(str.encode),
    headers=st.lists(st.sampled_from(HEADERS), max_size=4, unique_by=lambda line: line[0].lower()).map(tuple),
    credentials=st.sampled_from(Credentials),
    upload_listener=st.booleans(),
)


def covers(pattern: str, origin: str) -> bool:
    """Whether the pattern allows the origin, taken apart as a reader would."""
    if pattern == "*":
        return True
    scheme, _, wanted = pattern.partition("://")
    got_scheme, _, got = origin.partition("://")
    (host, _, port), (got_host, _, got_port) = wanted.partition(":"), got.partition(":")
    same_host = got_host.endswith(host[1:]) and got_host != host[2:] if host.startswith("*.") else got_host == host
    return scheme == got_scheme and same_host and port in ("*", got_port)


def permits(wished: dict[str, Any], request: Request) -> bool:
    """Whether a user who wrote these options meant to allow this request."""
    if not any(covers(pattern, request.origin.decode()) for pattern in wished["origins"]):
        return False
    if request.credentials is Credentials.INCLUDE and not wished["credentials"]:
        return False
    sent = [line for line in request.headers if line[0].lower() != b"cookie"]
    method, names = normalize_method(request.method).decode(), [name.decode() for name in unsafe_names(sent)]
    method_is_allowed = method.encode() in SAFELISTED_METHODS or {method, "*"} & {*wished["methods"]}
    allowed = {*wished["headers"]}
    headers_are_allowed = all(name in allowed or ("*" in allowed and name != "authorization") for name in names)
    return bool(method_is_allowed and headers_are_allowed)


def fetch(policy: Policy, request: Request) -> tuple[Verdict, list[bool]]:
    """What the browser makes of the policy's answers, and what each decision said of itself."""
    said: list[bool] = []

    def answer(message: Message) -> Answer:
        asked = CORSRequest.read(message.method, message.headers)
        assert (asked.kind is Kind.PREFLIGHT) == (message.preflight is not None)
        decision = policy.decide(asked)
        said.append(decision.allowed)
        return Answer(decision.status or 200, decision.decorate(() if decision.status else RESPONSE))

    return simulate(request, answer), said


@settings(deadline=None, max_examples=1500)
@given(options, requests)
def test_a_browser_lets_through_exactly_what_the_policy_permits(wished: dict[str, Any], request: Request) -> None:
    assume(not (wished["credentials"] and "*" in wished["origins"]))
    # Without any Access-Control-Allow-Methods the standard lets an upload with a listener use its method (browsers do
    # not): a policy that names no method has no line to forbid it with.
    assume(not request.upload_listener or wished["methods"])
    verdict, said = fetch(Policy(**wished), request)
    assert verdict.readable == permits(wished, request)
    # The decision foretold it; what it cannot see is that a request wants credentials which the policy does not give.
    if wished["credentials"] or request.credentials is not Credentials.INCLUDE:
        assert all(said) == verdict.readable
    if verdict.readable:
        present = {name.lower() for name, _ in RESPONSE} - {b"set-cookie", b"access-control-allow-origin"}
        exposed = present if "*" in wished["expose"] else {name.encode() for name in wished["expose"]}
        readable = {name for name in verdict.headers if not name.startswith(b"access-control-")}
        assert readable == present & (exposed | SAFELISTED_RESPONSE_HEADERS)


@settings(deadline=None)
@given(options, requests, st.binary(max_size=40))
def test_an_origin_outside_the_policy_is_never_named(wished: dict[str, Any], request: Request, junk: bytes) -> None:
    assume("*" not in wished["origins"])
    policy = Policy(**wished)
    for origin in (junk, request.origin + junk, junk + request.origin):
        if policy.permits_origin(origin):
            continue
        for method in (b"GET", b"OPTIONS"):
            asked = CORSRequest(method, (origin,), (b"PUT",), (b"x-a",))
            lines = policy.decide(asked).decorate(())
            assert not [line for line in lines if line[0].lower().startswith(b"access-control-")]
