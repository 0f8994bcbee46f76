"""Known heads are accepted and refused as gate and h11 would, and give the same head."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.http.gate import NO_LINES, Head, KnownLines, RefusedHead, split_head
from corserver.http.limits import Limits
from corserver.http.memory import Memory
from corserver.http.wire import judge
from corserver.http.wire.request_heads import KnownSections, recall, remember

LIMITS = Limits(request_line=60, head=400)
LINES = b"Host: localhost\r\nOrigin: https://site.example\r\nX-A: b\r\n\r\n"

_WORDS = st.sampled_from(
    [
        "GET",
        "OPTIONS",
        "CONNECT",
        "get",
        "M-SEARCH",
        "*",
        "/",
        "/a",
        "//",
        "?",
        "#",
        "\\",
        "%",
        ".",
        "..",
        " ",
        "a" * 40,
        "http://localhost",
        "HTTP/1.1",
        "HTTP/1.0",
        "HTTP/2.0",
        "HTTP/1.12",
        "\t",
        "\r",
        "\n",
        "\x7f",
        "é",
        '"<>|^`',
    ]
)
_REQUEST_LINES = st.one_of(
    st.lists(_WORDS, max_size=7).map("".join),
    st.tuples(_WORDS, st.lists(_WORDS, max_size=4).map("".join), _WORDS).map(" ".join),
    st.lists(_WORDS, max_size=4).map(lambda words: f"GET /{''.join(words)} HTTP/1.1"),
).map(lambda line: line.encode("latin-1") + b"\r\n")


def knowing(block: bytes) -> KnownSections:
    known: KnownSections = Memory()
    head, _ = judge(b"GET / HTTP/1.1\r\n" + block, Limits())
    remember(b"GET / HTTP/1.1\r\n" + block, head, known)
    return known


def judged(raw: bytes) -> Head | None:
    try:
        return judge(raw, LIMITS)[0] if split_head(raw, LIMITS) == len(raw) else None
    except RefusedHead:
        return None


@pytest.mark.parametrize("unit", ["?", "/", "/?", "a", "%", "/."])
@pytest.mark.parametrize("end", ["", " ", "\\", "\0", " HTTP/1.1"])
def test_a_request_line_is_looked_at_in_linear_time(unit: str, end: str) -> None:
    # A million bytes: were it quadratic, this would not end today.
    raw = f"GET /{unit * (1_000_000 // len(unit))}{end}\r\n".encode()
    assert recall(raw + LINES, LIMITS, knowing(LINES)) is None


@settings(deadline=None, max_examples=1000)
@given(_REQUEST_LINES)
def test_what_is_recalled_would_have_been_accepted_as_the_same(line: bytes) -> None:
    raw = line + LINES
    recalled = recall(raw, LIMITS, knowing(LINES))
    if recalled is not None:
        accepted = judged(raw)
        assert accepted is not None
        assert recalled[:4] == accepted[:4]
        assert recalled.fields == accepted.fields


@pytest.mark.parametrize("target", [b"/", b"/a/b?c=d\\e", b"//a//%zz", b'/"<>|^`{}', b"/.."])
def test_ordinary_requests_are_recalled(target: bytes) -> None:
    head = recall(b"PUT " + target + b" HTTP/1.1\r\n" + LINES, LIMITS, knowing(LINES))
    assert head is not None
    assert (head.method, head.target, head.authority) == (b"PUT", target, b"localhost")


@pytest.mark.parametrize(
    "raw",
    [
        b"GET / HTTP/1.1\r\n" + LINES + b"x",
        b"GET / HTTP/1.1\r\n" + LINES[:-1],
        b"GET / HTTP/1.1\r\n" + LINES.replace(b"X-A", b"X-B"),
        b"GET /" + b"a" * 60 + b" HTTP/1.1\r\n" + LINES,
        b"\r\nGET / HTTP/1.1\r\n" + LINES,
        b"",
    ],
    ids=["more behind it", "less", "other lines", "a long line", "an empty line", "nothing"],
)
def test_anything_else_is_judged(raw: bytes) -> None:
    assert recall(raw, LIMITS, knowing(LINES)) is None


def test_a_head_that_is_too_long_is_not_recalled_though_its_lines_are_known() -> None:
    block = b"Host: a\r\nX: " + b"a" * 380 + b"\r\n\r\n"
    assert recall(b"GET / HTTP/1.1\r\n" + block, LIMITS, knowing(block)) is None


@pytest.mark.parametrize("start", [b"GET / HTTP/1.0\r\n", b"OPTIONS * HTTP/1.1\r\n"])
def test_what_depends_on_more_than_its_lines_is_not_remembered(start: bytes) -> None:
    known: KnownSections = Memory()
    head, _ = judge(start + LINES, Limits())
    remember(start + LINES, head, known)
    assert len(known) == 0


# -------------------------------------------------------------------------------------------------------- known lines

_LINES = st.sampled_from(
    [
        b"Host: localhost",
        b"Host: other.example",
        b"Origin: https://site.example",
        b"Origin:https://site.example",
        b"X-A: b",
        b"x-a:",
        b"X-A: b ",
        b" folded",
        b"X\x00: b",
        b"X-A: \xff",
        b"X-A: \x7f",
        b"X-A : b",
        b"no colon",
        b"Content-Length: 3",
        b"Content-Length: 4",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip",
        b"Connection: close",
        b"Connection: upgrade",
        b"Upgrade: websocket",
        b"Expect: 100-continue",
        b"Content-Type: text/plain",
        b"TE: trailers",
    ]
)
_HEADS = st.tuples(
    st.sampled_from([b"GET / HTTP/1.1", b"POST /a HTTP/1.0", b"OPTIONS * HTTP/1.1", b"GET nowhere HTTP/1.1"]),
    st.lists(_LINES, max_size=5).map(lambda lines: [b"Host: localhost", *lines]) | st.lists(_LINES, max_size=5),
).map(lambda head: b"\r\n".join([head[0], *head[1], b"", b""]))


def verdict(raw: bytes, known: KnownLines) -> object:
    """What is concluded of a head, and what h11 then makes of a chunked body."""
    try:
        head, connection = judge(raw, Limits(), known)
    except RefusedHead as refusal:
        return refusal.status
    section = head.section
    concluded = (*head[:4], section.headers, section.host, section.content_length, section.chunked, section.closes)
    if not section.chunked:
        return concluded
    connection.receive_data(b"1\r\na\r\n0\r\nX: y\r\n\r\n")
    events = [connection.next_event() for _ in range(2)]
    return (*concluded, repr(events))


@settings(deadline=None, max_examples=500)
@given(st.lists(_HEADS, min_size=2, max_size=6))
def test_whatever_lines_are_known_the_verdict_is_the_same(heads: list[bytes]) -> None:
    known: KnownLines = Memory()
    for raw in heads:
        assert verdict(raw, known) == verdict(raw, NO_LINES)


def test_of_a_known_line_the_field_is_remembered_but_not_of_one_about_framing() -> None:
    known: KnownLines = Memory()
    for raw in (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-A: b\r\n\r\n",) * 2:
        judge(raw, Limits(), known)
    assert known.get(b"X-A: b") == (b"x-a", b"b")
    assert len(known) == 1
