"""When an answer on a connection that stays idle is complete."""

import pytest

from bench import exchanges
from bench.idle import head_of, is_whole

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


def test_the_request_is_a_browsers() -> None:
    head = head_of(exchanges.PREFLIGHT, 8000)
    assert head.startswith(b"OPTIONS /items/7 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n")
    assert head.endswith(b"\r\n\r\n")
    assert b"\r\nOrigin: http://site-a.example\r\n" in head
