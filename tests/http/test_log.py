"""A line of the log: what it says in each format, and that nobody can forge it."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corserver.cors.decision import CORSRequest, Decision
from corserver.cors.policy import Policy
from corserver.http.log import Entry, common, json_line, text

POLICY = Policy(["http://localhost:3000"], ["PUT"], ["content-type"])
GOOD, BAD = b"http://localhost:3000", b"http://localhost:3001"


def entry(request: CORSRequest, status: int | None = 200, policy: Policy | None = POLICY, **changes: object) -> Entry:
    values: dict[str, Any] = {
        "time": 971186136.25,
        "client": None,
        "method": request.method,
        "target": b"/items/7",
        "status": status,
        "sent": 0,
        "seconds": 0.0,
        "decision": Decision.ungoverned(request) if policy is None else policy.decide(request),
        **changes,
    }
    return Entry(**values)


def line(request: CORSRequest, status: int | None = 200, policy: Policy | None = POLICY, **changes: object) -> str:
    return text(entry(request, status, policy, **changes))


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


@pytest.mark.parametrize(
    ("origins", "status", "expected"),
    [
        ((GOOD,), 101, f"GET /items/7 101 websocket allowed {GOOD.decode()}"),
        (
            (BAD,),
            403,
            f"GET /items/7 403 websocket denied {BAD.decode()} (origin not in the policy; allowed: {GOOD.decode()})",
        ),
        ((), 101, "GET /items/7 101"),
    ],
)
def test_a_line_says_whose_page_opened_a_websocket_or_may_not(
    origins: tuple[bytes, ...], status: int, expected: str
) -> None:
    request = CORSRequest(b"GET", origins, upgrades=(b"WebSocket",))
    assert line(request, status) == expected
    assert json.loads(json_line(entry(request, status)))["cors"]["kind"] == ("websocket" if origins else "not cors")


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


# ------------------------------------------------------------------------------------------------- Common Log Format


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"client": ("192.0.2.1", 5000), "sent": 2326},
            '192.0.2.1 - - [10/Oct/2000:13:55:36 +0000] "GET /items/7 HTTP/1.1" 200 2326',
        ),
        (
            {"client": ("2001:db8::1", 5000), "version": b"HTTP/1.0", "target": b"/?q=%22"},
            '2001:db8::1 - - [10/Oct/2000:13:55:36 +0000] "GET /?q=%22 HTTP/1.0" 200 -',
        ),
        ({"client": "", "status": None}, '- - - [10/Oct/2000:13:55:36 +0000] "GET /items/7 HTTP/1.1" - -'),
        ({"client": "/tmp/a b", "method": b""}, '/tmp/a\\x20b - - [10/Oct/2000:13:55:36 +0000] "-" 200 -'),
        (
            {"target": b'/" 200 1\r\n\\\xff'},
            '- - - [10/Oct/2000:13:55:36 +0000] "GET /\\x22 200 1\\x0d\\x0a\\x5c\\xff HTTP/1.1" 200 -',
        ),
        ({"time": 0.0, "target": b""}, '- - - [01/Jan/1970:00:00:00 +0000] "GET - HTTP/1.1" 200 -'),
    ],
)
def test_the_common_log_format(changes: dict[str, object], expected: str) -> None:
    assert common(entry(CORSRequest(b"GET"), **changes)) == expected  # type: ignore[arg-type]


def test_a_preflight_is_an_options_there() -> None:
    assert '"OPTIONS /items/7 HTTP/1.1" 204 -' in common(entry(preflight(GOOD), 204))


COMMON = re.compile(
    r'(?P<host>\S+) - - \[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d \+0000\] "(?P<line>[^"]*)" (\d{3}|-) (\d+|-)'
)


# --------------------------------------------------------------------------------------------------------- JSON lines


def test_a_json_line_has_these_keys_in_this_order() -> None:
    written = json_line(entry(preflight(BAD), 403, client=("192.0.2.1", 5000), seconds=0.0123456, sent=12))
    assert written == (
        '{"time":"2000-10-10T13:55:36.250000Z","client":"192.0.2.1","method":"OPTIONS","target":"/items/7",'
        '"status":403,"sent":12,"duration_us":12346,'
        '"cors":{"kind":"preflight","allowed":false,"reason":"ORIGIN_NOT_ALLOWED",'
        '"sentence":"origin not in the policy; allowed: http://localhost:3000","origin":"http://localhost:3001",'
        '"requested_method":"PUT","hint":"`http://localhost:3001` differs from the allowed `http://localhost:3000` '
        'in its port"}}'
    )


def test_json_says_null_for_what_there_is_not_and_where_cors_plays_no_part() -> None:
    read = json.loads(json_line(entry(CORSRequest(b"GET"), None, failure="the client left")))
    assert read == {
        "time": "2000-10-10T13:55:36.250000Z",
        "client": None,
        "method": "GET",
        "target": "/items/7",
        "status": None,
        "sent": 0,
        "duration_us": 0,
        "cors": {
            "kind": "not cors",
            "allowed": None,
            "reason": "NOT_CORS",
            "sentence": "the request has no Origin",
            "origin": None,
        },
        "failure": "the client left",
    }


@pytest.mark.parametrize(
    ("request_", "allowed", "reason"),
    [
        (CORSRequest(b"GET", (GOOD,)), True, "ALLOWED_EXACT"),
        (CORSRequest(b"GET", (BAD,)), False, "ORIGIN_NOT_ALLOWED"),
        (preflight(GOOD, b"DELETE"), False, "METHOD_NOT_ALLOWED"),
        (CORSRequest(b"POST", (BAD,), own_origin=BAD), None, "SAME_ORIGIN"),
    ],
)
def test_json_tells_allowed_from_denied(request_: CORSRequest, allowed: bool | None, reason: str) -> None:
    cors = json.loads(json_line(entry(request_)))["cors"]
    assert (cors["allowed"], cors["reason"]) == (allowed, reason)


# ---------------------------------------------------------------------------------------------------------- no forgery


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=20))
def test_nobody_forges_a_line_in_any_format(method: bytes, target: bytes, origin: bytes, version: bytes) -> None:
    request = CORSRequest(b"OPTIONS", (origin,), (method,))
    forged = entry(request, target=target, version=version, method=method, client=("::1", 1))
    formats: tuple[Callable[[Entry], str], ...] = (text, common, json_line)
    for written in (write(forged) for write in formats):
        assert written.isascii()
        assert written.isprintable()
    assert COMMON.fullmatch(common(forged))
    read = json.loads(json_line(forged))
    assert all(value.isascii() and value.isprintable() for value in (read["method"], read["target"]))
    assert read["target"].encode().decode("unicode_escape").encode("latin-1") == target
