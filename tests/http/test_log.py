"""A line of the log: what it says, and that nobody can forge it."""

import pytest

from corserver.cors.decision import CORSRequest, Decision
from corserver.cors.policy import Policy
from corserver.http.log import Entry, text

POLICY = Policy(["http://localhost:3000"], ["PUT"], ["content-type"])
GOOD, BAD = b"http://localhost:3000", b"http://localhost:3001"


def line(request: CORSRequest, status: int = 200, policy: Policy | None = POLICY, **changes: object) -> str:
    decision = Decision.ungoverned(request) if policy is None else policy.decide(request)
    values: dict[str, object] = {"target": b"/items/7", "failure": "", **changes}
    return text(
        Entry(
            time=0.0,
            client=None,
            method=request.method,
            status=status,
            sent=0,
            seconds=0.0,
            decision=decision,
            **values,  # type: ignore[arg-type]
        )
    )


def preflight(origin: bytes, method: bytes = b"PUT", *headers: bytes) -> CORSRequest:
    return CORSRequest(b"OPTIONS", (origin,), (method,), headers)


@pytest.mark.parametrize(
    ("request_", "status", "expected"),
    [
        (CORSRequest(b"GET"), 200, "GET /items/7 200"),
        (CORSRequest(b"GET", (GOOD,)), 200, f"GET /items/7 200 cors allowed {GOOD.decode()}"),
        (
            CORSRequest(b"GET", (BAD,)),
            200,
            f"GET /items/7 200 cors denied {BAD.decode()} (origin not in the policy; allowed: {GOOD.decode()})",
        ),
        (preflight(GOOD), 204, f"PUT /items/7 204 preflight allowed {GOOD.decode()}"),
        (
            preflight(BAD),
            403,
            f"PUT /items/7 403 preflight denied {BAD.decode()} (origin not in the policy; allowed: {GOOD.decode()})",
        ),
        (
            preflight(GOOD, b"DELETE"),
            204,
            f"DELETE /items/7 204 preflight denied {GOOD.decode()} (method not in the policy; "
            "allowed: GET, HEAD, POST, PUT)",
        ),
        (
            preflight(GOOD, b"PUT", b"x-a,x-b"),
            204,
            f"PUT /items/7 204 preflight denied {GOOD.decode()} (request header not in the policy: x-a, x-b)",
        ),
        (CORSRequest(b"POST", (BAD,), own_origin=BAD), 200, "POST /items/7 200"),
    ],
)
def test_what_a_line_says(request_: CORSRequest, status: int, expected: str) -> None:
    assert expected == line(request_, status)


def test_without_a_policy_the_line_says_so() -> None:
    expected = f"GET /items/7 200 cors off {GOOD.decode()} (no policy governs this path)"
    assert expected == line(CORSRequest(b"GET", (GOOD,)), policy=None)


def test_a_websocket_is_not_a_matter_of_cors() -> None:
    assert line(CORSRequest(b"GET", (BAD,), upgrades=(b"WebSocket",)), 101) == "GET /items/7 101"


def test_a_cut_answer_is_marked() -> None:
    assert line(CORSRequest(b"GET"), failure="RuntimeError") == "GET /items/7 200 cut short: RuntimeError"


@pytest.mark.parametrize("forged", [b"/\x1b[2J", b"/a\r\nGET /fake 200", b"/\xc2\x85", b"/\x7f\\x"])
def test_control_bytes_are_escaped_wherever_a_peer_writes_them(forged: bytes) -> None:
    for shown in (
        line(CORSRequest(b"GET"), target=forged),
        line(CORSRequest(b"GET", (forged,))),
        line(preflight(forged)),
        line(preflight(GOOD, forged)),
        line(preflight(GOOD, b"PUT", forged)),
    ):
        assert shown.isascii()
        assert shown.isprintable()


def test_long_values_are_cut() -> None:
    assert len(line(CORSRequest(b"GET", (b"http://" + b"a" * 10_000,)))) < 1000
