"""The outbox: short answers that go out together, so that a client of many connections is not woken by each.

Those that a batch of visitors is answered with go out once all of the batch have been begun with; those of handlers
that had to wait, once the tasks that run now have run.
"""

from typing import Protocol

import trio

from corserver.http.visitor import WAITING, Visitor


class Host(Protocol):
    """What it needs of the lobby."""

    def dismiss(self, visitor: Visitor) -> None:
        """It has left."""

    def call(self, visitor: Visitor) -> None:
        """It did not take all that is owed to it."""


class Outbox:
    """Sends what is owed to the visitors of *host*."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._visitors: list[Visitor] = []
        #: The task that empties it, while it waits.
        self._carrier: trio.lowlevel.Task | None = None

    def put(self, visitor: Visitor) -> None:
        """Send what is owed to *visitor* the next time."""
        if not visitor.is_posted:
            visitor.is_posted = True
            self._visitors.append(visitor)

    def wake(self) -> None:
        """Have it emptied once the tasks that run now have run."""
        if self._carrier is not None:
            trio.lowlevel.reschedule(self._carrier)
            self._carrier = None

    async def deliver(self) -> None:
        """Empty it whenever woken, until cancelled."""
        while True:
            self._carrier = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(self._stop_delivering)
            self.empty()

    def empty(self) -> None:
        """Send now."""
        if not self._visitors:
            return
        visitors, self._visitors = self._visitors, []
        now = trio.current_time()
        for visitor in visitors:
            visitor.is_posted = False
            visitor.since = now
            try:
                if visitor.owed:
                    visitor.push()
            except OSError:  # It has left.
                self._host.dismiss(visitor)
            if visitor.owed and visitor.state is WAITING:
                self._host.call(visitor)

    def _stop_delivering(self, raise_cancel: object) -> trio.lowlevel.Abort:
        self._carrier = None
        return trio.lowlevel.Abort.SUCCEEDED
