"""The wire by plain calls: heads and bodies out of bytes, however they are cut, and answers into bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.http.gate import RefusedHead
from corserver.http.limits import Limits
from corserver.http.messages import HTTPError
from corserver.http.wire import Wire
from tests.http.peer import cut_at, request

CHUNKED = request("POST", "/c", "Transfer-Encoding: chunked") + b"2\r\nab\r\n3;e=1\r\ncde\r\n0\r\nT: 1\r\n\r\n"
THREE = request("POST", "/a", body=b"12345") + CHUNKED + request("GET", "/d")


def answer_all(wire: Wire) -> list[tuple[bytes, bytes]]:
    """The (target, body) of each request that is whole, each answered with 204."""
    seen = []
    while (head := wire.next_head()) is not None:
        body = b""
        while piece := wire.next_body():
            body += piece
        assert piece == b"", "the body is not whole"
        seen.append((head.target, body))
        wire.start(0)
        wire.finish()
        assert wire.can_go_on
    return seen


@settings(deadline=None)
@given(st.lists(st.integers(0, 1000), max_size=20))
def test_requests_are_the_same_however_the_bytes_are_cut(places: list[int]) -> None:
    wire = Wire(Limits())
    seen, body, head = [], b"", None
    for piece in cut_at(places)(THREE):
        wire.receive(piece)
        while True:
            head = head or wire.next_head()
            if head is None:
                break
            while data := wire.next_body():
                body += data
            if data is None:
                break
            seen.append((head.target, body))
            wire.start(0)
            wire.finish()
            assert wire.can_go_on
            body, head = b"", None
    assert seen == [(b"/a", b"12345"), (b"/c", b"abcde"), (b"/d", b"")]
    assert wire.is_silent


def test_an_end_inside_a_head_is_refused_and_inside_a_body_is_an_error() -> None:
    wire = Wire(Limits())
    wire.receive(b"GET / HT")
    wire.receive(b"")
    with pytest.raises(RefusedHead):
        wire.next_head()
    wire = Wire(Limits())
    wire.receive(request("POST", "/", "Content-Length: 3") + b"a")
    assert wire.next_head() is not None
    wire.receive(b"")
    assert wire.next_body() == b"a"
    with pytest.raises(HTTPError, match="ended early"):
        wire.next_body()


def test_an_end_between_requests_is_an_end() -> None:
    wire = Wire(Limits())
    wire.receive(THREE)
    wire.receive(b"")
    assert len(answer_all(wire)) == 3
    assert wire.at_eof


def test_a_connection_that_must_close_does_not_go_on_and_says_so() -> None:
    wire = Wire(Limits())
    wire.receive(request("GET", "/") * 2)
    wire.next_head()
    wire.must_close = True
    assert wire.is_last
    wire.start(0)
    wire.finish()
    assert not wire.can_go_on


def test_its_repr_shows_the_state() -> None:
    wire = Wire(Limits())
    wire.receive(b"GET")
    assert repr(wire) == "<Wire body=read answer='not started' buffered=3>"
