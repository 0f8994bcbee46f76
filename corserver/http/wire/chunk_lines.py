"""The screen before h11 for an answer's chunked framing: the lines between the chunks, and the trailers.

h11's expressions for these lines take time in the square of their length: of spaces with a control character behind
them, a minute for what arrives at once. So a line that has one never gets there. All else is h11's to judge; where a
line ends, and what length it names, is read here as h11 reads it.
"""

import re
from typing import Final

_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,20})(?![0-9A-Fa-f])[\t -~\x80-\xff]*\r\n")
_CONTROL: Final = re.compile(rb"[\0-\x08\x0b-\x1f\x7f]")
#: How much of a line may arrive before its end, in bytes.
_LONGEST: Final = 16384


class ChunkLines:
    """The lines of one body, as they arrive."""

    __slots__ = ("_are_trailers", "_held", "_is_over", "_left")

    def __init__(self) -> None:
        #: The beginning of a line.
        self._held = b""
        #: How much of a chunk is to come, its line's end included.
        self._left = 0
        self._are_trailers = self._is_over = False

    def passes(self, data: bytes) -> bool:
        """Whether *data*, which comes next, may be given to h11."""
        data, self._held = self._held + data, b""
        at = 0
        while at < len(data) and not self._is_over:
            found = None if self._left or self._are_trailers else _SIZE.match(data, at)
            if found is not None:
                size, at = int(found[1], 16), found.end()
                self._left = size + len(b"\r\n") if size else 0
                self._are_trailers = not size
            if self._left or found is not None:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._held = data[at:]
                return len(self._held) <= _LONGEST
            if not (self._are_trailers and self._trailer_passes(data[at:end].removesuffix(b"\r"))):
                return False
            at = end + 1
        return True

    def _trailer_passes(self, line: bytes) -> bool:
        self._is_over = not line
        return _CONTROL.search(line) is None
