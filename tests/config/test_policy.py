"""From flags to a policy."""

from corserver.config import EXPOSED, LOCALHOST, cors_policy, policy_sentence
from corserver.cors.decision import CORSRequest


def test_no_origin_is_no_policy() -> None:
    assert cors_policy([]) is None
    assert cors_policy(["", " , "]) is None


def test_an_origin_alone_grants_everything_but_credentials() -> None:
    policy = cors_policy(["https://a.example, https://b.example"])
    assert policy is not None
    assert policy.describe() == {
        "origins": ["https://a.example", "https://b.example"],
        "methods": ["*"],
        "headers": ["*", "authorization"],
        "expose": list(EXPOSED),
        "max_age": 600,
    }


def test_lists_may_be_repeated_or_separated_by_commas() -> None:
    policy = cors_policy(["https://a.example"], ["PUT,DELETE", "PATCH"], ["x-a, x-b"], ["etag"], True, 0)
    assert policy is not None
    assert (
        policy.methods,
        policy.headers,
        policy.expose,
        policy.credentials,
        policy.max_age,
    ) == (("PUT", "DELETE", "PATCH"), ("x-a", "x-b"), ("etag",), True, 0)


def test_localhost_is_this_machine_on_any_port_and_allows_credentials() -> None:
    policy = cors_policy(["localhost", "https://a.example"], credentials=True)
    assert policy is not None
    assert policy.origins == (*LOCALHOST, "https://a.example")
    for origin in (b"http://localhost", b"http://localhost:5173", b"https://app.localhost:8443", b"http://[::1]:1"):
        assert policy.decide(CORSRequest(b"GET", (origin,))).allowed
    assert not policy.decide(CORSRequest(b"GET", (b"http://localhost.evil.example",))).allowed
    assert policy_sentence(policy).startswith("localhost on any port, https://a.example (")
