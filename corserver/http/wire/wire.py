"""The wire: the server's side of one connection, bytes in and bytes out, no I/O.

Who judges what
---------------
* The gate judges every head first, then h11 does; only a head that both accept becomes a `Head`. What they concluded
  from its header lines is remembered (`request_heads`).
* What is pipelined behind a request waits in `_buffer`, unjudged. A body of known length is counted here; a chunked one
  is read by `chunked`, then by h11.
* h11 checks and serialises every response head, or has done so (`response_heads`). A body of known length is counted
  here; h11 frames one that is chunked.

Nothing is read from the buffer while an answer is under way, so a caller that stops receiving keeps it bounded.
"""

from enum import Enum

import h11

from corserver.cors.fetch import Field
from corserver.http.chunked import ChunkedReader
from corserver.http.gate import NO_LINES, Head, HeaderSection, KnownLines, RefusedHead, split_head
from corserver.http.limits import Limits
from corserver.http.memory import Memory
from corserver.http.messages import HTTPError
from corserver.http.wire.request_heads import KnownSections, judge, recall, remember
from corserver.http.wire.response_heads import chunk_framer


class _Answer(Enum):
    """How far the answer to the current request is."""

    NOT_STARTED = "not started"
    STARTED = "started"
    FINISHED = "finished"


#: By name: an enum takes its time to find a member (Python 3.11).
_NOT_STARTED, _STARTED, _FINISHED = _Answer


class BodyMismatch(Exception):
    """A response's body is longer or shorter than its Content-Length says."""


class Wire:
    """The server's side of one connection. *known* and *known_lines* are the memories of header
    sections and lines, which connections share."""

    __slots__ = (
        "_answer",
        "_answer_left",
        "_body_left",
        "_buffer",
        "_chunked",
        "_closes",
        "_eof",
        "_framer",
        "_h11",
        "_held_back",
        "_known",
        "_known_lines",
        "_limits",
        "_may_skip_crlf",
        "must_close",
        "trailers",
    )

    def __init__(self, limits: Limits, known: KnownSections | None = None, known_lines: KnownLines = NO_LINES) -> None:
        self._limits = limits
        self._known: KnownSections = Memory(0) if known is None else known
        self._known_lines = known_lines
        self._buffer = bytearray()
        self._eof = False
        self._may_skip_crlf = True
        self._closes = False
        self._body_left = 0
        self._chunked: ChunkedReader | None = None
        #: Reads a chunked body behind `_chunked`; the other frames one.
        self._h11: h11.Connection | None = None
        self._framer: h11.Connection | None = None
        self._held_back = False
        self._answer = _NOT_STARTED
        self._answer_left: int | None = 0
        #: The trailer lines of the request's body, once it was read to its end.
        self.trailers: tuple[Field, ...] = ()
        #: Set it, and the response is the last one and has to say so, whatever the request says.
        self.must_close = False

    def __repr__(self) -> str:
        body = "read" if self.body_is_read else "unread"
        return f"<Wire body={body} answer={self._answer.value!r} buffered={len(self._buffer)}>"

    @property
    def is_silent(self) -> bool:
        """Whether nothing of the next request has arrived."""
        return not self._buffer

    @property
    def at_eof(self) -> bool:
        """Whether the peer has ended its side and nothing of it is left to read."""
        return self._eof and not self._buffer

    @property
    def is_pausing(self) -> bool:
        """Whether others are to have a turn before the next piece of the body, which has arrived in many small ones."""
        return self._chunked is not None and self._chunked.is_pausing

    @property
    def has_ended(self) -> bool:
        """Whether the peer has ended its side."""
        return self._eof

    @property
    def buffered(self) -> int:
        """How many bytes have arrived and are not read."""
        return len(self._buffer)

    def is_idle_when_answered(self) -> bool:
        """Whether all that is under way is the answer, and the next request can follow but nothing of it arrived."""
        return not (self._buffer or self._body_left or self._closes or self.must_close) and self._chunked is None

    @property
    def is_last(self) -> bool:
        """Whether the connection ends with this exchange."""
        return self.must_close or self._closes

    def receive(self, data: bytes) -> None:
        """Take what arrived; `b""` says that nothing more will."""
        self._buffer += data
        self._eof = self._eof or not data

    def next_head(self) -> Head | None:
        """The next request's head, or None while it is incomplete. Raises `RefusedHead`; the connection then ends."""
        if self._may_skip_crlf and self._buffer[:1] == b"\r":  # RFC 9112 §2.2: one empty line is ignored.
            if len(self._buffer) == 1:
                if self._eof:
                    self._buffer.clear()
                return None
            if self._buffer[1] == 0x0A:
                del self._buffer[:2]
                self._may_skip_crlf = False
        try:
            head = self._recalled() or self._judged()
        except RefusedHead as refusal:
            refusal.beginning = self.beginning
            raise
        if head is not None:
            self.begin(head.section)
        return head

    @property
    def beginning(self) -> bytes:
        """What has arrived of the next head, or of one that was refused."""
        end = self._buffer.find(b"\r\n\r\n") + 2
        return bytes(self._buffer[:end] if end > 1 else self._buffer)

    def take_head(self, data: bytes) -> Head | None:
        """`receive` and `next_head` in one, for *data* that comes while the wire is silent."""
        head = recall(data, self._limits, self._known)  # Most are known, and come whole and alone.
        if head is None:
            self.receive(data)
            return self.next_head()
        self.begin(head.section)
        return head

    def begin(self, section: HeaderSection, rest: bytes = b"") -> None:
        """Take a request whose head was judged already, while the wire is silent; *rest* came behind it."""
        if rest:
            self._buffer += rest
        self._body_left = section.content_length or 0
        self._held_back = section.expects
        self._answer = _NOT_STARTED
        self._closes = section.closes
        self._may_skip_crlf = True
        self.trailers = ()

    def _recalled(self) -> Head | None:
        end = self._buffer.find(b"\r\n\r\n", 0, self._limits.head + 4) + 4
        head = recall(bytes(self._buffer[:end]), self._limits, self._known) if end > 3 else None
        if head is not None:
            del self._buffer[:end]
        return head

    def _judged(self) -> Head | None:
        end = split_head(self._buffer, self._limits)
        if end is None:
            if self._eof and self._buffer:
                raise RefusedHead(400, "the connection ended inside a head")
            return None
        raw = bytes(self._buffer[:end])
        del self._buffer[:end]
        head, connection = judge(raw, self._limits, self._known_lines)
        if head.section.chunked:
            self._chunked, self._h11 = ChunkedReader(self._limits), connection
        remember(raw, head, self._known)
        return head

    @property
    def body_is_read(self) -> bool:
        """Whether the request's body, if there was one, was read to its end."""
        return not self._body_left and self._chunked is None

    @property
    def awaits_continue(self) -> bool:
        """Whether the peer holds its body back until it is told to go on (RFC 9110 §10.1.1)."""
        return self._held_back

    def next_body(self) -> bytes | None:
        """The next piece of the body, `b""` at its end, None while more must arrive. Raises `HTTPError` 400 or 413."""
        if self._chunked is not None:
            return self._next_chunk(self._chunked)
        if not self._body_left:
            return b""
        piece = bytes(self._buffer[: self._body_left])
        if not piece:
            self._await_more()
            return None
        del self._buffer[: len(piece)]
        self._body_left -= len(piece)
        self._held_back = False
        return piece

    def _next_chunk(self, chunked: ChunkedReader) -> bytes | None:
        assert self._h11 is not None, "h11 reads what the chunked reader has let pass"
        while True:
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError as error:
                raise HTTPError(400, f"the request body is malformed: {error}") from error
            if isinstance(event, h11.Data) and event.data:
                return bytes(event.data)
            if isinstance(event, h11.EndOfMessage):
                self.trailers = tuple(event.headers)
                self._chunked = self._h11 = None
                return b""
            if event is h11.NEED_DATA:
                framed = chunked.reframe(self._buffer)
                if not framed:
                    self._await_more()
                    return None
                self._h11.receive_data(framed)
                self._held_back = False

    def _await_more(self) -> None:
        if self._eof:
            raise HTTPError(400, "the request body ended early")

    def go_on(self) -> bytes:
        """The 100 (Continue) that a peer awaits (RFC 9110 §15.2.1)."""
        self._held_back = False
        return b"HTTP/1.1 100 Continue\r\n\r\n"

    def can_start(self) -> bool:
        """Whether a response can still be sent to this request."""
        return self._answer is _NOT_STARTED

    def is_answering(self) -> bool:
        """Whether the body of a response has begun, and not come to its end."""
        return self._answer is _STARTED

    def start(self, length: int | None, *, chunked: bool = False) -> None:
        """A response's head goes out. *length* is what its body must have, None where it ends with the connection."""
        self._answer, self._answer_left = _STARTED, length
        self._held_back = False
        if chunked:
            self._framer = chunk_framer()

    def answered(self) -> None:
        """A response with a body of the right length, or none, goes out whole."""
        self._answer = _FINISHED
        self._held_back = False

    def data(self, chunk: bytes) -> bytes:
        """A piece of a response's body, framed. Raises `BodyMismatch` beyond the length."""
        if self._framer is not None:
            return self._framer.send(h11.Data(data=chunk)) or b""
        if self._answer_left is not None:
            if len(chunk) > self._answer_left:
                raise BodyMismatch("the body of a response is longer than its Content-Length")
            self._answer_left -= len(chunk)
        return chunk

    def finish(self, trailers: tuple[Field, ...] = ()) -> bytes:
        """The end of a response, with *trailers* if it is chunked. Raises `BodyMismatch` short of the length."""
        if self._answer_left:
            raise BodyMismatch("the body of a response is shorter than its Content-Length")
        end = b"" if self._framer is None else self._framer.send(h11.EndOfMessage(headers=list(trailers))) or b""
        self._framer, self._answer = None, _FINISHED
        return end

    def take_rest(self) -> bytes:
        """What arrived and was not read, for the protocol that comes after HTTP."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    @property
    def can_go_on(self) -> bool:
        """Whether the exchange is over, and another request can follow on this connection."""
        return self._answer is _FINISHED and self.body_is_read and not self.is_last
