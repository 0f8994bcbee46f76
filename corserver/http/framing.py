"""How a response goes out: what its head starts from, and how its body is framed (RFC 9112 §6)."""

from typing import NamedTuple

from corserver.http.exchange import Exchange
from corserver.http.gate import Head
from corserver.http.messages import Response
from corserver.http.wire.response_heads import ResponseStart

_BODILESS = (204, 304)


class Framing(NamedTuple):
    """*start* makes the head. *written* is the Content-Length that the server writes, None where it writes none.

    *has_body* is whether a body follows. *length* is what it must have; None is not known: then it is *chunked*, or
    ends with the connection.
    """

    start: ResponseStart
    written: int | None
    has_body: bool
    length: int | None
    chunked: bool


def framing_of(exchange: Exchange, response: Response, closes: bool) -> Framing:
    """How *response* is sent, as the connection's last one if it *closes*."""
    head, status, body = exchange.head, response.status, response.body
    minor = 1 if head is None else head.minor_version
    is_head = exchange.method == b"HEAD"
    has_body = not (is_head or status in _BODILESS)
    written = _written_length(is_head, status, body)
    start = ResponseStart(status, response.headers, exchange.decision.decoration, written is not None, closes, minor)
    if not has_body:
        return Framing(start, written, False, 0, False)
    length = _announced_length(response) if written is None else written
    return Framing(start, written, True, length, length is None and minor > 0)


def _written_length(is_head: bool, status: int, body: object) -> int | None:
    # None where the app's own Content-Length stands, or nothing: a stream, a 204 or 304, an answer to HEAD alone.
    if not isinstance(body, bytes) or status in _BODILESS or (is_head and not body):
        return None
    return len(body)


def _announced_length(response: Response) -> int | None:
    value = response.header(b"content-length")
    return None if value is None else int(value)


def can_upgrade(head: Head | None) -> bool:
    """Whether the request asked to go on in another protocol, in a version that can (RFC 9110 §7.8)."""
    return head is not None and head.minor_version > 0 and any(name == b"upgrade" for name, _ in head.fields)
