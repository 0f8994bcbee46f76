"""`wsgi.errors`: what an app writes there goes to the log."""

import logging
import sys
from collections.abc import Iterable
from typing import Final

logger = logging.getLogger("corserver")

#: So many characters are logged even though their line has not ended.
_LONGEST: Final = 8192


class Errors:
    """A text stream whose lines become records of the log: each write that ends a line, with what was before it."""

    __slots__ = ("_is_telling", "_text")

    def __init__(self) -> None:
        self._text = ""
        self._is_telling = False

    def write(self, text: str, /) -> int:
        """Raises TypeError for what is no str."""
        if not isinstance(text, str):
            raise TypeError(f"wsgi.errors takes str, not {type(text).__name__}")
        if self._is_telling:
            # The app's logging sends everything here, the server's records too: this is one of them, on its way back.
            return sys.stderr.write(text)
        self._text += text
        if text.endswith("\n") or len(self._text) > _LONGEST:
            self.flush()
        return len(text)

    def writelines(self, lines: Iterable[str], /) -> None:
        """Each as `write`."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Log what was written."""
        text, self._text = self._text.rstrip("\n"), ""
        if text and not self._is_telling:
            self._is_telling = True
            try:
                logger.error(text)  # It is its own template: records are counted by that.
            finally:
                self._is_telling = False
