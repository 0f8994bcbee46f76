"""The gate for chunked bodies: their framing is read strictly here, and written again for h11 (RFC 9112 §7.1).

h11 lets through what other readers frame differently: white space behind a size, extensions of any bytes, sizes of 20
digits, trailers of any name. So it never sees a peer's framing. What has arrived is taken apart by the grammar below
and handed to h11 as one chunk, however many it came in: a million chunks of one byte cost no million events.

    chunk-line  = 1*16HEXDIG *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ) CRLF

White space at the end of the line is in no grammar, and is where readers disagree. Extensions are ignored, but bounded;
so are trailers. A trailer that would change how a message is framed or for whom it is, is refused; one that
would change how it is authenticated or read is dropped (RFC 9110 §6.5.1).
"""

import re
from enum import Enum
from typing import Final

from corserver.cors.fetch import Field
from corserver.http.gate import body_too_large, parse_field
from corserver.http.limits import Limits
from corserver.http.messages import HTTPError

_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED: Final = rb'"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"'
_EXTENSION: Final = rb"[ \t]*;[ \t]*%s(?:[ \t]*=[ \t]*(?:%s|%s))?" % (_TOKEN, _TOKEN, _QUOTED)
_CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})((?:%s)*)" % _EXTENSION)
_MAX_TRAILER_FIELDS: Final = 32
#: How much of a body is handed on at once, in bytes, and how many steps that may take: 3 ms, if they are small.
_PIECE: Final = 65536
_STEPS: Final = 2048

_REFUSED_TRAILERS: Final = frozenset({b"content-length", b"host", b"transfer-encoding"})
_DROPPED_TRAILERS: Final = _REFUSED_TRAILERS.union(
    b"age authorization cache-control connection content-encoding content-range content-type cookie date expect "
    b"expires keep-alive location max-forwards origin pragma range retry-after set-cookie te trailer upgrade vary "
    b"warning www-authenticate".split()
)
_DROPPED_TRAILER_PREFIXES: Final = (b"access-control-", b"if-", b"proxy-", b"sec-", b"x-forwarded-", b"forwarded")


def is_passed_on(name: bytes) -> bool:
    """Whether a trailer of that lower-case *name* is one that may come so late (RFC 9110 §6.5.1)."""
    return name not in _DROPPED_TRAILERS and not name.startswith(_DROPPED_TRAILER_PREFIXES)


class _State(Enum):
    """What must come next."""

    SIZE = "size"
    DATA = "data"
    DATA_END = "data end"
    TRAILERS = "trailers"
    DONE = "done"


class ChunkedReader:
    """One chunked body, as it arrives."""

    __slots__ = ("_announced", "_extensions", "_left", "_limits", "_state", "_trailer_bytes", "_trailers", "is_pausing")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._state = _State.SIZE
        self._left = 0
        self._announced = 0
        self._extensions = 0
        self._trailer_bytes = 0
        self._trailers: list[Field] = []
        #: Whether there is more to take, once others have had a turn.
        self.is_pausing = False

    def is_done(self) -> bool:
        """Whether the body was read to its end."""
        return self._state is _State.DONE

    def reframe(self, buffer: bytearray) -> bytes:
        """Take from the front of *buffer* what is whole, and give it in plain framing: a chunk, or the body's end.

        Empty while more must arrive, and after the end. Raises `HTTPError` 400 for framing that is not in the grammar,
        413 as soon as a chunk is announced that makes the body too large.
        """
        if self.is_done():
            return b""
        pieces: list[bytes] = []
        size = at = steps = 0
        while size < _PIECE and steps < _STEPS and not self.is_done():
            steps += 1
            if self._state is _State.DATA:
                piece = bytes(buffer[at : at + min(self._left, _PIECE)])
                if not piece:
                    break
                pieces.append(piece)
                size += len(piece)
                at += len(piece)
                self._left -= len(piece)
                self._state = _State.DATA if self._left else _State.DATA_END
                continue
            end = self._line_end(buffer, at)
            if end is None:
                break
            self._take_line(bytes(buffer[at:end]))
            at = end + 2
        del buffer[:at]
        self.is_pausing = steps == _STEPS
        data = b"%x\r\n%s\r\n" % (size, b"".join(pieces)) if size else b""
        return data + self._end() if self.is_done() else data

    def _line_end(self, buffer: bytearray, at: int) -> int | None:
        limit = self._limits.trailers if self._state is _State.TRAILERS else self._limits.chunk_line
        end = buffer.find(b"\r\n", at, at + limit + 2)
        seen = len(buffer) - at if end < 0 else end - at
        if self._state is _State.DATA_END and not buffer[at : at + 2] == b"\r\n"[: len(buffer) - at]:
            raise HTTPError(400, "a chunk is longer or shorter than its size says")
        if seen > limit + 1 or b"\n" in buffer[at : at + seen]:
            raise HTTPError(400, f"a line of the chunked framing has a bare LF or more than {limit} bytes")
        return None if end < 0 else end

    def _take_line(self, line: bytes) -> None:
        match self._state:
            case _State.SIZE:
                self._take_size(line)
            case _State.DATA_END:
                self._state = _State.SIZE
            case _:
                self._take_trailer(line)

    def _take_size(self, line: bytes) -> None:
        found = _CHUNK_LINE.fullmatch(line)
        if found is None:
            raise HTTPError(400, "a chunk does not begin with its size in hexadecimal")
        self._left = int(found[1], 16)
        self._announced += self._left
        self._extensions += len(found[2])
        if self._limits.body is not None and self._announced > self._limits.body:
            raise body_too_large(self._limits.body)
        if self._extensions > self._limits.chunk_extensions:
            raise HTTPError(400, f"the chunk extensions are longer than {self._limits.chunk_extensions} bytes")
        self._state = _State.DATA if self._left else _State.TRAILERS

    def _take_trailer(self, line: bytes) -> None:
        if not line:
            self._state = _State.DONE
            return
        self._trailer_bytes += len(line) + 2
        name, value = parse_field(line)
        if self._trailer_bytes > self._limits.trailers or len(self._trailers) >= _MAX_TRAILER_FIELDS:
            raise HTTPError(400, f"the trailers are more than {_MAX_TRAILER_FIELDS} or {self._limits.trailers} bytes")
        if name in _REFUSED_TRAILERS:
            raise HTTPError(400, f"{name.decode()} stands in the trailers, where it would come too late")
        if is_passed_on(name):
            self._trailers.append((name, value))

    def _end(self) -> bytes:
        return b"".join([b"0\r\n", *(b"%s: %s\r\n" % line for line in self._trailers), b"\r\n"])
