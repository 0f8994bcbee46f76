"""One exchange as bytes: what is written, and what is read of what comes, whole and byte by byte."""

import h11
import pytest

from corserver.cors.browser import CHROMIUM, FIREFOX, parse_url
from corserver.cors.fetch import Field
from corserver.tools.check.exchanges import Reply, Sending, Trouble, TroubleKind
from corserver.tools.check.head import NotHTTP
from corserver.tools.check.talk import MAX_BODY, MAX_HEAD, Talk


def sending(method: bytes = b"GET", *headers: Field, body: bytes | None = None) -> Sending:
    url = parse_url("http://127.0.0.1:8000/a?b")
    assert url is not None
    return Sending(method, url, headers, body)


def test_the_request_has_what_a_server_needs_and_no_more() -> None:
    assert Talk(sending(b"GET", (b"Origin", b"https://a.example"))).request() == (
        b"GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nOrigin: https://a.example\r\n"
        b"User-Agent: Mozilla/5.0 (compatible; corserver-check)\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
        b"Connection: close\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("request_", "length"),
    [
        (sending(b"POST", body=b"abc"), b"3"),
        (sending(b"PUT"), b"0"),
        (sending(b"POST", body=b""), b"0"),
        (sending(b"DELETE"), None),
    ],
)
def test_a_body_has_its_length(request_: Sending, length: bytes | None) -> None:
    data = Talk(request_).request()
    assert (b"Content-Length: " + length in data) if length is not None else (b"Content-Length" not in data)
    assert data.endswith(b"\r\n\r\n" + (request_.body or b""))


def test_a_header_that_the_script_sets_is_not_set_again() -> None:
    data = Talk(sending(b"GET", (b"accept", b"text/html"), (b"user-agent", b"me"))).request()
    assert data.lower().count(b"accept:") == 1
    assert data.lower().count(b"user-agent:") == 1


@pytest.mark.parametrize("value", [b"a\0b", b"a\rb", b"a\nb"])
def test_what_http_cannot_carry_is_refused(value: bytes) -> None:
    with pytest.raises(h11.LocalProtocolError):
        Talk(sending(b"GET", (b"x", value))).request()


def test_control_characters_are_sent_as_browsers_send_them() -> None:
    talk = Talk(sending(b"GET", (b"x", b"a\x0b\x7f")))
    assert b"\r\nx: a\x0b\x7f\r\n" in talk.request()
    reply = talk.receive(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert reply is not None
    assert reply.status == 204


def received(data: bytes, chunk: int, method: bytes = b"GET") -> Reply:
    talk = Talk(sending(method))
    talk.request()
    for at in range(0, len(data), chunk):
        reply = talk.receive(data[at : at + chunk])
        if reply is not None:
            return reply
    reply = talk.receive(b"")
    assert reply is not None
    return reply


REPLIES = [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", 200, b"ab", False),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", 200, b"ab", False),
    (b"HTTP/1.0 200 OK\r\n\r\nab", 200, b"ab", False),
    (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204, b"", False),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", 200, b"ab", True),
    (b"HTTP/1.1 200 OK\r\nA: x\x0b\r\n\r\nab", 200, b"", True),
    (b"HTTP/1.1 200 OK\r\nA : x\r\n\r\nab", 200, b"", True),
    (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", 101, b"", True),
    (b"HTTP/1.1 101 Switching Protocols\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 101, b"", True),
    (b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x05hello", 101, b"", True),
    (b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nab", 2000, b"", True),
]


@pytest.mark.parametrize("chunk", [1, 100_000])
@pytest.mark.parametrize(("data", "status", "body", "is_malformed"), REPLIES)
def test_replies_are_read(data: bytes, status: int, body: bytes, is_malformed: bool, chunk: int) -> None:
    reply = received(data, chunk)
    assert (reply.status, reply.body, reply.malformed is not None) == (status, body, is_malformed)


def test_what_a_browser_makes_of_a_101_and_of_a_long_status_is_its_own() -> None:
    switching = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    followed, alone = received(switching + b"HTTP/1.1 204 X\r\n\r\n", 1), received(switching, 1)
    long = received(b"HTTP/1.1 2000 OK\r\n\r\n", 1)
    assert [reply.read_by(FIREFOX) for reply in (followed, alone)] == [followed, alone]
    passed = followed.read_by(CHROMIUM)
    assert isinstance(passed, Reply)
    assert passed.status == 204
    assert alone.read_by(CHROMIUM) == Trouble(TroubleKind.CLOSED)
    assert long.read_by(CHROMIUM) == long
    assert long.read_by(FIREFOX) == Trouble(TroubleKind.NOT_HTTP, "its status is 2000")


def test_a_head_has_no_body() -> None:
    assert received(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 1, b"HEAD").body == b""


def test_of_a_long_body_only_the_beginning_is_kept() -> None:
    talk = Talk(sending())
    talk.request()
    reply = talk.receive(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000)
    assert reply is not None
    assert (len(reply.body), reply.is_cut) == (MAX_BODY, True)


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_an_end_before_a_response_is_an_end(data: bytes) -> None:
    with pytest.raises(EOFError):
        received(data, 100_000)


@pytest.mark.parametrize("chunk", [1000, 10**6])
def test_a_head_has_a_limit(chunk: int) -> None:
    with pytest.raises(NotHTTP):
        received(b"HTTP/1.1 200 OK\r\nA: " + b"x" * (MAX_HEAD + 1000), chunk)


def test_a_head_that_is_cut_off_is_read_as_far_as_it_goes_as_browsers_do() -> None:
    talk = Talk(sending())
    talk.request()
    assert talk.receive(b"HTTP/1.1 200 OK\r\nA: 1\r\n") is None
    reply = talk.receive(b"")
    assert reply is not None
    assert (reply.status, reply.headers) == (200, ((b"A", b"1"),))
    assert reply.malformed
