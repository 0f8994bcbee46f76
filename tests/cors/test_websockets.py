"""WebSockets: the decision on an upgrade that a page asks for."""

import pytest

from corserver.cors.decision import CORSRequest, Reason
from corserver.cors.policy import Policy

_ALLOWED = b"https://example.com"
_EVIL = b"https://evil.example"


@pytest.mark.parametrize(
    ("origins", "upgrade", "reason", "status"),
    [
        ((_ALLOWED,), b"websocket", Reason.ALLOWED_EXACT, None),
        ((), b"websocket", Reason.NOT_CORS, None),
        ((b"https://own.example",), b"websocket", Reason.SAME_ORIGIN, None),
        ((_EVIL,), b"websocket", Reason.ORIGIN_NOT_ALLOWED, 403),
        ((_EVIL,), b"WebSocket", Reason.ORIGIN_NOT_ALLOWED, 403),
        ((_EVIL,), b"h2c,\twebsocket", Reason.ORIGIN_NOT_ALLOWED, 403),
        ((_EVIL,), b"websockets", Reason.ORIGIN_NOT_ALLOWED, None),
        ((_EVIL,), b"h2c", Reason.ORIGIN_NOT_ALLOWED, None),
        ((b"null",), b"websocket", Reason.ORIGIN_NULL, 403),
        ((b"https://example.com/",), b"websocket", Reason.ORIGIN_MALFORMED, 403),
        ((_ALLOWED, _ALLOWED), b"websocket", Reason.ORIGIN_DUPLICATED, 403),
        ((b"http://own.example",), b"websocket", Reason.ORIGIN_NOT_ALLOWED, 403),
        ((b"https://own.example:8443",), b"websocket", Reason.ORIGIN_NOT_ALLOWED, 403),
    ],
)
def test_a_websocket_is_for_pages_of_allowed_origins_and_of_the_servers_own(
    origins: tuple[bytes, ...], upgrade: bytes, reason: Reason, status: int | None
) -> None:
    lines = (*((b"Origin", origin) for origin in origins), (b"Upgrade", upgrade))
    decision = Policy(["https://example.com"]).decide(CORSRequest.read(b"GET", lines, b"https://own.example"))
    assert (decision.reason, decision.status) == (reason, status)
    assert decision.allowed == (reason is Reason.ALLOWED_EXACT)
    is_websocket = reason is not Reason.NOT_CORS and upgrade.lower().endswith(b"websocket")
    assert decision.source == (Reason.UPGRADE if is_websocket else reason).source


def test_a_websocket_behind_a_proxy_that_ends_tls_is_same_origin() -> None:
    policy = Policy(["https://example.com"])
    for origin, status in (
        (b"https://own.example", None),
        (b"https://own.example.evil", 403),
        (b"wss://own.example", 403),
    ):
        request = CORSRequest.read(b"GET", ((b"Origin", origin), (b"Upgrade", b"websocket")), b"http://own.example")
        assert policy.decide(request).status == status


def test_a_policy_of_any_origin_lets_every_page_open_websockets() -> None:
    request = CORSRequest(b"GET", (_EVIL,), upgrades=(b"websocket",))
    decision = Policy(["*"]).decide(request)
    assert (decision.reason, decision.status) == (Reason.ALLOWED_ANY, None)


def test_the_check_of_websockets_can_be_switched_off() -> None:
    policy = Policy(["https://example.com"], dangerously_allow_any_websocket_origin=True)
    decision = policy.decide(CORSRequest(b"GET", (_EVIL,), upgrades=(b"websocket",)))
    assert (decision.reason, decision.status, decision.headers) == (Reason.UPGRADE, None, ())
    assert decision.fix == "take dangerously_allow_any_websocket_origin out of the policy"
    assert Policy(**policy.describe()) == policy
    assert policy.decide(CORSRequest(b"GET", (_ALLOWED,), upgrades=(b"websocket",))).reason is Reason.ALLOWED_EXACT
