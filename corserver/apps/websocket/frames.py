"""The frames of a WebSocket, bytes in and bytes out, no I/O: wsproto, with the limits that it does not have."""

import io
from collections.abc import Iterator
from typing import Final, NamedTuple

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.extensions import Extension
from wsproto.frame_protocol import CloseReason, FrameDecoder, FrameProtocol, Opcode, RsvBits

from corserver.apps.websocket.closed import NO_CODE
from corserver.apps.websocket.deflate import Agreed, Deflate
from corserver.apps.websocket.options import WebSocketOptions

#: How many bytes of what arrived are decompressed, and how many frames are read, until others have a turn: a few
#: milliseconds' worth. A byte of a compressed message may be a thousand, or half of a stream of its own.
_COMPRESSED: Final = 2048
_FRAMES: Final = 64


class PingArrived(NamedTuple):
    """A ping, to be answered with *pong*."""

    pong: bytes


class CloseArrived(NamedTuple):
    """The peer's close frame, or how to close because it broke the rules. Nothing comes after it."""

    code: int
    reason: str


_FAILURES = {
    CloseReason.INVALID_FRAME_PAYLOAD_DATA: "what the peer sent is no UTF-8, or cannot be decompressed",
    CloseReason.MESSAGE_TOO_BIG: "the message is too big",
}


class Frames:
    """The frames of one connection. *deflate* is the compression that was agreed on."""

    def __init__(self, options: WebSocketOptions, deflate: Deflate | None = None) -> None:
        self._most = options.message
        self._step = None if deflate is None else _COMPRESSED
        self._frames = 0
        extensions: list[Extension] = [_Bounds(options.message, options.fragments, deflate is not None)]
        if deflate is not None:
            extensions.append(deflate)
        self._connection = Connection(ConnectionType.SERVER, extensions)
        #: The message of which a part has arrived, and the bytes that it has.
        self._text: io.StringIO | None = None
        self._binary: bytearray | None = None
        self._size = 0

    def received(self, data: bytes | bytearray) -> Iterator[str | bytes | PingArrived | CloseArrived | None]:
        """What *data* brings, and None where it is time to let others have a turn.

        What is not asked for yet is not decoded yet.
        """
        step = self._step or len(data) or 1
        for at in range(0, len(data), step):
            if at:
                yield None
            self._connection.receive_data(bytes(data[at : at + step]))
            for event in self._connection.events():
                arrived = self._arrived(event)
                if arrived is not None:
                    yield arrived
                if isinstance(arrived, CloseArrived):
                    return
                self._frames += 1
                if not self._frames % _FRAMES:
                    yield None

    def _arrived(self, event: Event) -> str | bytes | PingArrived | CloseArrived | None:
        connection = self._connection
        match event:
            case TextMessage() | BytesMessage():
                if self._is_too_big(event):
                    return self._failure(CloseReason.MESSAGE_TOO_BIG, "")
                return self._completed(event)
            case Ping() if connection.state is ConnectionState.OPEN:
                return PingArrived(connection.send(Pong(event.payload)))
            case CloseConnection() if connection.state in (ConnectionState.OPEN, ConnectionState.LOCAL_CLOSING):
                return self._failure(event.code, event.reason or "")
            case CloseConnection():
                return CloseArrived(int(event.code), event.reason or "")
        return None

    def message(self, data: str | bytes) -> bytes:
        """A message's frame."""
        return self._connection.send(TextMessage(data) if isinstance(data, str) else BytesMessage(data))

    def ping(self) -> bytes:
        """A ping's frame."""
        return self._connection.send(Ping())

    def close(self, code: int, reason: str = "") -> bytes:
        """A close frame; nothing where one was sent already."""
        if self._connection.state not in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
            return b""
        # wsproto wants its own name for this code.
        return self._connection.send(CloseConnection(CloseReason.NO_STATUS_RCVD if code == NO_CODE else code, reason))

    def _failure(self, code: int, reason: str) -> CloseArrived:
        return CloseArrived(int(code), _FAILURES.get(CloseReason(code), reason))

    def _is_too_big(self, event: TextMessage | BytesMessage) -> bool:
        data = event.data
        self._size += len(data) if not isinstance(data, str) or data.isascii() else len(data.encode("utf-8"))
        return self._size > self._most

    def _completed(self, event: TextMessage | BytesMessage) -> str | bytes | None:
        if event.message_finished:
            self._size = 0
        if isinstance(event, TextMessage):
            return self._completed_text(event.data, event.message_finished)
        return self._completed_binary(event.data, event.message_finished)

    def _completed_text(self, data: str, finished: bool) -> str | None:
        if self._text is None:
            if finished:
                return data
            self._text = io.StringIO(newline="")
        self._text.write(data)
        if not finished:
            return None
        text, self._text = self._text.getvalue(), None
        return text

    def _completed_binary(self, data: bytes | bytearray, finished: bool) -> bytes | None:
        if self._binary is None:
            if finished:
                return bytes(data)
            self._binary = bytearray()
        self._binary += data
        if not finished:
            return None
        binary, self._binary = bytes(self._binary), None
        return binary


class _Bounds(Agreed):
    """No extension, but wsproto shows the head of a frame to nobody else: a message too big is refused by its head."""

    name = "bounds"

    def __init__(self, most: int, fragments: int, may_be_compressed: bool) -> None:
        self._most = most
        self._fragments = fragments
        self._may_be_compressed = may_be_compressed
        #: Of the message that arrives, before the frame whose head is read and with it. Until its masking key is there
        #: too, wsproto reads a head again with each piece.
        self._before = self._with_it = (most, 0)
        self._is_compressed = False

    def frame_inbound_header(
        self, proto: FrameDecoder | FrameProtocol, opcode: Opcode, rsv: RsvBits, payload_length: int
    ) -> CloseReason | RsvBits:
        """1009 where a message will be too big, as far as its frames' heads tell."""
        if not opcode.iscontrol():
            left, frames = self._before
            if opcode is not Opcode.CONTINUATION:
                left, frames = self._most, 0
                self._is_compressed = rsv.rsv1 and self._may_be_compressed
            left, frames = self._with_it = left - payload_length, frames + 1
            if frames > self._fragments or (left < 0 and not self._is_compressed):
                return CloseReason.MESSAGE_TOO_BIG
        return RsvBits(False, False, False)

    def frame_inbound_complete(self, proto: FrameDecoder | FrameProtocol, fin: bool) -> None:
        """The frame counts."""
        self._before = self._with_it
