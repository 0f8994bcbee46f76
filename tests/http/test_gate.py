"""The gate: bytes in, status out. Each bad head is refused whole, byte by byte, and behind a good one."""

import contextlib

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corserver.http.authority import is_authority
from corserver.http.exchange import Service
from corserver.http.gate import RefusedHead, salvage, screen, split_head
from corserver.http.limits import Limits
from corserver.http.messages import Request, Response

from .peer import Cutter, byte_by_byte, converse, read_answers, request, whole

HOST = b"Host: a\r\n"
GET = b"GET / HTTP/1.1\r\n"


def get(*lines: bytes) -> bytes:
    return GET + HOST + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def post(*lines: bytes, body: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\n" + HOST + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def target(value: bytes, method: bytes = b"GET") -> bytes:
    return method + b" " + value + b" HTTP/1.1\r\n" + HOST + b"\r\n"


def host(value: bytes) -> bytes:
    return GET + b"Host: " + value + b"\r\n\r\n"


REFUSED: dict[str, tuple[bytes, int]] = {
    # Framing (RFC 9112 §6)
    "length and coding": (post(b"Content-Length: 5", b"Transfer-Encoding: chunked"), 400),
    "coding and length": (post(b"Transfer-Encoding: chunked", b"Content-Length: 5"), 400),
    "two lengths": (post(b"Content-Length: 5", b"Content-Length: 6"), 400),
    "two equal lengths": (post(b"Content-Length: 5", b"Content-Length: 5"), 400),
    "a list of lengths": (post(b"Content-Length: 5, 5"), 400),
    "length +5": (post(b"Content-Length: +5"), 400),
    "length -1": (post(b"Content-Length: -1"), 400),
    "length 0x5": (post(b"Content-Length: 0x5"), 400),
    "length 5_0": (post(b"Content-Length: 5_0"), 400),
    "length 1Z": (post(b"Content-Length: 1Z"), 400),
    "length 5 5": (post(b"Content-Length: 5 5"), 400),
    "no length": (post(b"Content-Length:"), 400),
    "Arabic digit": (post("Content-Length: ٥".encode()), 400),
    "huge length": (post(b"Content-Length: 99999999999999999999"), 400),
    "length 005": (post(b"Content-Length: 005"), 400),
    "gzip": (post(b"Transfer-Encoding: gzip"), 501),
    "gzip, chunked": (post(b"Transfer-Encoding: gzip, chunked"), 501),
    "a list of codings that is long": (post(b"Transfer-Encoding: " + b"a," * 200 + b"chunked"), 400),
    "a long Connection": (post(b"Connection: " + b"a," * 1000), 400),
    "a long Connection in lines": (post(*[b"Connection: " + b"a," * 100] * 6), 400),
    "a long Upgrade": (post(b"Upgrade: " + b"a," * 1000), 400),
    "xchunked": (post(b"Transfer-Encoding: xchunked"), 501),
    "chunked, gzip": (post(b"Transfer-Encoding: chunked, gzip"), 400),
    "chunked, chunked": (post(b"Transfer-Encoding: chunked, chunked"), 400),
    ", chunked": (post(b"Transfer-Encoding: ,chunked"), 400),
    "no coding": (post(b"Transfer-Encoding:"), 400),
    "identity": (post(b"Transfer-Encoding: identity"), 400),
    "coding with parameter": (post(b"Transfer-Encoding: chunked;q=1"), 400),
    "quoted coding": (post(b'Transfer-Encoding: "chunked"'), 400),
    "two codings": (post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400),
    "VT chunked": (post(b"Transfer-Encoding: \x0bchunked"), 400),
    "chunked NUL": (post(b"Transfer-Encoding: chunked\x00"), 400),
    "NBSP chunked": (post(b"Transfer-Encoding: \xa0chunked"), 400),
    "chunked in 1.0": (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    # The head (RFC 9112 §2-5)
    "space before the colon": (post(b"Content-Length : 3"), 400),
    "folded line": (get(b"X: 1", b" 2"), 400),
    "space before the first line": (GET + b" " + HOST + b"\r\n", 400),
    "bare CR": (get(b"X: a\rb"), 400),
    "bare LF": (GET + b"Host: a\n\r\n", 400),
    "bare LF lines only": (b"GET / HTTP/1.1\nHost: a\n\n", 400),
    "NUL in a value": (get(b"X: a\x00b"), 400),
    "control in a value": (get(b"X: a\x01b"), 400),
    "DEL in a value": (get(b"X: a\x7fb"), 400),
    "file separator in a value": (get(b"X: a\x1cb"), 400),
    "no name": (get(b": v"), 400),
    "no colon": (get(b"NoColon"), 400),
    "bracket in a name": (get(b"Bad[Name: v"), 400),
    "non-ASCII name": (get(b"\xefoo: b"), 400),
    "two spaces": (b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "tab": (b"GET\t/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "lower-case version": (b"GET / http/1.1\r\n" + HOST + b"\r\n", 400),
    "HTTP/0.9": (b"GET /\r\n\r\n", 400),
    "HTTP/9.9": (b"GET / HTTP/9.9\r\n" + HOST + b"\r\n", 505),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\n\r\n", 505),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "long method": (b"A" * 33 + b" / HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "endless method": (b"A" * 9000, 400),
    "two empty lines first": (b"\r\n\r\n" + get(), 400),
    # Limits
    "long target": (target(b"/" + b"a" * 9000), 414),
    "long head": (get(b"X: " + b"a" * 40000), 431),
    "many fields": (get(*(b"X%d: 1" % i for i in range(101))), 431),
    # Host, target, method (RFC 9112 §3.2)
    "no Host": (GET + b"\r\n", 400),
    "two Hosts": (get(b"Host: a"), 400),
    "Host with user": (host(b"u@a"), 400),
    "Host with path": (host(b"a/b"), 400),
    "Host list": (host(b"a, b"), 400),
    "Host with space": (host(b"a b"), 400),
    "Host port": (host(b"a:99999"), 400),
    "Host open bracket": (host(b"[::1"), 400),
    "Host with query": (host(b"a/?x="), 400),
    "empty Host": (host(b""), 400),
    "target @": (target(b"@evil.example"), 400),
    "relative target": (target(b"foo/bar"), 400),
    "authority target": (target(b"example.com:443"), 400),
    "GET *": (target(b"*"), 400),
    "CONNECT": (target(b"a:443", b"CONNECT"), 501),
    "fragment": (target(b"/p#x"), 400),
    "backslash": (target(b"/a\\b"), 400),
    "two Content-Types": (post(b"Content-Type: text/plain", b"Content-Type: text/html"), 400),
    "raw UTF-8": (target(b"/\xc3\xa9"), 400),
    "ftp URL": (target(b"ftp://a/b"), 400),
    "URL with user": (target(b"http://u@a/b"), 400),
    "unknown expectation": (post(b"Expect: 200-ok", b"Content-Length: 1", body=b"x"), 417),
}

ACCEPTED: dict[str, bytes] = {
    "plain": get(),
    "one empty line first": b"\r\n" + get(),
    "8000-byte target": target(b"/" + b"a" * 8000),
    "100 fields": GET + b"".join(b"X%d: 1\r\n" % i for i in range(99)) + HOST + b"\r\n",
    "obs-text": get(b"X: \xe9"),
    "empty value": get(b"X:"),
    "tabs around": get(b"X:\t 1 \t"),
    "absolute": target(b"http://b/p?q"),
    "absolute without path": target(b"http://b"),
    "OPTIONS *": target(b"*", b"OPTIONS"),
    "HTTP/1.2": b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
    "1.0 without Host": b"GET / HTTP/1.0\r\n\r\n",
    "underscored length": get(b"Content_Length: 9"),
    "IPv6 Host": host(b"[::1]:8000"),
    "empty port": host(b"a:"),
    "unknown method": target(b"/", b"FOO"),
}


async def answer_ok(request: Request) -> Response:
    return Response(await request.body())


#: Byte by byte the long ones take seconds, and say nothing more.
SHORT = {name: case for name, case in REFUSED.items() if len(case[0]) < 5000}
#: Behind a message one empty line may stand, so two are needed to be refused.
FOLLOWING = {name: case for name, case in REFUSED.items() if not case[0].startswith(b"\r\n")}


@pytest.mark.parametrize(("data", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_bad_heads_are_refused_and_nothing_after_them_runs(
    autojump_clock: object, data: bytes, status: int
) -> None:
    await check_refused(data, status, whole)


@pytest.mark.parametrize(("data", "status"), SHORT.values(), ids=SHORT.keys())
async def test_bad_heads_are_refused_byte_by_byte(autojump_clock: object, data: bytes, status: int) -> None:
    await check_refused(data, status, byte_by_byte)


async def check_refused(data: bytes, status: int, cut: Cutter) -> None:
    follower = request("GET", "/must-not-run")
    (answer,) = read_answers(await converse(Service(app=answer_ok), data + follower, cut=cut))
    assert answer.status == status
    assert answer.get(b"connection") == [b"close"]


@pytest.mark.parametrize("line", [b"", b"Bad Line\r\n", b"Expect: tea\r\nHost: a\r\n"], ids=["Host", "line", "417"])
async def test_a_refused_head_request_is_answered_by_a_head_alone(autojump_clock: object, line: bytes) -> None:
    data = await converse(Service(app=answer_ok), b"HEAD / HTTP/1.1\r\n" + line + b"\r\n")
    assert data.startswith(b"HTTP/1.1 4")
    assert data.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(("data", "status"), FOLLOWING.values(), ids=FOLLOWING.keys())
async def test_the_request_before_a_bad_head_is_answered_in_full(
    autojump_clock: object, data: bytes, status: int
) -> None:
    first, second = read_answers(await converse(Service(app=answer_ok), get() + data))
    assert (first.status, second.status) == (200, status)


@pytest.mark.parametrize("cut", [whole, byte_by_byte])
@pytest.mark.parametrize("data", ACCEPTED.values(), ids=ACCEPTED.keys())
async def test_good_heads_pass(autojump_clock: object, data: bytes, cut: Cutter) -> None:
    (answer,) = read_answers(await converse(Service(app=answer_ok), data, cut=cut))
    assert answer.status in (200, 204)


@pytest.mark.parametrize(
    "data",
    [b"\x16\x03\x01", b"GET / HTTP/1.1\nHost", b"GET /" + b"a" * 9000, b"GET / HTTP/1.1\r\nX: " + b"a" * 40000],
    ids=["TLS", "bare LF", "endless target", "endless field"],
)
async def test_what_can_be_refused_early_does_not_wait_for_the_rest(autojump_clock: object, data: bytes) -> None:
    (answer,) = read_answers(await converse(Service(app=answer_ok), data, end=False))
    assert answer.status in (400, 414, 431)


def test_absolute_form_names_the_authority() -> None:
    head = screen(b"GET http://B.example:81/p?q HTTP/1.1\r\nHost: a\r\n\r\n", Limits()).head
    assert (head.target, head.authority) == (b"/p?q", b"B.example:81")
    assert head.fields == ((b"host", b"B.example:81"),)


def test_expect_is_ignored_in_http_1_0() -> None:
    head = screen(b"POST / HTTP/1.0\r\nExpect: tea\r\nContent-Length: 1\r\n\r\n", Limits()).head
    assert head.section.content_length == 1


@pytest.mark.parametrize(
    "value", [b"a", b"a.b", b"0.0.0.0=5000", b"a;b", b"a_b:80", b"1.2.3.4", b"[::1]", b"[0:0::1]:8", b"a."]
)
def test_an_authority_is_a_host_with_an_optional_port(value: bytes) -> None:
    assert is_authority(value)


@pytest.mark.parametrize(
    "value", [b"", b":80", b"a:b", b"a:1:2", b"1.2.3", b"a,b", b"a%41", b"0x7f.1", b"[::1%25eth0]", b"a..b", b"*"]
)
def test_anything_else_is_none(value: bytes) -> None:
    assert not is_authority(value)


def test_a_refused_head_still_tells_whom_it_came_from() -> None:
    found = salvage(b"PUT /p?q HTTP/1.1\r\nhost: a\r\nORIGIN:  http://o \r\nBad\r\n\r\n")
    assert (found.method, found.target, found.origins) == (b"PUT", b"/p?q", (b"http://o",))


tokens = st.text("abcXYZ-_019", min_size=1, max_size=8).map(str.encode)
values = st.binary(max_size=12)
lines = st.one_of(
    st.builds(lambda n, v: n + b": " + v, tokens, values),
    st.sampled_from([b"Host: a", b"Content-Length: 3", b"Transfer-Encoding: chunked", b"Expect: 100-continue", b" x"]),
    st.binary(max_size=10),
)
heads = st.builds(
    lambda line, fields: line + b"\r\n" + b"".join(f + b"\r\n" for f in fields) + b"\r\n",
    st.one_of(
        st.sampled_from([b"GET / HTTP/1.1", b"POST /a?b HTTP/1.0", b"OPTIONS * HTTP/1.1", b"GET http://h/ HTTP/1.1"]),
        st.builds(lambda m, t: m + b" " + t + b" HTTP/1.1", tokens, values),
    ),
    st.lists(lines, max_size=6),
)


@settings(deadline=None)
@given(heads)
@example(get())
@example(b"GET http://h/ HTTP/1.1\r\nHost: a\r\n\r\n")
def test_what_the_gate_accepts_h11_accepts_and_reads_the_same(data: bytes) -> None:
    try:
        end = split_head(data, Limits())
        head = None if end is None else screen(data[:end], Limits()).head
    except RefusedHead:
        return
    if head is None or end is None:
        return
    peer = h11.Connection(h11.SERVER)
    peer.receive_data(data[:end])
    event = peer.next_event()
    assert isinstance(event, h11.Request)
    assert head.method == event.method
    host = head.authority if event.target.startswith(b"http") else None  # It stands for the Host.
    assert list(head.fields) == [(n, host if host and n == b"host" else v) for n, v in event.headers]


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_salvage_and_split_never_fail_otherwise(data: bytes) -> None:
    salvage(data)
    with contextlib.suppress(RefusedHead):
        split_head(data, Limits())
