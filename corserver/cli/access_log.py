"""The access log on stdout: a line for each exchange, gathered and written in batches.

A write for each line costs more than most answers do. So lines wait for a moment, and go out together: in pieces that a
pipe takes whole, so that the lines of several workers do not mix.
"""

import contextlib
import functools
import sys
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import trio

from corserver.cli import terminal
from corserver.cors.decision import Decision
from corserver.http.log import Entry, cors_words, request_words

#: How long a line may wait, in seconds; and how much a pipe takes whole, in bytes (PIPE_BUF, pipe(7)).
_WAIT: Final = 0.05
_PIECE: Final = 4096
#: How many decisions' words are remembered.
_DECISIONS: Final = 512

Self = TypeVar("Self", bound="AccessLog")


class AccessLog:
    """What `serve` calls after every exchange. Entered as a context manager it writes in batches, else at once."""

    def __init__(self, line: Callable[[Entry], str]) -> None:
        self._line = line
        self._lines: list[str] = []
        self._more: trio.Event | None = None
        self._stack = contextlib.AsyncExitStack()

    def __call__(self, entry: Entry) -> None:
        self._lines.append(self._line(entry))
        if self._more is None:
            self.write_out()
        else:
            self._more.set()

    async def __aenter__(self: Self) -> Self:
        nursery = await self._stack.enter_async_context(trio.open_nursery())
        self._more = trio.Event()
        nursery.start_soon(self._write_batches)
        self._stack.callback(nursery.cancel_scope.cancel)
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        self._more = None
        await self._stack.aclose()
        self.write_out()

    async def _write_batches(self) -> None:
        while self._more is not None:
            await self._more.wait()
            self._more = trio.Event()
            await trio.sleep(_WAIT)
            self.write_out()

    def write_out(self) -> None:
        """Write what waits."""
        lines, self._lines = self._lines, []
        piece: list[str] = []
        size = 0
        # A log that nobody reads any more (a closed pipe) is no reason to stop serving.
        with contextlib.suppress(OSError):
            for line in lines:
                if size + len(line) >= _PIECE and piece:
                    _write(piece)
                    piece, size = [], 0
                piece.append(line)
                size += len(line) + 1
            if piece:
                _write(piece)


def _write(lines: list[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


class TextLines:
    """Makes the lines for people: the time of day, the request, the status, and what CORS did; coloured or not."""

    def __init__(self, *, coloured: bool) -> None:
        self._coloured = coloured
        self._words: dict[int, tuple[Decision, str]] = {}
        self._clock = functools.lru_cache(maxsize=1)(self._clock_of)
        self._status = functools.lru_cache(maxsize=64)(self._status_of)

    def __call__(self, entry: Entry) -> str:
        """The line of *entry*."""
        words = self._words_of(entry.decision)
        if entry.failure:
            cut = self._style(f"cut short: {entry.failure}", "red")
            words = f"{words} {cut}" if words else cut
        line = f"{self._clock(int(entry.time))} {request_words(entry)} {self._status(entry.status)}"
        return f"{line} {words}" if words else line

    def _words_of(self, decision: Decision) -> str:
        # The server takes the same decision again and again, and keeps it: so do we, by its identity.
        known = self._words.get(id(decision))
        if known is None:
            words = cors_words(decision)
            known = decision, self._style(words, "red" if " denied " in words else None)
            if len(self._words) >= _DECISIONS:
                self._words.clear()
            self._words[id(decision)] = known
        return known[1]

    def _clock_of(self, second: int) -> str:
        return self._style(time.strftime("%H:%M:%S", time.localtime(second)), "dim")

    def _status_of(self, status: int | None) -> str:
        text = str(status or "-")
        return self._style(text, terminal.STATUS_COLOURS.get(text[:1]))

    def _style(self, text: str, look: str | None) -> str:
        if not self._coloured or look is None:
            return text
        return terminal.style(text, dim=True) if look == "dim" else terminal.style(text, fg=look)
