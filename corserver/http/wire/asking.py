"""The other role of h11: a client's side of one connection, bytes in and bytes out, no I/O.

What comes is judged as strictly as what a server is sent. An answer that two readers could frame differently is no
answer (RFC 9112 §6.3), and one that ends before its end is never taken for a whole one.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import h11

from corserver.cors.fetch import Field

#: The longest head of an answer; there is no limit on its body.
_HEAD: Final = 128 * 1024


class BadAnswer(Exception):
    """What came is not an answer in HTTP/1.1 or 1.0, or not a whole one."""


class NoAnswer(BadAnswer):
    """Nothing came at all before the connection was closed."""

    def __init__(self) -> None:
        super().__init__("it closed the connection without an answer")


class AnswerHead(NamedTuple):
    """An answer's status and header lines. Names are lower-case; *length* is its Content-Length, None where it has
    none or a body that is chunked."""

    status: int
    fields: tuple[Field, ...]
    length: int | None
    chunked: bool


class Asking:
    """A connection to a server: one request goes out and its answer comes in, then the next, if it `can_repeat`."""

    __slots__ = ("_eof", "_h11", "trailers")

    def __init__(self) -> None:
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD)
        self._eof = False
        #: The trailer lines of the answer, once it was read to its end.
        self.trailers: tuple[Field, ...] = ()

    def start(self, method: str, target: bytes, fields: Iterable[Field]) -> bytes:
        """A request's head. Raises `h11.LocalProtocolError` for one that cannot be."""
        return self._h11.send(h11.Request(method=method, target=target, headers=list(fields))) or b""

    def data(self, piece: bytes) -> bytes:
        """A piece of the request's body, framed as the head says."""
        return self._h11.send(h11.Data(data=piece)) or b""

    def finish(self) -> bytes:
        """The end of the request."""
        return self._h11.send(h11.EndOfMessage()) or b""

    def receive(self, data: bytes) -> None:
        """Take what arrived; `b""` says that nothing more will."""
        self._eof = self._eof or not data
        self._h11.receive_data(data)

    def next_head(self) -> AnswerHead | None:
        """The head of the answer, or None while it is incomplete. Raises `BadAnswer`.

        Interim answers (1xx) are dropped, but for 101 (Switching Protocols): it is the last in HTTP.
        """
        while isinstance(event := self._next_event(), h11.InformationalResponse) and event.status_code != 101:
            pass
        if event is h11.NEED_DATA:
            return None
        if not isinstance(event, h11.Response | h11.InformationalResponse):
            raise NoAnswer
        return _head_of(event.status_code, tuple(event.headers))

    def next_body(self) -> bytes | None:
        """The next piece of the answer's body, `b""` at its end, None while there is none. Raises `BadAnswer`."""
        event = self._next_event()
        if event is h11.NEED_DATA:
            return None
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            self.trailers = tuple(event.headers)
        return b""

    def take_rest(self) -> bytes:
        """What arrived after a 101, of the protocol that comes then."""
        return bytes(self._h11.trailing_data[0])

    def recycle(self) -> bool:
        """Make ready for the next request; False if there can be none on this connection."""
        connection = self._h11
        # What came after the end of an answer answers nothing: it is of a peer that is not to be trusted further.
        if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE or self._eof:
            return False
        if connection.trailing_data[0]:
            return False
        connection.start_next_cycle()
        self.trailers = ()
        return True

    def _next_event(self) -> object:
        connection = self._h11
        try:
            if self._eof and connection.their_state is h11.SEND_RESPONSE and not connection.trailing_data[0]:
                raise NoAnswer
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            raise BadAnswer(str(error)) from error
        if event is h11.NEED_DATA and self._eof:  # h11 waits on where the end is inside of a line.
            raise BadAnswer("it closed the connection inside of its answer")
        return event


def _head_of(status: int, fields: tuple[Field, ...]) -> AnswerHead:
    lengths = [value for name, value in fields if name == b"content-length"]
    chunked = any(name == b"transfer-encoding" for name, _ in fields)
    if lengths and chunked:
        raise BadAnswer("it has Content-Length and Transfer-Encoding at once")
    if status > 599:
        raise BadAnswer(f"there is no status {status}")
    return AnswerHead(status, fields, int(lengths[0]) if lengths else None, chunked)
