"""The access log: exchanges are gathered, and given in batches to whoever wants to know of them.

A write for each line costs more than most answers do. So exchanges wait for a moment, and their lines go out together:
in pieces that a pipe takes whole, so that the lines of several workers do not mix.

A reader of the log who stalls is no reason not to serve: while a pipe is full, lines wait, up to a bound, and those
beyond it are counted.
"""

import contextlib
import logging
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Self

import trio

from corserver.cli.output.room import PIECE, has_room
from corserver.http.log import Entry

#: How long an exchange may wait, in seconds, and how many may: giving more of them out at once would hold everybody up.
_WAIT: Final = 0.05
_MOST: Final = 32
#: How much may wait for whoever reads the log, in characters, and for how long in the end, in seconds.
_MOST_BEHIND: Final = 1024 * 1024
_PATIENCE: Final = 1.0

logger = logging.getLogger("corserver")

#: What is given the exchanges that have ended, in their order. Says True where it is to be called again soon, also with
#: none.
Reader = Callable[[Sequence[Entry]], bool | None]


class AccessLog:
    """What `serve` calls after every exchange. Entered as a context manager it gives them in batches, else at once.

    What is below the *hidden* paths is nobody's business.
    """

    def __init__(self, *readers: Reader, hidden: tuple[bytes, ...] = ()) -> None:
        self._readers = readers
        self._hidden = hidden
        self._entries: list[Entry] = []
        #: How many may wait: none where nobody sees to them.
        self._most = 1
        self._waiting = trio.Event()
        self._is_behind = False
        self._stack = contextlib.AsyncExitStack()

    def __call__(self, entry: Entry) -> None:
        if self._hidden and entry.target.startswith(self._hidden):
            return
        entries = self._entries
        entries.append(entry)
        if len(entries) >= self._most:
            self.give_out()
        elif len(entries) == 1:
            self._waiting.set()

    async def __aenter__(self) -> Self:
        nursery = await self._stack.enter_async_context(trio.open_nursery())
        self._most = _MOST
        nursery.start_soon(self._write_batches)
        self._stack.callback(nursery.cancel_scope.cancel)
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        self._most = 1
        await self._stack.aclose()
        self.give_out()
        with trio.CancelScope(deadline=trio.current_time() + _PATIENCE, shield=True) as patience:
            while self._is_behind:
                await trio.sleep(_WAIT)
                self.give_out()
        if patience.cancelled_caught:
            logger.warning("the last lines of the log were not written: nobody reads it")

    async def _write_batches(self) -> None:
        while True:
            await self._waiting.wait()
            self._waiting = trio.Event()
            await trio.sleep(_WAIT)
            self.give_out()

    def give_out(self) -> None:
        """Give the readers what waits."""
        entries, self._entries = self._entries, []
        if not (entries or self._is_behind):
            return
        self._is_behind = False
        for read in self._readers:
            try:
                self._is_behind |= bool(read(entries))
            except Exception:  # No line is worth the server.
                logger.exception("exchanges cannot be logged")
        if self._is_behind:
            self._waiting.set()


class Lines:
    """A reader that writes a line for each exchange to stdout, when there is room."""

    def __init__(self, line: Callable[[Entry], str]) -> None:
        self._line = line
        #: What waits for room, and how much that is; how many lines did not get there.
        self._behind: deque[str] = deque()
        self._size = 0
        self._lost = 0

    def __call__(self, entries: Sequence[Entry]) -> bool:
        if self._size < _MOST_BEHIND:
            pieces = [*_pieces([*map(self._line, entries)])]
            self._behind.extend(pieces)
            self._size += sum(map(len, pieces))
        else:
            self._lost += len(entries)
        # A log that nobody reads any more (a closed pipe) is no reason to stop serving.
        with contextlib.suppress(OSError):
            while self._behind and has_room(sys.stdout):
                piece = self._behind.popleft()
                self._size -= len(piece)
                sys.stdout.write(piece)
                sys.stdout.flush()
        if self._lost and not self._behind:
            logger.warning("%d lines of the log were not written: whoever reads it is slow", self._lost)
            self._lost = 0
        return bool(self._behind)


def _pieces(lines: list[str]) -> Iterator[str]:
    """Lines, in pieces that a pipe takes whole. None is divided that is no longer than a piece."""
    text = "\n".join(lines) + "\n" if lines else ""
    if len(text) <= PIECE or len(lines) == 1:
        yield from (text[start : start + PIECE] for start in range(0, len(text), PIECE))
    else:
        middle = len(lines) // 2
        yield from _pieces(lines[:middle])
        yield from _pieces(lines[middle:])
