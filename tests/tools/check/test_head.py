"""A head as browsers read it: every line as it came, and lenient where they are."""

import pytest

from corserver.tools.check.head import Head, NotHTTP, parse_head

STATUS = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("lines", "headers"),
    [
        (b"", ()),
        (b"A: 1\r\nA: 2\r\n", ((b"A", b"1"), (b"A", b"2"))),
        (b"aCcEsS: \t x \t\r\n", ((b"aCcEsS", b"x"),)),
        (b"A:\r\n", ((b"A", b""),)),
        (b"A: x\x0b\r\n", ((b"A", b"x\x0b"),)),
        (b"A: \xa0x\r\n", ((b"A", b"\xa0x"),)),
        (b"A : 1\r\n", ((b"A ", b"1"),)),
        (b"A: 1\r\n 2\r\n", ((b"A", b"1 2"),)),
        (b"nonsense\r\nA: 1\n", ((b"A", b"1"),)),
    ],
)
def test_lines_are_kept_as_they_came(lines: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    data = STATUS + lines + b"\r\n"
    assert parse_head(data + b"body") == Head(b"1.1", 200, b"OK", headers, len(data))


def test_bare_line_feeds_end_lines_too() -> None:
    head = parse_head(b"HTTP/1.0 404 Not Found\nA: 1\n\n")
    assert head is not None
    assert (head.version, head.status, head.reason, head.headers) == (b"1.0", 404, b"Not Found", ((b"A", b"1"),))


def test_a_head_that_is_not_complete_is_waited_for() -> None:
    data = STATUS + b"A: 1\r\n\r\n"
    assert all(parse_head(data[:size]) is None for size in range(len(data) - 1))


@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH_9.2\r\n", b"<html>", b"HTTP/1.1 OK\r\n\r\n", b"HTTP/2 200\r\n\r\n"])
def test_what_is_not_http_is_said(data: bytes) -> None:
    with pytest.raises(NotHTTP):
        parse_head(data)


@pytest.mark.parametrize(("status", "is_interim"), [(100, True), (103, True), (101, False), (200, False)])
def test_1xx_is_followed_by_another_head(status: int, is_interim: bool) -> None:
    head = parse_head(b"HTTP/1.1 %d X\r\n\r\n" % status)
    assert head is not None
    assert head.is_interim is is_interim


def test_empty_lines_before_it_are_passed_over() -> None:
    head = parse_head(b"\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\n\r\nbody")
    assert head is not None
    assert (head.headers, head.size) == (((b"A", b"1"),), len(b"\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\n\r\n"))


@pytest.mark.parametrize("line", [b"A: x\0y", b"Content-Length: 1\r\nContent-Length: 2"])
def test_what_every_browser_refuses_is_refused(line: bytes) -> None:
    with pytest.raises(NotHTTP):
        parse_head(b"HTTP/1.1 200 OK\r\n" + line + b"\r\n\r\n")
