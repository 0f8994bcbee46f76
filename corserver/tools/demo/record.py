"""What went over the wire, as B's server saw it: the log tells of every exchange, the app of the header lines.

One task serves a connection's requests one after the other, so what the app was given waits in a context variable of
that task until the log tells the rest. Preflights that the server answers by itself are known by their decision.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import trio

from corserver.cors.decision import Decision
from corserver.cors.fetch import Field
from corserver.http.log import Entry
from corserver.http.messages import Request
from corserver.tools.demo.runs import Answered

_asked: ContextVar[tuple[Request, Answered] | None] = ContextVar("asked", default=None)
#: How long a record is waited for that does not get as long as was foretold, in seconds.
PATIENCE: Final = 1.0
#: More than any fetch needs: whoever else asks for the URL does not fill the memory.
_MOST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """One request and its answer. Where the server answered alone, *sent* are the lines that CORS is about."""

    method: str
    target: str
    status: int | None
    sent: tuple[Field, ...]
    received: tuple[Field, ...]
    decision: Decision
    reached_app: bool


class Record:
    """The exchanges of one run, in the order in which they ended."""

    def __init__(self) -> None:
        self._exchanges: list[Exchanged] = []
        self._grown = trio.Event()

    @property
    def exchanges(self) -> tuple[Exchanged, ...]:
        """What there is by now."""
        return tuple(self._exchanges)

    def add(self, entry: Entry) -> None:
        """One more exchange has ended; called from the task that served it."""
        asked = _asked.get()
        _asked.set(None)
        if len(self._exchanges) >= _MOST:
            return
        decision = entry.decision
        self._exchanges.append(
            Exchanged(
                method=entry.method.decode("latin-1"),
                target=entry.target.decode("latin-1"),
                status=entry.status,
                sent=decision.request.fields if asked is None else asked[0].headers.fields,
                received=decision.decorate(() if asked is None else asked[1].headers),
                decision=decision,
                reached_app=asked is not None,
            )
        )
        self._grown.set()
        self._grown = trio.Event()

    async def wait_for(self, count: int) -> tuple[Exchanged, ...]:
        """The exchanges, once there are *count*: the page has its answer a moment before the log knows of it."""
        with trio.move_on_after(PATIENCE):
            while len(self._exchanges) < count:
                await self._grown.wait()
        return self.exchanges


def app_was_asked(request: Request, answered: Answered) -> None:
    """Remember what the app was asked and answers, until the log tells the rest."""
    _asked.set((request, answered))
