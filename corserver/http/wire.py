"""The wire: gate and h11 behind one face, bytes in and bytes out, no I/O.

Who judges what
---------------
* The gate judges every head first, then h11 does; only a head that both accept becomes a `Head`.
* h11 is given the bytes of one request at a time, so what is pipelined behind it waits here, unjudged, in `_buffer`:
  of a body of known length its length, of a chunked one what `chunked` made of it.
* h11 keeps the state of the exchange: whether a response may start, how it is framed, whether the connection lives on.

Nothing is read from the buffer while an answer is under way, so a caller that stops receiving keeps it bounded.
"""

from collections.abc import Sequence

import h11

from corserver.cors.fetch import Field
from corserver.http.chunked import ChunkedReader
from corserver.http.gate import Head, RefusedHead, screen, split_head
from corserver.http.limits import Limits
from corserver.http.messages import HTTPError, reason_phrase


class Wire:
    """The server's side of one connection."""

    __slots__ = (
        "_body_left",
        "_buffer",
        "_chunked",
        "_eof",
        "_h11",
        "_limits",
        "_may_skip_crlf",
        "must_close",
        "trailers",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._eof = False
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head + limits.trailers)
        self._may_skip_crlf = True
        self._body_left = 0
        self._chunked: ChunkedReader | None = None
        #: The trailer lines of the request's body, once it was read to its end.
        self.trailers: tuple[Field, ...] = ()
        #: Set it, and the next response says that it is the last one.
        self.must_close = False

    def __repr__(self) -> str:
        return f"<Wire ours={self._h11.our_state} theirs={self._h11.their_state} buffered={len(self._buffer)}>"

    @property
    def is_silent(self) -> bool:
        """Whether nothing of the next request has arrived."""
        return not self._buffer

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
        end = split_head(self._buffer, self._limits)
        if end is None:
            if self._eof and self._buffer:
                raise RefusedHead(400, "the connection ended inside a head")
            return None
        raw = bytes(self._buffer[:end])
        del self._buffer[:end]
        head = screen(raw, self._limits)
        try:
            self._h11.receive_data(raw)
            self._h11.next_event()
            if not (head.chunked or head.content_length):
                self._h11.next_event()  # EndOfMessage: there is no body to wait for.
        except h11.RemoteProtocolError as error:
            raise RefusedHead(error.error_status_hint, str(error), raw) from error
        self._body_left = head.content_length or 0
        self._chunked = ChunkedReader(self._limits) if head.chunked else None
        self.trailers = ()
        return head

    @property
    def at_eof(self) -> bool:
        """Whether the peer has ended its side and nothing of it is left to read."""
        return self._eof and not self._buffer

    @property
    def body_is_read(self) -> bool:
        """Whether the request's body, if there was one, was read to its end."""
        return self._h11.their_state not in (h11.SEND_BODY, h11.ERROR)

    @property
    def awaits_continue(self) -> bool:
        """Whether the peer holds its body back until it is told to go on (RFC 9110 §10.1.1)."""
        return self._h11.they_are_waiting_for_100_continue

    def next_body(self) -> bytes | None:
        """The next piece of the body, `b""` at its end, None while more must arrive. Raises `HTTPError` 400."""
        while True:
            if self.body_is_read:
                return b""
            try:
                event = self._h11.next_event()
                if event is h11.NEED_DATA:
                    if not self._feed():
                        return None
                    continue
            except h11.RemoteProtocolError as error:
                raise HTTPError(400, f"the request body is malformed: {error}") from error
            if isinstance(event, h11.Data) and event.data:
                return bytes(event.data)
            if isinstance(event, h11.EndOfMessage):
                self.trailers = tuple(event.headers)
                return b""

    def _feed(self) -> bool:
        if self._chunked is not None:
            data = self._chunked.reframe(self._buffer)
        else:
            data = bytes(self._buffer[: self._body_left])
            self._body_left -= len(data)
            del self._buffer[: len(data)]
        if data:
            self._h11.receive_data(data)
        elif self._eof:
            raise HTTPError(400, "the request body ended early")
        return bool(data)

    def go_on(self) -> bytes:
        """The 100 (Continue) that a peer awaits."""
        return self._send(h11.InformationalResponse(status_code=100, headers=[], reason=reason_phrase(100).encode()))

    def can_start(self) -> bool:
        """Whether a response can still be sent to this request."""
        return self._h11.our_state in (h11.IDLE, h11.SEND_RESPONSE)

    def start(self, status: int, headers: Sequence[Field]) -> bytes:
        """A response's head. Raises `h11.LocalProtocolError` for one that cannot be sent."""
        fields = list(headers)
        if self.must_close or self._h11.their_state is h11.ERROR:
            fields.append((b"Connection", b"close"))
        return self._send(h11.Response(status_code=status, headers=fields, reason=reason_phrase(status).encode()))

    def data(self, chunk: bytes) -> bytes:
        """A piece of a response's body, framed. Raises `h11.LocalProtocolError` beyond the announced length."""
        return self._send(h11.Data(data=chunk))

    def finish(self) -> bytes:
        """The end of a response. Raises `h11.LocalProtocolError` short of the announced length."""
        return self._send(h11.EndOfMessage())

    def switch(self, headers: Sequence[Field]) -> bytes:
        """The 101 to a request with Upgrade. Raises `h11.LocalProtocolError` for any other request."""
        reason = reason_phrase(101).encode()
        return self._send(h11.InformationalResponse(status_code=101, headers=list(headers), reason=reason))

    def take_rest(self) -> bytes:
        """What arrived and was not read, for the protocol that comes after HTTP."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def recycle(self) -> bool:
        """Make ready for the next request; False if there can be none on this connection."""
        if self._h11.our_state is not h11.DONE or self._h11.their_state is not h11.DONE:
            return False
        self._h11.start_next_cycle()
        self._may_skip_crlf = True
        return True

    def _send(self, event: h11.Event) -> bytes:
        return self._h11.send(event) or b""
