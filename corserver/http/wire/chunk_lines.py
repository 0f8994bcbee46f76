"""The screen before h11 for an answer's chunked framing: the lines between the chunks, and the trailers.

h11's expressions for these lines take time in the square of their length: of spaces with a control character behind
them, a minute for what arrives at once. So a line that has one never gets there. All else is h11's to judge; where a
line ends, and what length it names, is read here as h11 reads it.
"""

import re
from typing import Final

_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,20})(?![0-9A-Fa-f])[\t -~\x80-\xff]*\r")
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
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
                continue
            end = data.find(b"\n", at)
            if end < 0:
                self._held = data[at:]
                return len(self._held) <= _LONGEST
            if not self._line_passes(data[at:end]):
                return False
            at = end + 1
        return True

    def _line_passes(self, line: bytes) -> bool:
        if self._are_trailers:
            line = line.removesuffix(b"\r")
            self._is_over = not line
            return _CONTROL.search(line) is None
        found = _SIZE.fullmatch(line)
        if found is None:
            return False
        size = int(found[1], 16)
        self._left = size + len(b"\r\n") if size else 0
        self._are_trailers = not size
        return True
