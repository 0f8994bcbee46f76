"""When an answer on a connection that stays idle is complete."""

import pytest

from bench.idle import is_whole

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        (b"", False),
        (HEAD[:-1], False),
        (HEAD, False),
        (HEAD + b"ab", False),
        (HEAD + b"abc", True),
        (b"HTTP/1.1 204 No Content\r\nVary: Origin\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", True),
    ],
)
def test_an_answer_is_read_to_its_end(received: bytes, whole: bool) -> None:
    assert is_whole(received) is whole
