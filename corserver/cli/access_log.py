"""The access log: exchanges are gathered, and given in batches to whoever wants to know of them.

A write for each line costs more than most answers do. So exchanges wait for a moment, and their lines go out together:
in pieces that a pipe takes whole, so that the lines of several workers do not mix.
"""

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Self

import trio

from corserver.http.log import Entry

#: How long an exchange may wait, in seconds, and how many may: giving more of them out at once would hold everybody up.
_WAIT: Final = 0.05
_MOST: Final = 32
#: How much a pipe takes whole, in bytes (PIPE_BUF, pipe(7)).
_PIECE: Final = 4096

logger = logging.getLogger("corserver")

#: What is given the exchanges that have ended, in their order.
Reader = Callable[[Sequence[Entry]], None]


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

    async def _write_batches(self) -> None:
        while True:
            await self._waiting.wait()
            self._waiting = trio.Event()
            await trio.sleep(_WAIT)
            self.give_out()

    def give_out(self) -> None:
        """Give the readers what waits."""
        entries, self._entries = self._entries, []
        if entries:
            for read in self._readers:
                try:
                    read(entries)
                except Exception:  # No line is worth the server.
                    logger.exception("exchanges cannot be logged")


class Lines:
    """A reader that writes a line for each exchange to stdout."""

    def __init__(self, line: Callable[[Entry], str]) -> None:
        self._line = line

    def __call__(self, entries: Sequence[Entry]) -> None:
        lines = [*map(self._line, entries)]
        # A log that nobody reads any more (a closed pipe) is no reason to stop serving.
        with contextlib.suppress(OSError):
            for piece in _pieces(lines):
                sys.stdout.write(piece)
                sys.stdout.flush()


def _pieces(lines: list[str]) -> Iterator[str]:
    """Whole lines, in pieces that a pipe takes whole, as far as a line alone is no longer."""
    text = "\n".join(lines) + "\n"
    if len(text) <= _PIECE or len(lines) == 1:
        yield text
    else:
        middle = len(lines) // 2
        yield from _pieces(lines[:middle])
        yield from _pieces(lines[middle:])
