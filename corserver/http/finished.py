"""What the logs have of an exchange that is over."""

import logging

import trio

from corserver.http.exchange import Exchange
from corserver.http.log import Entry, entry_of
from corserver.http.messages import Address, Response
from corserver.http.mistakes import http_error_in

logger = logging.getLogger("corserver")

#: When an exchange began: in Unix time, and by trio's clock.
Clock = tuple[float, float]


def entry_for(
    exchange: Exchange,
    response: Response | None,
    client: Address,
    clock: Clock,
    failure: str,
    head_sent: bytes,
    body_sent: int,
) -> Entry:
    """The entry of an exchange that ends now, cut short by *failure*, empty where it was not."""
    method, target, decision, _, head, _, sender, _ = exchange
    began, start = clock
    client = client if sender is None else sender.client
    status = None if response is None else response.status
    version = b"HTTP/1.1" if head is None or head.minor_version == 1 else b"HTTP/1.%d" % head.minor_version
    fields = () if head is None else head.section.headers.fields
    seconds = trio.current_time() - start
    said = began, client, method, target, status, body_sent, seconds, decision, failure, version, fields, head_sent
    return entry_of(said)


def what_failed(error: Exception) -> str:
    """Why a body was cut short, in few words, by *error*, of which the server's log says more."""
    if (expected := http_error_in(error)) is not None:
        logger.error("%s: the connection is cut, for the head was sent", expected.detail)
        return expected.detail
    logger.error("the body of a response raised after its head was sent: the connection is cut", exc_info=error)
    return type(error).__name__
