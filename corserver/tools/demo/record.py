"""What went over the wire, as B's server saw it: what its log tells of each exchange, both heads among it."""

from typing import Final

import trio

from corserver.http.log import Entry

#: How long a record is waited for that does not get as long as was foretold, in seconds.
PATIENCE: Final = 1.0
#: More than any fetch needs: whoever else asks for the URL does not fill the memory.
_MOST: Final = 50


class Record:
    """The exchanges of one run, in the order in which they ended."""

    def __init__(self) -> None:
        self._exchanges: list[Entry] = []
        self._grown = trio.Event()

    def add(self, entry: Entry) -> None:
        """One more exchange has ended."""
        if len(self._exchanges) < _MOST:
            self._exchanges.append(entry)
            self._grown.set()
            self._grown = trio.Event()

    async def wait_for(self, count: int) -> tuple[Entry, ...]:
        """The exchanges, once there are *count*: the page has its answer a moment before the log knows of it."""
        with trio.move_on_after(PATIENCE):
            while len(self._exchanges) < count:
                await self._grown.wait()
        return tuple(self._exchanges)


def asked_line(entry: Entry) -> str:
    """Method and target, as the line of a `Sending`."""
    return f"{entry.method.decode('latin-1')} {entry.target.decode('latin-1')}"
