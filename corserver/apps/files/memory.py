"""Memory: representations of files that were asked for of late, so that they are answered without a thread.

Rules:

1. What is remembered was found, opened and judged by `lookup` in a thread, within the last second. Within it a `stat`
   says on the spot whether the name still means the same file in the same state: no answer is out of date. A name that
   means another file is looked up from the start, so that a link that is turned to the outside shows nothing.
2. That `stat` follows one of less than a second ago, so that the system has the answer in its memory, on nearly every
   disk of this machine. Where it still took long, the clock alone is asked for a while: others are not kept waiting,
   and files may be a second old. So it is from the start where a disk is not of this machine: see `mounts`.
3. A file that was changed in the last moment is not remembered: another change may leave it the same times.
4. Entries and bytes are bounded. The place that was confirmed longest ago goes first.
5. Before what is asked for again and again is out of date, one request has it looked up, and the others do not wait.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from corserver.apps.files.descriptors import Descriptors
from corserver.apps.files.representations import FileState, Representation
from corserver.apps.files.validators import SETTLED_NS
from corserver.http.fileslice import OpenFile

#: A path's segments, and whether a slash ends it.
Key = tuple[tuple[str, ...], bool]
#: The codings that the client prefers; none where a file is the same for all.
Codings = tuple[str, ...]

#: How long what was looked up is good for, in seconds.
FRESH: Final = 1.0
#: How long nobody looks it up again, in seconds.
_NEW: Final = 0.5
#: A `stat` that took longer than this did wait for a disk, or for the processor; in seconds.
_SLOW: Final = 0.005
#: How long the clock alone is asked then, in seconds.
_DOUBT: Final = 10.0
#: What a representation costs beside its content, in bytes, about.
_OVERHEAD: Final = 3000


@dataclass(slots=True)
class Known:
    """A representation, until when it is good for (see rule 1), and from when on it is looked up again (rule 5)."""

    found: Representation
    until: float
    renewed_from: float


@dataclass(slots=True)
class Place:
    """What is remembered of one path, by the codings that the client prefers where it *varies* by them."""

    varies: bool
    known: dict[Codings, Known] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return sum(len(each.found.content or b"") + _OVERHEAD for each in self.known.values())


class Memory:
    """The representations of files below *root* that are worth remembering, at most *places* and *size* bytes."""

    def __init__(
        self,
        root: bytes,
        *,
        places: int = 1024,
        size: int = 32 * 1024 * 1024,
        settled_ns: int = SETTLED_NS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._clock = clock
        self._settled_ns = settled_ns
        self._places: dict[Key, Place] = {}
        self._max_places, self._max_size, self._size = places, size, 0
        self._in_doubt_until = 0.0
        self._descriptors = Descriptors()

    def recall(self, key: Key, codings: Codings) -> Representation | None:
        """The representation to answer with, or None where it has to be looked up."""
        place = self._places.get(key)
        if place is None:
            return None
        known = place.known.get(codings if place.varies else ())
        now = self._clock()
        if known is None or now >= known.until:
            return None
        if now >= known.renewed_from:
            known.renewed_from = known.until
            return None
        found = known.found
        if not found.near or now < self._in_doubt_until:
            return found
        try:
            stat = os.stat(self._root + b"/" + found.name)
        except OSError:
            return None
        if self._clock() - now > _SLOW:
            self._in_doubt_until = now + _DOUBT
        state = found.state
        # Field by field: this is on the way of every answer, and making a FileState costs more than the rest.
        if (
            stat.st_ino == state.inode
            and stat.st_mtime_ns == state.modified_ns
            and stat.st_ctime_ns == state.changed_ns
            and stat.st_size == state.size
            and stat.st_dev == state.device
        ):
            return found
        return None

    def open_file(self, found: Representation) -> OpenFile | None:
        """The file of what was recalled just now, open, None where it has to be looked up. It is borrowed.

        That is where the name means another file already, or where opening one may take its time. Where its content is
        remembered, none that is held gives way to it.
        """
        file = self._descriptors.of(found)
        if file is not None:
            return file
        if not found.near or self._clock() < self._in_doubt_until:
            return None
        if found.content is not None and self._descriptors.is_full:
            return None
        try:
            fd = os.open(self._root + b"/" + found.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            if FileState.of(os.fstat(fd)) != found.state:
                return None
            self._descriptors.hold(found, OpenFile(fd))
        finally:
            os.close(fd)
        return self._descriptors.of(found)

    def known(self, key: Key, codings: Codings) -> Representation | None:
        """What was remembered, however old: whoever looks the file up may find it unchanged."""
        place = self._places.get(key)
        known = None if place is None else place.known.get(codings if place.varies else ())
        return None if known is None else known.found

    def keep(self, key: Key, codings: Codings, found: Representation, file: OpenFile | None = None) -> None:
        """Remember *found*, which was looked up just now. Owns *file*, which is open, in the caller's place."""
        place = self._places.pop(key, None)
        if place is not None:
            self._size -= place.size
        if not self._has_settled(found.state):
            if file is not None:
                file.close()
            return
        if place is None or place.varies != found.varies:
            place = Place(found.varies)
        now = self._clock()
        place.known[codings if found.varies else ()] = Known(found, now + FRESH, now + _NEW)
        self._places[key] = place
        self._size += place.size
        self._make_room()
        if file is not None:
            self._descriptors.hold(found, file)

    def _make_room(self) -> None:
        while self._places and (len(self._places) > self._max_places or self._size > self._max_size):
            self._size -= self._places.pop(next(iter(self._places))).size

    def _has_settled(self, state: FileState) -> bool:
        return time.time_ns() - max(state.modified_ns, state.changed_ns) >= self._settled_ns
