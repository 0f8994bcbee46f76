"""The client's side of one connection: what is an answer, and when there can be another."""

import pytest

from corserver.http.wire import Asking, BadAnswer, KnownHeads, NoAnswer


def asked(method: str = "GET") -> Asking:
    asking = Asking()
    assert (
        asking.start(method, b"/", [(b"host", b"a")]) + asking.finish()
        == f"{method} / HTTP/1.1\r\nhost: a\r\n\r\n".encode()
    )
    return asking


def pieces(asking: Asking) -> bytes:
    body = b""
    while piece := asking.next_body():
        body += piece
    assert piece == b"", "the end has not come"
    return body


ANSWER = b"HTTP/1.1 200 OK\r\nA: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_an_answer_is_read_in_whatever_pieces_it_comes(size: int) -> None:
    asking = asked()
    head, body = None, b""
    for at in range(0, len(ANSWER), size):
        asking.receive(ANSWER[at : at + size])
        head = head or asking.next_head()
        while head and (piece := asking.next_body()):
            body += piece
    assert head is not None
    assert (head.status, head.fields[0], head.length, head.chunked, body) == (200, (b"a", b"1"), None, True, b"abc")
    assert asking.trailers == ((b"t", b"1"),)
    assert asking.recycle()
    assert asking.start("GET", b"/", [(b"host", b"a")])


def test_a_connection_that_closes_or_has_more_to_say_is_not_used_again() -> None:
    for text in (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore"):
        asking = asked()
        asking.receive(text)
        assert asking.next_head() is not None
        assert pieces(asking) == b""
        assert not asking.recycle()


@pytest.mark.parametrize("end", range(1, len(ANSWER)))
def test_an_answer_that_ends_before_its_end_is_none(end: int) -> None:
    asking = asked()
    asking.receive(ANSWER[:end])
    asking.receive(b"")

    def read() -> None:
        if asking.next_head() is not None:
            pieces(asking)

    with pytest.raises(BadAnswer):
        read()


def test_no_byte_is_no_answer() -> None:
    asking = asked()
    asking.receive(b"")
    with pytest.raises(NoAnswer):
        asking.next_head()


TEXTS = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nA: b\r\n\r\nabc",
    "bare lines": b"HTTP/1.1 200 OK\nContent-Length: 3\n\nabc",
    "nothing": b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
    "chunks": ANSWER,
    "interim": b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "kept in 1.0": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
    "to the end": b"HTTP/1.1 200 OK\r\n\r\nabc",
    "refused": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_what_is_remembered_changes_nothing(text: bytes, method: str) -> None:
    def outcome(known: KnownHeads | None) -> object:
        asking = Asking(known)
        sent = asking.start(method, b"/x", [(b"host", b"a"), (b"transfer-encoding", b"chunked")])
        sent += asking.data(b"abc") + asking.finish()
        asking.receive(text)
        try:
            head = asking.next_head()
            pieces = []
            while piece := asking.next_body():
                pieces.append(piece)
        except BadAnswer as error:
            return sent, str(error)
        return sent, head, pieces, piece, asking.trailers, asking.recycle()

    known = KnownHeads()
    first = outcome(None)
    assert [outcome(known) for _ in range(3)] == [first] * 3
    assert first[0].startswith(f"{method} /x HTTP/1.1\r\n".encode())  # type: ignore[index]
    assert first[0].endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")  # type: ignore[index]


def test_a_head_without_an_end_is_refused_in_time() -> None:
    asking = asked()
    asking.receive(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000)
    with pytest.raises(BadAnswer, match="longer than"):
        asking.next_head()


@pytest.mark.parametrize("end", [b"\0", b"\x0b", b"\x7f", b"\rX", b"\x1f"])
def test_a_head_is_refused_in_linear_time(end: bytes) -> None:
    # Were it quadratic, this would take a minute.
    asking = asked()
    asking.receive(b"HTTP/1.1 200 OK\r\nX:" + b" " * 120_000 + end + b"\r\n\r\n")
    with pytest.raises(BadAnswer, match="control characters"):
        asking.next_head()


@pytest.mark.parametrize("size", [1000, 200_000])
@pytest.mark.parametrize("end", [b"\0", b"\x0b", b"\x7f", b"\rX", b"\x1f"])
@pytest.mark.parametrize("framing", [b"0\r\nX:%s%s\r\n\r\n", b"3;%s%s\n\r\nabc\r\n0\r\n\r\n"], ids=["trailer", "chunk"])
def test_the_framing_of_chunks_is_refused_in_linear_time(framing: bytes, end: bytes, size: int) -> None:
    # Were it quadratic, this would take a minute.
    asking = asked()
    text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framing % (b" " * 60_000, end)

    def read() -> None:
        for at in range(0, len(text), size):
            asking.receive(text[at : at + size])
            if asking.has_answer or asking.next_head():
                asking.next_body()

    with pytest.raises(BadAnswer, match="control characters"):
        read()


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_chunks_are_read_as_servers_frame_them(size: int) -> None:
    asking = asked()
    framed = b'3  \r\na\x01\n\r\n0002;a="b \xff"\r\n\r\n\r\n00\r\nA: \t 1 \nb: 2\r\n c\r\n\r\n'
    text = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed
    body = b""
    for at in range(0, len(text), size):
        asking.receive(text[at : at + size])
        while (asking.has_answer or asking.next_head()) and (piece := asking.next_body()):
            body += piece
    assert (body, asking.trailers) == (b"a\x01\n\r\n", ((b"a", b"1"), (b"b", b"2 c")))
