"""What has changed so far, for streams that wait for more."""

import secrets
from enum import Enum

import trio


class Change(Enum):
    """What a page is to do."""

    #: Fetch its styles again.
    STYLE = "style"
    #: Reload.
    RELOAD = "reload"


class Changes:
    """Counts changes. A *state* is a name of what there was at a moment: another one in each run of a server."""

    def __init__(self) -> None:
        self._run = secrets.token_hex(4)
        self._count = 0
        self._last_reload = 0
        self._more = trio.Event()
        self.has_ended = False

    @property
    def state(self) -> str:
        """The name of what there is now."""
        return f"{self._run}-{self._count}"

    @property
    def count(self) -> int:
        """How many there were."""
        return self._count

    def tell(self, change: Change) -> None:
        """Something has changed."""
        self._count += 1
        if change is Change.RELOAD:
            self._last_reload = self._count
        self._wake()

    def end(self) -> None:
        """There is no more to come."""
        self.has_ended = True
        self._wake()

    def since(self, count: int) -> Change | None:
        """What to do about all that came after the first *count* changes."""
        if count == self._count:
            return None
        return Change.RELOAD if count < self._last_reload else Change.STYLE

    async def wait(self) -> None:
        """Wait until there is one more, or the end."""
        if not self.has_ended:
            await self._more.wait()

    def _wake(self) -> None:
        self._more.set()
        self._more = trio.Event()
