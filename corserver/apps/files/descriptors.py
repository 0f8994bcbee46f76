"""Descriptors: large files that are asked for again and again stay open meanwhile, so that the kernel sends them.

Rules:

1. A descriptor is held of a representation, and shared out while `memory` says that its name means that file still.
   Held open, a file's inode is given to no other, so that the same state is the same file.
2. All that is held is let go of within a second, also of files that are asked for still: they are opened again. So
   nothing that was removed keeps its place on the disk, no disk stays busy, and nothing is open when all has ended.
3. They are few: descriptors are what limits the number of connections.
4. Whoever sends a file owns it too, so that letting go of it closes it under nobody.
"""

from typing import Final

import trio

from corserver.apps.files.representations import Representation
from corserver.http.fileslice import OpenFile

#: For how long files are held, in seconds.
_SECONDS: Final = 1.0


class Descriptors:
    """At most *most* open files, of which the one held first is let go of first."""

    def __init__(self, most: int = 32) -> None:
        self._most = most
        #: By the representation's identity.
        self._held: dict[int, tuple[Representation, OpenFile]] = {}
        self._is_closing = False

    def __len__(self) -> int:
        return len(self._held)

    @property
    def is_full(self) -> bool:
        """Whether one has to be let go of before another is held."""
        return len(self._held) >= self._most

    def of(self, found: Representation) -> OpenFile | None:
        """The open file of *found*, if it is held, for as long as whoever asks goes on without waiting."""
        held = self._held.get(id(found))
        return None if held is None else held[1]

    def hold(self, found: Representation, file: OpenFile) -> None:
        """Own *file*, which is that of *found*, in the caller's place. To be called where trio runs."""
        self._let_go(id(found))
        self._held[id(found)] = found, file
        while len(self._held) > self._most:
            self._let_go(next(iter(self._held)))
        if not self._is_closing:
            self._is_closing = True
            trio.lowlevel.spawn_system_task(self._close_in_time)

    def _let_go(self, key: int) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            held[1].close()

    async def _close_in_time(self) -> None:
        # A task of the system's: it ends with the run, if not before.
        try:
            await trio.sleep(_SECONDS)
        finally:
            self._is_closing = False
            for key in tuple(self._held):
                self._let_go(key)
