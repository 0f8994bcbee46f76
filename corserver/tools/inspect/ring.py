"""The exchanges of late: so many are kept, numbered from 1, and whoever waits is told that there are more."""

from collections import deque
from collections.abc import Sequence
from typing import Final

import trio

from corserver.http.log import Entry

#: How many are kept.
KEPT: Final = 500


class Ring:
    """Takes exchanges in, and gives those out that came after a number."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[Entry] = deque(maxlen=kept)
        self._more = trio.Event()
        #: How many there were.
        self.count = 0
        self.has_ended = False

    def __call__(self, entries: Sequence[Entry]) -> None:
        self._entries.extend(entries)
        self.count += len(entries)
        self._wake()

    def end(self) -> None:
        """There will be no more."""
        self.has_ended = True
        self._wake()

    def after(self, number: int) -> list[tuple[int, Entry]]:
        """What came after *number*, as far as it is kept."""
        first = self.count - len(self._entries) + 1
        skipped = max(0, number + 1 - first)
        return [(first + at, entry) for at, entry in enumerate(self._entries) if at >= skipped]

    def get(self, number: int) -> Entry | None:
        """The exchange of *number*, None if it is not there, or not any more."""
        at = number - (self.count - len(self._entries) + 1)
        return self._entries[at] if 0 <= at < len(self._entries) else None

    async def wait(self) -> None:
        """Wait until there are more, or the end."""
        if not self.has_ended:
            await self._more.wait()

    def _wake(self) -> None:
        self._more.set()
        self._more = trio.Event()
