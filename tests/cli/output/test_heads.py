"""The heads below a line of `-v`: what went over the wire, and no secret of it."""

import pytest

from corserver.cli.output.heads import head_lines
from corserver.cli.output.text_lines import TextLines
from corserver.cors.decision import CORSRequest
from corserver.cors.policy import Policy
from corserver.http.log import Entry

ENTRY = Entry(
    time=0.0,
    client=None,
    method=b"PUT",
    target=b"/items/7?q=1",
    status=200,
    sent=2,
    seconds=0.001,
    decision=Policy(["https://a.example"]).decide(CORSRequest(b"PUT", (b"https://b.example",))),
    request_fields=((b"host", b"127.0.0.1:8000"), (b"origin", b"https://b.example")),
    response_head=b"HTTP/1.1 200 OK\r\nVary: Origin\r\nContent-Length: 2\r\n\r\n",
)


def told(*fields: tuple[bytes, bytes], answered: bytes = b"") -> list[str]:
    return [line for line, _ in head_lines(ENTRY._replace(request_fields=fields, response_head=answered))][1:]


def test_both_heads_are_shown_and_what_cors_is_about_is_marked() -> None:
    assert list(head_lines(ENTRY)) == [
        ("> PUT /items/7?q=1 HTTP/1.1", False),
        ("> Host: 127.0.0.1:8000", False),
        ("> Origin: https://b.example", True),
        ("< HTTP/1.1 200 OK", False),
        ("< Vary: Origin", True),
        ("< Content-Length: 2", False),
    ]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        (b"authorization", b"Bearer s3cret", "> Authorization: Bearer ***"),
        (b"authorization", b"s3cret", "> Authorization: ***"),
        (b"proxy-authorization", b"Basic s3cret==", "> Proxy-Authorization: Basic ***"),
        (b"cookie", b"sid=s3cret; theme=s3cret=;s3cret", "> Cookie: sid=***; theme=***; ***"),
        (b"x-api-key", b"s3cret", "> X-Api-Key: ***"),
        (b"x-csrf-token", b"s3cret", "> X-Csrf-Token: ***"),
    ],
)
def test_what_a_client_keeps_to_itself_is_masked(name: bytes, value: bytes, shown: str) -> None:
    assert told((name, value)) == [shown]


def test_of_a_cookie_that_is_set_the_attributes_are_kept() -> None:
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=s3cret; SameSite=None; Secure\r\n\r\n"
    assert told(answered=head)[1:] == ["< Set-Cookie: sid=***; SameSite=None; Secure"]


def test_what_a_preflight_asks_for_is_no_secret() -> None:
    asked = (b"access-control-request-headers", b"authorization, x-api-key")
    assert told(asked) == ["> Access-Control-Request-Headers: authorization, x-api-key"]


def test_nobody_forges_a_line() -> None:
    assert told((b"x-a", b"\x1b[31mred\xff")) == [r"> X-A: \x1b[31mred\xff"]


def test_they_stand_below_the_line_and_what_mends_it() -> None:
    first, *below = TextLines(coloured=False, verbose=True)(ENTRY).split("\n")
    assert "denied https://b.example" in first
    heads = [f"          {line}" for line, _ in head_lines(ENTRY)]
    assert "to allow it: --cors https://b.example" in below[0]
    assert below[-len(heads) :] == heads
    assert "\n" not in TextLines(coloured=False)(ENTRY)


def test_a_refused_head_shows_what_is_known_of_it() -> None:
    entry = ENTRY._replace(method=b"", target=b"", request_fields=(), response_head=b"HTTP/1.1 400 Bad Request\r\n\r\n")
    assert [line for line, _ in head_lines(entry)] == ["< HTTP/1.1 400 Bad Request"]
