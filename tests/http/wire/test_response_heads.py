"""Response heads: remembered or not, h11's bytes with a Date and a length in them."""

import logging
import re

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver import HTTPError, Policy, Request, Response
from corserver.cors.decision import Decoration
from corserver.cors.fetch import Field
from corserver.cors.scopes import Scopes
from corserver.http.exchange import Service
from corserver.http.memory import Memory
from corserver.http.wire.response_heads import ResponseHeads, ResponseStart, http_date, interim

from ..peer import converse, read_answers, request

ALLOWED = Decoration(((b"Access-Control-Allow-Origin", b"https://a.example"),), ((b"Vary", b"Origin"),), True)
_LINES = st.lists(
    st.sampled_from(
        [
            (b"Content-Type", b"text/plain"),
            (b"content-length", b"12"),
            (b"Date", b"-"),
            (b"date", b"Tue, 01 Jan 2030 00:00:00 GMT"),
            (b"X-A", b"\r\nDate: -"[2:]),
            (b"Server", b"app"),
            (b"Vary", b"Origin"),
            (b"Access-Control-Allow-Origin", b"*"),
        ]
    ),
    max_size=4,
    unique_by=lambda line: line[0].lower(),
).map(tuple)
STARTS = st.builds(
    ResponseStart,
    st.sampled_from([200, 204, 206, 304, 404, 500]),
    _LINES,
    st.sampled_from([ALLOWED, Decoration(), Decoration(governs=True, exposes_all=True)]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 1]),
)


@settings(deadline=None, max_examples=300)
@given(STARTS, st.lists(st.integers(0, 10**12), min_size=3, max_size=3), st.sampled_from([None, b"corserver"]))
def test_a_remembered_head_is_the_same_as_a_new_one(
    start: ResponseStart, lengths: list[int], server: bytes | None
) -> None:
    remembering, forgetting = ResponseHeads(server, Memory()), ResponseHeads(server)
    for length in lengths:
        date = http_date(length % 10**9)
        raw = remembering.template(start).filled(length, date)
        assert raw == forgetting.template(start).filled(length, date)
        fields = parsed(raw)
        names = [name for name, _ in fields]
        assert names.count(b"date") == 1
        own_date = [value for name, value in start.headers if name.lower() == b"date"]
        assert dict(fields)[b"date"] == (own_date[0] if own_date else date)
        if start.has_length:
            assert [value for name, value in fields if name == b"content-length"] == [b"%d" % length]
        assert (dict(fields).get(b"connection") == b"close") == (start.closes or start.minor_version == 0)


def parsed(raw: bytes) -> list[tuple[bytes, bytes]]:
    lines = raw.split(b"\r\n")
    assert lines[-2:] == [b"", b""]
    assert re.fullmatch(rb"HTTP/1\.1 [0-9]{3} [ -~]*", lines[0])
    pairs = [line.split(b": ", 1) for line in lines[1:-2]]
    return [(name.lower(), value) for name, value in pairs]


def test_a_204_has_no_length_and_a_body_without_one_is_chunked_or_ends_with_the_connection() -> None:
    def head(status: int, *fields: Field, closes: bool = False, minor_version: int = 1) -> bytes:
        start = ResponseStart(status, fields, Decoration(), False, closes, minor_version)
        return ResponseHeads().template(start).filled(0)

    assert b"ength" not in head(204, (b"Content-Length", b"1"))
    assert b"Transfer-Encoding: chunked" in head(200)
    old = head(200, closes=True, minor_version=0)
    assert b"Transfer-Encoding" not in old
    assert b"Connection: close" in old


def test_an_app_is_told_once_that_its_lines_are_replaced(caplog: pytest.LogCaptureFixture) -> None:
    heads = ResponseHeads()
    with caplog.at_level(logging.WARNING, "corserver"):
        for status in (200, 404):
            heads.template(ResponseStart(status, ((b"access-control-ALLOW-origin", b"*"),), ALLOWED, True, False, 1))
    assert [record.args for record in caplog.records] == [("access-control-ALLOW-origin",)]


def test_what_h11_refuses_is_not_remembered() -> None:
    heads = ResponseHeads(None, Memory())
    bad = ResponseStart(200, ((b"X", b"a\r\nb"),), Decoration(), True, False, 1)
    for _ in range(2):
        with pytest.raises(h11.LocalProtocolError):
            heads.template(bad)


def test_switching_protocols() -> None:
    raw = interim(101, ((b"Connection", b"Upgrade"), (b"Upgrade", b"echo")))
    assert raw == b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"


@pytest.mark.parametrize("remembers", [True, False])
async def test_every_answer_has_the_further_lines_that_it_lacks(remembers: bool) -> None:
    async def app(asked: Request) -> Response:
        if asked.method == "PUT":
            raise HTTPError(404)
        return Response("a", headers={"X-One": "own"})

    policy = Policy(["https://a.example"], ["PUT"])
    lines = ((b"x-one", b"1"), (b"X-Two", b"2"), (b"Server", b"mine"), (b"Access-Control-Allow-Origin", b"*"))
    service = Service(app=app, scopes=Scopes.of(policy), server_header=b"a", headers=lines, remembers=remembers)
    asks = request("OPTIONS", "/", "Origin: https://a.example", "Access-Control-Request-Method: PUT")
    data = request("GET", "/") + request("PUT", "/") + asks + request("OPTIONS", "*") + b"bad\r\n\r\n"
    answers = read_answers(await converse(service, data), ["GET", "PUT", "OPTIONS", "OPTIONS", "GET"])
    assert [answer.status for answer in answers] == [200, 404, 204, 204, 400]
    assert [answer.get(b"x-one") for answer in answers] == [[b"own"], *4 * [[b"1"]]]
    assert {(*answer.get(b"x-two"), *answer.get(b"server")) for answer in answers} == {(b"2", b"mine")}
    allowed = [answer.get(b"access-control-allow-origin") for answer in answers]
    assert allowed == [[], [], [b"https://a.example"], [b"*"], []]  # The last is the policy's, too.
