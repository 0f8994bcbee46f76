"""The other role: a client's side of one connection, bytes in and bytes out, no I/O.

What comes is judged by h11, as strictly as what a server is sent. An answer that two readers could frame differently is
no answer (RFC 9112 §6.3), and one that ends before its end is never taken for a whole one.

Known heads. A proxy asks with the same header lines again and again, and gets the same in return, within a second but
for the Date's sake. What h11 has made of a head is remembered, as it is on the server's side (`request_heads`); a body
of known length is counted here, any other is read by h11.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import h11

from corserver.cors.fetch import Field
from corserver.http.chunked import is_passed_on
from corserver.http.memory import Memory
from corserver.http.wire.chunk_lines import ChunkLines

#: The longest head of an answer; there is no limit on its body.
_HEAD: Final = 128 * 1024
_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")
_CONTROL: Final = re.compile(rb"[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")
#: How much is told of what h11 does not like, which may be a line of any length.
_SHOWN: Final = 200
#: How much of what is remembered is Python's: about so many bytes for each of the head's.
_OVERHEAD: Final = 4


class BadAnswer(Exception):
    """What came is not an answer in HTTP/1.1 or 1.0, or not a whole one."""


class NoAnswer(BadAnswer):
    """Nothing came at all before the connection was closed."""

    def __init__(self) -> None:
        super().__init__("it closed the connection without an answer")


class AnswerHead(NamedTuple):
    """An answer's status and header lines. Names are lower-case; *length* is its Content-Length, None where it has
    none or a body that is chunked. *closes* is whether the connection ends with it."""

    status: int
    fields: tuple[Field, ...]
    length: int | None
    chunked: bool
    closes: bool


class KnownHeads:
    """The heads that were judged: of requests, without their line, and of answers. Connections share it."""

    __slots__ = ("answers", "requests")

    def __init__(self, entries: int | None = None) -> None:
        self.requests: Memory[tuple[str, tuple[Field, ...]], bytes] = Memory() if entries is None else Memory(entries)
        self.answers: Memory[bytes, AnswerHead] = Memory() if entries is None else Memory(entries)


class Asking:
    """A connection to a server: one request goes out and its answer comes in, then the next, if it can `recycle`."""

    __slots__ = (
        "_buffer",
        "_chunks",
        "_eof",
        "_h11",
        "_head",
        "_is_asked",
        "_is_malformed",
        "_known",
        "_left",
        "_lines",
        "_method",
        "trailers",
    )

    def __init__(self, known: KnownHeads | None = None) -> None:
        self._known = KnownHeads(0) if known is None else known
        self._buffer = b""
        self._eof = False
        self._method = ""
        #: Whether the request's body goes out in chunks, and whether it is out.
        self._chunks = self._is_asked = False
        self._head: AnswerHead | None = None
        #: What is left of a body of known length; what reads any other.
        self._left = 0
        self._h11: h11.Connection | None = None
        #: What h11 is not to see of the chunks' framing: None where there are no chunks.
        self._lines: ChunkLines | None = None
        self._is_malformed = False
        #: The trailer lines of the answer that may come so late, once it was read to its end.
        self.trailers: tuple[Field, ...] = ()

    def start(self, method: str, target: bytes, fields: Sequence[Field]) -> bytes:
        """A request's head; *target* is one that the gate has passed. Raises `h11.LocalProtocolError`."""
        key = method, tuple(fields)
        rest = self._known.requests.get(key)
        if rest is None:
            sent = h11.Connection(h11.CLIENT).send(h11.Request(method=method, target=b"/", headers=list(fields)))
            rest = (sent or b"").partition(b" / ")[2]
            self._known.requests.put(key, rest, _OVERHEAD * len(rest))
        self._method = method
        self._chunks = any(name == b"transfer-encoding" for name, _ in fields)
        return b"%s %s %s" % (method.encode("ascii"), target, rest)

    def data(self, piece: bytes) -> bytes:
        """A piece of the request's body, not empty, framed as the head says."""
        return b"%x\r\n%s\r\n" % (len(piece), piece) if self._chunks else piece

    def finish(self, trailers: Sequence[Field] = ()) -> bytes:
        """The end of the request; behind a chunked body with *trailers*, that h11 has let pass."""
        self._is_asked = True
        if not self._chunks:
            return b""
        return b"".join([b"0\r\n", *(b"%s: %s\r\n" % line for line in trailers), b"\r\n"])

    def receive(self, data: bytes) -> None:
        """Take what arrived; `b""` says that nothing more will."""
        self._eof = self._eof or not data
        if self._h11 is not None:
            self._frame_more(self._h11, data)
        else:
            self._buffer = self._buffer + data if self._buffer else data  # Mostly there is nothing, and no copy.

    def next_head(self) -> AnswerHead | None:
        """The head of the answer, or of an interim one (1xx) before it; None while it is incomplete.

        Raises `BadAnswer`. A 101 (Switching Protocols) is the last in HTTP.
        """
        self._head = self._next_head()
        return self._head

    @property
    def has_answer(self) -> bool:
        """Whether the head of the answer has come."""
        return self._head is not None and self._head.status >= 200

    def next_body(self) -> bytes | None:
        """The next piece of the answer's body, `b""` at its end, None while there is none. Raises `BadAnswer`."""
        if self._h11 is not None:
            return self._framed(self._h11)
        left = self._left
        if not left:
            return b""
        piece = self._buffer
        if not piece:
            if self._eof:
                raise BadAnswer("it closed the connection inside of its answer")
            return None
        self._buffer = piece[left:]
        piece = piece[:left]
        self._left = left - len(piece)
        return piece

    def take_rest(self) -> bytes:
        """What arrived after a 101, of the protocol that comes then."""
        return self._buffer

    def recycle(self) -> bool:
        """Make ready for the next request; False if there can be none on this connection."""
        head, connection = self._head, self._h11
        is_read = connection is None or (connection.their_state is h11.DONE and not connection.trailing_data[0])
        # What came after the end of an answer answers nothing: it is of a peer that is not to be trusted further.
        if head is None or head.closes or not is_read or not self._is_asked or self._left or self._buffer or self._eof:
            return False
        self._head = self._h11 = None
        self._is_asked = False
        self.trailers = ()
        return True

    def _next_head(self) -> AnswerHead | None:
        end = _END_OF_HEAD.search(self._buffer)
        if end is None:
            if len(self._buffer) > _HEAD:
                raise BadAnswer(f"the head of its answer is longer than {_HEAD} bytes")
            if self._eof:
                raise BadAnswer("it closed the connection inside of its answer") if self._buffer else NoAnswer
            return None
        raw, self._buffer = self._buffer[: end.end()], self._buffer[end.end() :]
        known = self._known.answers.get(raw)
        if known is None:
            known = _judge(self._method, raw)[0]
            self._known.answers.put(raw, known, _OVERHEAD * len(raw))
        self._frame(known, raw)
        return known

    def _frame(self, head: AnswerHead, raw: bytes) -> None:
        # RFC 9112 §6.3.
        if self._method == "HEAD" or head.status < 200 or head.status in (204, 304):
            self._left = 0
        elif head.length is not None:
            self._left = head.length
        else:
            self._h11 = _judge(self._method, raw)[1]
            self._lines = ChunkLines() if head.chunked else None
            if self._buffer:
                self._frame_more(self._h11, self._buffer)
                self._buffer = b""
            if self._eof:
                self._h11.receive_data(b"")

    def _frame_more(self, connection: h11.Connection, data: bytes) -> None:
        if self._lines is None or self._lines.passes(data):
            connection.receive_data(data)
        else:
            self._is_malformed = True

    def _framed(self, connection: h11.Connection) -> bytes | None:
        if self._is_malformed:
            raise BadAnswer("the chunks of its answer are framed by lines that cannot be, or have control characters")
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError as error:
            raise BadAnswer(str(error)[:_SHOWN]) from error
        if event is h11.NEED_DATA:
            if self._eof:  # h11 waits on where the end is inside of a line.
                raise BadAnswer("it closed the connection inside of its answer")
            return None
        if isinstance(event, h11.Data):
            return bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            self.trailers = tuple((name, value) for name, value in event.headers if is_passed_on(name))
        return b""


def _judge(method: str, raw: bytes) -> tuple[AnswerHead, h11.Connection]:
    """Let h11 judge a complete head. The connection is ready for the body. Raises `BadAnswer`."""
    if _CONTROL.search(raw):  # h11 refuses most, and behind many spaces it takes minutes for it.
        raise BadAnswer("the head of its answer has control characters")
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD)
    # So that a 101 is one that could have been asked for: whether it was, the asker knows.
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "a"), ("Upgrade", "a")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(raw)
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError as error:
        raise BadAnswer(str(error)[:_SHOWN]) from error
    if not isinstance(event, h11.Response | h11.InformationalResponse):
        raise BadAnswer("its answer has no head")
    return _head_of(event), connection


def _head_of(event: h11.Response | h11.InformationalResponse) -> AnswerHead:
    fields = tuple(event.headers)
    lengths = [value for name, value in fields if name == b"content-length"]
    chunked = any(name == b"transfer-encoding" for name, _ in fields)
    options = {
        option.strip().lower() for name, value in fields if name == b"connection" for option in value.split(b",")
    }
    if lengths and chunked:
        raise BadAnswer("it has Content-Length and Transfer-Encoding at once")
    if chunked and event.http_version < b"1.1":  # RFC 9112 §6.1: that version has none, so who sent it is unknown.
        raise BadAnswer("it has Transfer-Encoding in HTTP/1.0")
    if event.status_code > 599:
        raise BadAnswer(f"there is no status {event.status_code}")
    closes = b"close" in options or (event.http_version < b"1.1" and b"keep-alive" not in options)
    return AnswerHead(event.status_code, fields, int(lengths[0]) if lengths else None, chunked, closes)
