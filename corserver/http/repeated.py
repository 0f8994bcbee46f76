"""Warnings that repeat themselves, written a few times and then counted."""

import logging
from dataclasses import dataclass
from typing import Final


@dataclass(slots=True)
class _Window:
    began: float
    seen: int = 0
    #: The first that was left out, in full.
    example: str = ""


class Repeated(logging.Filter):
    """Lets *most* records of one template through in *seconds*; the next one after that says how many were left out.

    A flood that a peer can cause thus costs a few lines. For a handler of the logger "corserver", whose records with a
    traceback (a handler of the app raised) always pass. `rest` has what was left out and not said yet.
    """

    #: How many templates are remembered, so that messages made without one do not fill the memory.
    _MOST_TEMPLATES: Final = 256

    def __init__(self, most: int = 5, seconds: float = 10.0) -> None:
        super().__init__()
        self._most = most
        self._seconds = seconds
        self._windows: dict[str, _Window] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether *record* is to be written; adds the count to its message where one is due."""
        if record.exc_info and record.name.partition(".")[0] == "corserver":
            return True
        template = str(record.msg)
        window = self._windows.get(template)
        if window is None or not 0 <= record.created - window.began < self._seconds:
            self._open(template, record.created)
            left_out = self._left_out(window)
            if left_out:
                record.msg = f"{template} ({_left_out_words(left_out)})"
            return True
        window.seen += 1
        if window.seen <= self._most:
            return True
        window.example = window.example or record.getMessage()
        return False

    def rest(self) -> tuple[str, ...]:
        """A sentence for each template of which records were left out since it was last written, with the first."""
        counts = ((window.example, self._left_out(window)) for window in self._windows.values())
        return tuple(f"{_left_out_words(count)}: {example}" for example, count in counts if count)

    def _open(self, template: str, now: float) -> None:
        self._windows.pop(template, None)
        self._windows[template] = _Window(now, seen=1)
        if len(self._windows) > self._MOST_TEMPLATES:
            del self._windows[next(iter(self._windows))]

    def _left_out(self, window: _Window | None) -> int:
        return 0 if window is None else max(0, window.seen - self._most)


def _left_out_words(count: int) -> str:
    return f"{count} more like this {'was' if count == 1 else 'were'} left out"
