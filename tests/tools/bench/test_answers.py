"""Where an answer ends, its status, and whether the connection ends with it; what cannot be told is malformed."""

import pytest

from corserver.tools.bench.answers import Answer, Malformed, Reader, read


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", Answer(204, 27, False)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", Answer(200, 40, False)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", Answer(200, 40, False)),
        (b"HTTP/1.1 403 \r\ncontent-length:0\r\nConnection: Close\r\n\r\n", Answer(403, 54, True)),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", Answer(200, 38, True)),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", Answer(200, 62, False)),
        (b"HTTP/1.1 204 No", None),
        (b"HT", None),
    ],
)
def test_an_answer_ends_where_it_says(data: bytes, answer: Answer | None) -> None:
    assert read(data) == answer


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1." + b"x" * 70_000,
    ],
)
def test_what_cannot_be_framed_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        read(data)


def test_a_reader_knows_whole_answers_by_their_bytes_and_no_others() -> None:
    reader, data = Reader(), b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    assert reader.read(data[:-1]) is None
    assert reader.known == {}
    assert reader.read(data) == reader.known[data] == Answer(200, len(data), False)
    with pytest.raises(Malformed, match="more came"):
        reader.read(data + b"x")
