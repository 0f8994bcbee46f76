"""The header lines with which a response goes out, beyond those of its app."""

import functools
import time
from email.utils import formatdate

from corserver.cors.fetch import Field
from corserver.http.exchange import Exchange
from corserver.http.gate import Head
from corserver.http.messages import Response


def final_headers(exchange: Exchange, response: Response, server: bytes | None) -> tuple[Field, ...]:
    """The lines of *response* as they are written: decorated by the decision, with length, Date and *server*."""
    fields = exchange.decision.decorate(response.headers)
    length = _length_of(exchange.method, response)
    if length is not None or response.status == 204:  # RFC 9110 §8.6: a 204 has no Content-Length.
        fields = tuple(line for line in fields if line[0].lower() != b"content-length")
    if length is not None:
        fields += ((b"Content-Length", b"%d" % length),)
    names = {name.lower() for name, _ in fields}
    if b"date" not in names:
        fields += ((b"Date", http_date(int(time.time()))),)
    if server is not None and b"server" not in names:
        fields += ((b"Server", server),)
    return fields


def _length_of(method: bytes, response: Response) -> int | None:
    # None where the app's own Content-Length stands, or nothing: a stream, a 204 or 304, an answer to HEAD alone.
    body = response.body
    if not isinstance(body, bytes) or response.status in (204, 304) or (method == b"HEAD" and not body):
        return None
    return len(body)


@functools.lru_cache(maxsize=1)
def http_date(second: int) -> bytes:
    """Unix time as an IMF-fixdate (RFC 9110 §5.6.7)."""
    return formatdate(second, usegmt=True).encode("ascii")


def can_upgrade(head: Head | None) -> bool:
    """Whether the request asked to go on in another protocol, in a version that can (RFC 9110 §7.8)."""
    return head is not None and head.minor_version > 0 and any(name == b"upgrade" for name, _ in head.fields)
