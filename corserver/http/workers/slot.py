"""A worker's place: the sockets that it listens on, who has it, and who is to take it."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from corserver.http.workers.process import Process


@dataclass(slots=True, eq=False)
class Slot:
    """One of the places of a supervisor."""

    listeners: Sequence[socket.socket]
    worker: Process | None = None
    #: What takes the worker's place once it serves.
    successor: Process | None = None
    #: How many workers in a row did not live, and when to try again.
    failures: int = 0
    start_at: float = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether nobody has it."""
        return self.worker is None and self.successor is None

    def give_up_start(self) -> Process | None:
        """Whoever does not serve yet, and perhaps never will, makes room for who has what is new."""
        starting = None
        if self.successor is not None:
            starting, self.successor = self.successor, None
        elif self.worker is not None and self.worker.serving_since is None:
            starting, self.worker = self.worker, None
        return starting
