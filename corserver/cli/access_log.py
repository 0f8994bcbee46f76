"""The access log: exchanges are gathered, and given in batches to whoever wants to know of them.

A write for each line costs more than most answers do. So exchanges wait for a moment, and their lines go out together:
in pieces that a pipe takes whole, so that the lines of several workers do not mix.
"""

import contextlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import trio

from corserver.http.log import Entry

#: How long an exchange may wait, in seconds; and how much a pipe takes whole, in bytes (PIPE_BUF, pipe(7)).
_WAIT: Final = 0.05
_PIECE: Final = 4096

Self = TypeVar("Self", bound="AccessLog")
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
        self._more: trio.Event | None = None
        self._stack = contextlib.AsyncExitStack()

    def __call__(self, entry: Entry) -> None:
        if self._hidden and entry.target.startswith(self._hidden):
            return
        self._entries.append(entry)
        if self._more is None:
            self.give_out()
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
        self.give_out()

    async def _write_batches(self) -> None:
        while self._more is not None:
            await self._more.wait()
            self._more = trio.Event()
            await trio.sleep(_WAIT)
            self.give_out()

    def give_out(self) -> None:
        """Give the readers what waits."""
        entries, self._entries = self._entries, []
        if entries:
            for read in self._readers:
                read(entries)


class Lines:
    """A reader that writes a line for each exchange to stdout."""

    def __init__(self, line: Callable[[Entry], str]) -> None:
        self._line = line

    def __call__(self, entries: Sequence[Entry]) -> None:
        piece: list[str] = []
        size = 0
        # A log that nobody reads any more (a closed pipe) is no reason to stop serving.
        with contextlib.suppress(OSError):
            for line in map(self._line, entries):
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
