"""Response heads: checked and serialised by h11 once, then remembered but for their Date and Content-Length.

A head depends on its `ResponseStart` and those two values alone. So the bytes that h11 makes of a start are kept in a
bounded memory, cut where the values go. With the memory off h11 serialises every head anew, to the same bytes, which
`tests/http/wire/test_response_heads.py` holds.
"""

import functools
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final, NamedTuple

import h11

from corserver.cors.decision import Decoration
from corserver.cors.fetch import Field
from corserver.http.memory import Memory
from corserver.http.messages import Response
from corserver.http.statuses import reason_phrase

logger = logging.getLogger("corserver")

#: The lines whose values are put in later, with values that stand for them. Only Connection comes after them.
_DATE: Final = b"\r\nDate: -\r\n"
_LENGTH: Final = b"\r\nContent-Length: 0\r\n"
#: What a key by identities weighs, in bytes.
_WEIGHT: Final = 500
#: The statuses that no body follows (RFC 9110 §15.3.5, §15.4.5).
BODILESS: Final = (204, 304)


class ResponseStart(NamedTuple):
    """All that a response's head depends on, beside Date and length.

    *headers* are the app's. *has_length* is whether the server writes the Content-Length; where it does not, and none
    is in *headers*, a body is chunked or ends with the connection. *minor_version* is the request's.
    """

    status: int
    headers: tuple[Field, ...]
    decoration: Decoration
    has_length: bool
    closes: bool
    minor_version: int


@dataclass(frozen=True, slots=True)
class Template:
    """A serialised head, cut where the values of Date and Content-Length go, if the server writes them. *announced* is
    the app's own Content-Length, if that stands."""

    parts: tuple[bytes, ...]
    has_date: bool
    has_length: bool
    announced: int | None

    def filled(self, length: int, date: bytes = b"") -> bytes:
        """The head with this length, and this *date* in place of now's."""
        date = date or http_date(int(time.time()))
        if self.has_date and self.has_length:
            before, between, after = self.parts
            return b"".join((before, date, between, b"%d" % length, after))
        return (date if self.has_date else b"%d" % length).join(self.parts)


#: The headers and the decoration whose identities are in a key, and the template.
_Recent = tuple[tuple[Field, ...], Decoration, Template]


class ResponseHeads:
    """Makes response heads. *server* is the value of the Server line, None for none; *more* are lines of each head
    that has none of their names.

    An app whose own CORS lines are replaced is told so: once, if *own_cors* says what in it sets them, else once for
    each name.
    """

    __slots__ = ("_known", "_more", "_own_cors", "_recent", "_server", "_told")

    def __init__(
        self,
        server: bytes | None = None,
        known: Memory[ResponseStart, Template] | None = None,
        own_cors: Callable[[], str] = str,
        more: tuple[Field, ...] = (),
    ) -> None:
        self._server = server
        self._own_cors = own_cors
        self._more = more
        self._known = Memory(0) if known is None else known
        self._recent: Memory[tuple[int, ...], _Recent] = self._known.alike()
        self._told: set[bytes] = set()

    def template(self, start: ResponseStart) -> Template:
        """A head without its date and length. Raises `h11.LocalProtocolError` for one that cannot be."""
        found = self._known.get(start)
        if found is None:
            found = self._serialise(start)
            self._known.put(start, found, 3 * sum(map(len, found.parts)))
        return found

    def template_of(
        self, response: Response, decoration: Decoration, method: bytes, closes: bool, minor_version: int
    ) -> Template:
        """As `template`, of the head of *response* to a request of this *method* and version.

        Most answers have the very headers and the very decoration of one before: to know these by their identity costs
        less than a look at each of their lines.
        """
        body, headers, status = response.body, response.headers, response.status
        # The app's own Content-Length stands, or nothing, for a stream, a 204 or 304, an answer to HEAD alone.
        has_length = isinstance(body, bytes) and status not in BODILESS and bool(body or method != b"HEAD")
        key = id(headers), id(decoration), status, has_length, closes, minor_version
        recent = self._recent.get(key)
        if recent is not None and recent[0] is headers and recent[1] is decoration:
            return recent[2]
        template = self.template(ResponseStart(status, headers, decoration, has_length, closes, minor_version))
        self._recent.put(key, (headers, decoration, template), _WEIGHT + 3 * sum(map(len, template.parts)))
        return template

    def _serialise(self, start: ResponseStart) -> Template:
        if not any(name.lower() == b"via" for name, _ in start.headers):  # A proxy's are not the app's own.
            self._tell(start.decoration.replaced(start.headers))
        named = {name.lower() for name, _ in start.headers}
        headers = (*start.headers, *(line for line in self._more if line[0].lower() not in named))
        if start.has_length or start.status == 204:  # RFC 9110 §8.6: a 204 has no Content-Length.
            headers = tuple(line for line in headers if line[0].lower() != b"content-length")
        names = {name.lower(): value for name, value in headers}
        own = [] if self._server is None or b"server" in names else [(b"Server", self._server)]
        has_date = b"date" not in names
        if has_date:
            own.append((b"Date", b"-"))
        fields = [*start.decoration.apply(headers, start.status, own), *own]
        if start.has_length:
            fields.append((b"Content-Length", b"0"))
        if start.closes:
            fields.append((b"Connection", b"close"))
        reason = reason_phrase(start.status).encode()
        raw = _asked(start.minor_version).send(h11.Response(status_code=start.status, headers=fields, reason=reason))
        announced = names.get(b"content-length")
        return _cut(raw or b"", has_date, start.has_length, None if announced is None else int(announced))

    def _tell(self, replaced: tuple[bytes, ...]) -> None:
        new = {name.lower(): name.decode() for name in replaced if name.lower() not in self._told}
        if not new:
            return
        source, is_first = self._own_cors(), not self._told
        self._told.update(new)
        if not source:
            for name in new.values():
                logger.warning("the app's own %s is replaced: the policy of this path owns it", name)
        elif is_first:
            names = ", ".join(new.values())
            logger.warning("the app's own CORS headers (%s) are replaced by the policy's: remove %s", names, source)


def chunk_framer() -> h11.Connection:
    """An h11 that has sent the head of a chunked response: what frames its body."""
    connection = _asked(minor_version=1)
    connection.send(h11.Response(status_code=200, headers=[]))
    return connection


def interim(status: int, headers: tuple[Field, ...]) -> bytes:
    """A 1xx (RFC 9110 §15.2), which is a head alone. Raises `h11.LocalProtocolError` for lines that cannot be."""
    connection = _asked(minor_version=1, more=b"Connection: upgrade\r\nUpgrade: a\r\n")
    reason = reason_phrase(status).encode()
    return connection.send(h11.InformationalResponse(status_code=status, headers=list(headers), reason=reason)) or b""


def _asked(minor_version: int, more: bytes = b"") -> h11.Connection:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(b"GET / HTTP/1.%d\r\nHost: a\r\n%s\r\n" % (minor_version, more))
    connection.next_event()
    connection.next_event()
    return connection


def _cut(raw: bytes, has_date: bool, has_length: bool, announced: int | None) -> Template:
    # From the right: of what comes after these lines, all is the server's own.
    parts: tuple[bytes, ...] = (raw,)
    for line in (_LENGTH,) * has_length + (_DATE,) * has_date:
        before, found, after = parts[0].rpartition(line)
        assert found, "h11 writes the lines that it is given"
        parts = (before + line[:-3], line[-2:] + after, *parts[1:])
    return Template(parts, has_date, has_length, announced)


@functools.lru_cache(maxsize=1)
def http_date(second: int) -> bytes:
    """Unix time as an IMF-fixdate (RFC 9110 §5.6.7)."""
    return formatdate(second, usegmt=True).encode("ascii")
