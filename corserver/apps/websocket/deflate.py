"""The compression of messages, permessage-deflate (RFC 7692), as an extension of wsproto's.

wsproto has one, which decompresses without a bound, forgets that a message is compressed when a ping comes between its
fragments, and raises on parameters that are no numbers.

What is agreed on costs little: windows of 4 KiB where the client lets us choose, and short messages are left as they
are.
"""

import re
import zlib
from typing import Final

from wsproto.extensions import Extension
from wsproto.frame_protocol import CloseReason, FrameDecoder, FrameProtocol, Opcode, RsvBits

_NAME: Final = "permessage-deflate"
#: An element of Sec-WebSocket-Extensions (RFC 6455 §9.1): a name, and parameters whose values are tokens or quoted.
#: What is matched is not given back: the time is linear.
_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_PARAMETER: Final = rf'[ \t]*+;[ \t]*+({_TOKEN})(?:[ \t]*+=[ \t]*+(?:({_TOKEN})|"({_TOKEN})"))?+'
_OFFER: Final = re.compile(rf"[ \t,]*+({_TOKEN})((?:{_PARAMETER})*+)[ \t]*+(?:,|$)")
_PARAMETERS: Final = re.compile(_PARAMETER)
_WINDOWS: Final = {str(bits): bits for bits in range(8, 16)}
#: Our own window, as a power of two, and how much the compressor uses (zlib's memLevel).
_WINDOW: Final = 12
_MEMORY: Final = 5
#: Messages from this size on are compressed, in bytes.
_SHORTEST: Final = 64
_TAIL: Final = b"\x00\x00\xff\xff"
_NONE: Final = RsvBits(False, False, False)
_RSV1: Final = RsvBits(True, False, False)


class Agreed(Extension):
    """An extension of wsproto's that is in use from the start: the handshake was not wsproto's."""

    def enabled(self) -> bool:
        """Always."""
        return True

    def offer(self) -> bool:
        """Not by a server."""
        return False


class Deflate(Agreed):
    """The compression of one connection, as *answer* says, with messages of at most *most* bytes."""

    name = _NAME

    def __init__(self, most: int, *, ours: int, theirs: int, we_forget: bool, they_forget: bool, answer: str) -> None:
        self._most = most
        self._ours = ours
        self._theirs = theirs
        self._we_forget = we_forget
        self._they_forget = they_forget
        self.answer = answer
        self._compressor: zlib._Compress | None = None
        self._decompressor: zlib._Decompress | None = None
        #: Of the frame, and of the message, which arrive.
        self._is_data = False
        self._is_compressed = False
        self._left = most

    @classmethod
    def agreed(cls, offers: str, most: int) -> "Deflate | None":
        """The compression that the first offer that we can take makes, if there is one (RFC 7692 §5, §7)."""
        at = 0
        while (offer := _OFFER.match(offers, at)) is not None:
            at = offer.end()
            found = cls._taken(offer[2], most) if offer[1] == _NAME else None
            if found is not None:
                return found
        return None

    @classmethod
    def _taken(cls, text: str, most: int) -> "Deflate | None":
        parameters: dict[str, str] = {}
        for name, token, quoted in _PARAMETERS.findall(text):
            if name in parameters:
                return None
            parameters[name] = token or quoted
        they_forget = parameters.pop("client_no_context_takeover", None)
        we_forget = parameters.pop("server_no_context_takeover", None)
        ours = parameters.pop("server_max_window_bits", None)
        theirs = parameters.pop("client_max_window_bits", None)
        if parameters or they_forget or we_forget or (ours is not None and ours not in _WINDOWS):
            return None
        if (theirs and theirs not in _WINDOWS) or ours == "8":  # zlib cannot compress with so small a window.
            return None
        our_bits = min(_WINDOW, _WINDOWS[ours or "15"])
        answer = [_NAME, f"server_max_window_bits={our_bits}"]
        their_bits = 15
        if theirs is not None:
            their_bits = min(_WINDOW, _WINDOWS[theirs or "15"])
            answer.append(f"client_max_window_bits={their_bits}")
        answer += ["server_no_context_takeover"] * (we_forget is not None)
        answer += ["client_no_context_takeover"] * (they_forget is not None)
        return cls(
            most,
            ours=our_bits,
            theirs=their_bits,
            we_forget=we_forget is not None,
            they_forget=they_forget is not None,
            answer="; ".join(answer),
        )

    # ------------------------------------------------------------------------------------------------ for wsproto

    def frame_inbound_header(
        self, proto: FrameDecoder | FrameProtocol, opcode: Opcode, rsv: RsvBits, payload_length: int
    ) -> CloseReason | RsvBits:
        """RSV1 is on the first frame of a message that is compressed, and on no other (RFC 7692 §6)."""
        self._is_data = not opcode.iscontrol()
        if opcode in (Opcode.TEXT, Opcode.BINARY):
            self._is_compressed, self._left = rsv.rsv1, self._most
            return _RSV1
        return _NONE

    def frame_inbound_payload_data(self, proto: FrameDecoder | FrameProtocol, data: bytes) -> bytes | CloseReason:
        """*data* decompressed, as far as the message may be long."""
        return self._inflate(data) if self._is_data and self._is_compressed else data

    def frame_inbound_complete(self, proto: FrameDecoder | FrameProtocol, fin: bool) -> bytes | CloseReason | None:
        """The rest of a message."""
        if not (fin and self._is_data and self._is_compressed):
            return None
        rest = self._inflate(_TAIL)
        self._is_compressed = False
        if self._they_forget:
            self._decompressor = None
        return rest

    def _inflate(self, data: bytes) -> bytes | CloseReason:
        inflated = []
        while data:
            if self._decompressor is None:
                self._decompressor = zlib.decompressobj(-self._theirs)
            try:
                piece = self._decompressor.decompress(data, self._left + 1)
            except zlib.error:
                return CloseReason.INVALID_FRAME_PAYLOAD_DATA
            inflated.append(piece)
            self._left -= len(piece)
            if self._left < 0:
                return CloseReason.MESSAGE_TOO_BIG
            data = b""
            if self._decompressor.eof:  # A block may say that it is the last; another stream follows (§7.2.3.4).
                data, self._decompressor = self._decompressor.unused_data, None
        return b"".join(inflated)

    def frame_outbound(
        self, proto: FrameDecoder | FrameProtocol, opcode: Opcode, rsv: RsvBits, data: bytes, fin: bool
    ) -> tuple[RsvBits, bytes]:
        """A message, which is one frame, compressed if it is worth it."""
        if opcode.iscontrol() or len(data) < _SHORTEST:
            return rsv, data
        if self._compressor is None:
            self._compressor = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -self._ours, _MEMORY)
        compressed = self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        if self._we_forget:
            self._compressor = None
        return _RSV1, compressed[:-4]
