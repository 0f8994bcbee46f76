"""Chunked framing: the grammar to the letter, bounded, and the same body however it was cut."""

import h11
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.http.chunked import ChunkedReader
from corserver.http.exchange import Service
from corserver.http.limits import Limits
from corserver.http.messages import HTTPError, Request, Response

from .peer import Cutter, ask, byte_by_byte, cut_at, request, whole

Outcome = tuple[bytes, tuple[tuple[bytes, bytes], ...], bytes]


def read(data: bytes, cut: Cutter = whole, limits: Limits | None = None) -> Outcome | None:
    """Body and trailers as h11 reads what was made of *data*, and what was left; None while it is incomplete."""
    reader, buffer, framed = ChunkedReader(limits or Limits()), bytearray(), b""
    for piece in cut(data):
        buffer += piece
        while made := reader.reframe(buffer):
            framed += made
    peer = h11.Connection(h11.SERVER)
    peer.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + framed)
    body = b""
    while not isinstance(event := peer.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            return None
        if isinstance(event, h11.Data):
            body += bytes(event.data)
    return body, tuple(event.headers), bytes(buffer)


GOOD: dict[str, tuple[bytes, Outcome]] = {
    "empty": (b"0\r\n\r\n", (b"", (), b"")),
    "one": (b"5\r\nhello\r\n0\r\n\r\n", (b"hello", (), b"")),
    "hexadecimal": (b"A\r\n0123456789\r\n00b\r\n0123456789a\r\n0\r\n\r\n", (b"01234567890123456789a", (), b"")),
    "extension": (b"5;foo=bar\r\nhello\r\n0;last\r\n\r\n", (b"hello", (), b"")),
    "quoted extension": (b'5;a="x;y \\" z";b\r\nhello\r\n0\r\n\r\n', (b"hello", (), b"")),
    "trailer": (b"0\r\nX-Sum: 1\r\n\r\n", (b"", ((b"x-sum", b"1"),), b"")),
    "what follows is left": (b"1\r\na\r\n0\r\n\r\nGET /", (b"a", (), b"GET /")),
    "CRLF in the data": (b"4\r\n\r\n\r\n\r\n0\r\n\r\n", (b"\r\n\r\n", (), b"")),
    "extension with white space": (b"5 ; foo = bar ;\tx\r\nhello\r\n0\r\n\r\n", (b"hello", (), b"")),
    "forbidden trailers are dropped": (
        b"0\r\nAuthorization: a\r\nX: 1\r\nContent-Type: text/html\r\nCookie: a\r\n"
        b"Access-Control-Allow-Origin: *\r\nX-Forwarded-For: 1\r\n\r\n",
        (b"", ((b"x", b"1"),), b""),
    ),
}

BAD: dict[str, bytes] = {
    "0x": b"0x5\r\nhello\r\n0\r\n\r\n",
    "plus": b"+5\r\nhello\r\n0\r\n\r\n",
    "minus": b"-1\r\nhello\r\n0\r\n\r\n",
    "underscore": b"5_0\r\nhello\r\n0\r\n\r\n",
    "leading space": b" 5\r\nhello\r\n0\r\n\r\n",
    "only a semicolon": b"5; \r\nhello\r\n0\r\n\r\n",
    "trailing space": b"5 \r\nhello\r\n0\r\n\r\n",
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "17 digits": b"FFFFFFFFFFFFFFFFF\r\n",
    "other end": b"5\r\nhelloXX0\r\n\r\n",
    "short": b"3\r\nhello\r\n0\r\n\r\n",
    "bare LF after the size": b"5\nhello\r\n0\r\n\r\n",
    "bare LF after the data": b"5\r\nhello\n0\r\n\r\n",
    "LF in an extension": b"5;\nhello\r\n0\r\n\r\n",
    "CR in an extension": b"5;a\rX\r\nhello\r\n0\r\n\r\n",
    "NUL in an extension": b"5;\x00e\r\nhello\r\n0\r\n\r\n",
    "bare semicolon": b"5;\r\nhello\r\n0\r\n\r\n",
    "two words": b"5;a b\r\nhello\r\n0\r\n\r\n",
    "CRLF in quotes": b'5;a="x\r\ny"\r\nhello\r\n0\r\n\r\n',
    "Arabic digit": "٥\r\nhello\r\n0\r\n\r\n".encode(),
    "long line": b"5;" + b"a" * 300 + b"\r\nhello\r\n0\r\n\r\n",
    "endless line": b"5" * 400,
    "many extensions": b"".join(b"1;" + b"e" * 250 + b"\r\na\r\n" for _ in range(100)) + b"0\r\n\r\n",
    "white space behind an extension": b"5;a \r\nhello\r\n0\r\n\r\n",
    "length in the trailers": b"0\r\nContent-Length: 9\r\n\r\n",
    "coding in the trailers": b"0\r\nTransfer-Encoding: x\r\n\r\n",
    "host in the trailers": b"0\r\nHost: evil\r\n\r\n",
    "trailer without colon": b"0\r\nnope\r\n\r\n",
    "folded trailer": b"0\r\nX: 1\r\n 2\r\n\r\n",
    "control in a trailer": b"0\r\nX: \x01\r\n\r\n",
    "many trailers": b"0\r\n" + b"X: 1\r\n" * 40 + b"\r\n",
    "long trailers": b"0\r\n" + (b"X: " + b"a" * 4000 + b"\r\n") * 3 + b"\r\n",
    "endless trailer": b"0\r\nX: " + b"a" * 9000,
}

CUTS = pytest.mark.parametrize("cut", [whole, byte_by_byte, cut_at([1, 2, 3, 5, 8, 13])])


@CUTS
@pytest.mark.parametrize(("data", "expected"), GOOD.values(), ids=GOOD.keys())
def test_good_framing_is_read(data: bytes, expected: Outcome, cut: Cutter) -> None:
    body, trailers, rest = expected
    if cut is not whole:
        # What comes after the end is the next request's, whenever it comes.
        data, rest = data.removesuffix(rest), b""
    assert read(data, cut) == (body, trailers, rest)


@CUTS
@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_bad_framing_is_refused(data: bytes, cut: Cutter) -> None:
    with pytest.raises(HTTPError) as caught:
        read(data, cut)
    assert caught.value.status == 400


@pytest.mark.parametrize(("data", "expected"), GOOD.values(), ids=GOOD.keys())
def test_every_beginning_of_good_framing_is_waited_with(data: bytes, expected: Outcome) -> None:
    _, _, rest = expected
    for length in range(len(data) - len(rest)):
        assert read(data[:length]) is None


def test_a_body_too_large_is_refused_when_it_is_announced() -> None:
    limits = Limits(body=10)
    assert read(b"5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n", limits=limits) is not None
    with pytest.raises(HTTPError) as caught:
        read(b"5\r\nhello\r\n6\r\n", limits=limits)
    assert caught.value.status == 413
    with pytest.raises(HTTPError) as caught:
        read(b"FFFFFFFFFFFFFFFF\r\n", limits=limits)
    assert caught.value.status == 413


def test_many_small_chunks_become_one_piece() -> None:
    reader, buffer = ChunkedReader(Limits()), bytearray(b"1\r\na\r\n" * 600)
    assert reader.reframe(buffer) == b"258\r\n" + b"a" * 600 + b"\r\n"
    assert not buffer


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.lists(st.integers(0, 500), max_size=10))
def test_a_body_is_the_same_however_it_was_chunked_and_cut(chunks: list[bytes], places: list[int]) -> None:
    data = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    assert read(data, cut_at(places)) == (b"".join(chunks), (), b"")


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"1", b"5", b"0", b"a", b";", b"=", b'"', b"\r", b"\n", b"\r\n", b" ", b"x: 1"])))
def test_whatever_is_accepted_h11_would_have_read_the_same(pieces: list[bytes]) -> None:
    data = b"".join(pieces)
    try:
        outcome = read(data)
    except HTTPError:
        return
    if outcome is None:
        return
    peer = h11.Connection(h11.SERVER)
    peer.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + data)
    body = b""
    while not isinstance(event := peer.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Data):
            body += bytes(event.data)
    assert (body, peer.trailing_data[0]) == (outcome[0], outcome[2])


async def test_a_body_in_chunks_of_a_byte_lets_others_have_turns() -> None:
    """As much of it as is received at once took 50 ms, and is an attacker's to send."""
    turns, body = 0, b"1\r\nx\r\n" * 10_000

    async def app(request: Request) -> Response:
        before, length = turns, len(await request.body())
        return Response(f"{length} {turns - before >= 10}")

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await trio.lowlevel.checkpoint()
            turns += 1

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take_turns)
        framed = request("POST", "/", "Transfer-Encoding: chunked") + body + b"0\r\n\r\n"
        assert (await ask(Service(app=app), framed)).body == b"10000 True"
        nursery.cancel_scope.cancel()


def test_chunks_of_a_byte_are_taken_some_thousand_at_a_time() -> None:
    reader, buffer = ChunkedReader(Limits()), bytearray(b"1\r\nx\r\n" * 10_000)
    made = reader.reframe(buffer)
    assert (reader.is_pausing, 500 < len(made) < 2000) == (True, True)
    while reader.is_pausing:
        reader.reframe(buffer)
    assert buffer == b""
