"""How the body of a response goes out, if one does (RFC 9112 §6)."""

from typing import NamedTuple

from corserver.http.exchange import Exchange
from corserver.http.gate import Head
from corserver.http.messages import Response
from corserver.http.wire.response_heads import BODILESS


class Framing(NamedTuple):
    """How a streamed body goes out, if *has_body*: *length* is what it must have; None is not known: then it is
    *chunked*, or ends with the connection.
    """

    has_body: bool
    length: int | None
    chunked: bool


def carries_body(exchange: Exchange, response: Response) -> bool:
    """Whether a body follows the head of *response* (RFC 9112 §6.3)."""
    return exchange.method != b"HEAD" and response.status not in BODILESS


def framing_of(exchange: Exchange, response: Response, announced: int | None) -> Framing:
    """How the stream that *response* has for a body is sent, if this is the Content-Length *announced* in its head."""
    if not carries_body(exchange, response):
        return Framing(False, 0, False)
    return Framing(True, announced, announced is None and (exchange.head is None or exchange.head.minor_version > 0))


def can_upgrade(head: Head | None) -> bool:
    """Whether the request asked to go on in another protocol, in a version that can (RFC 9110 §7.8)."""
    return head is not None and head.minor_version > 0 and any(name == b"upgrade" for name, _ in head.fields)
