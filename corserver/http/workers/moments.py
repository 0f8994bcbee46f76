"""What a supervisor tells, how it fails, and what its workers run."""

import socket
from collections.abc import Sequence
from enum import Enum, unique
from typing import Protocol

import trio

from corserver.http.server import Server


@unique
class Moment(Enum):
    """What the supervisor tells, each with a number."""

    #: All workers serve; how many.
    STARTED = "started"
    #: All workers were replaced, and the new ones alone accept connections; how many.
    REPLACED = "replaced"
    #: It takes a while to stop; how many connections there are still.
    STOPPING = "stopping"


class WorkersFailed(Exception):
    """A worker ended before the server had started."""


class ServeOn(Protocol):
    """What a worker runs: `serve` with everything but these two arguments."""

    async def __call__(self, *, listeners: Sequence[socket.socket], task_status: trio.TaskStatus[Server]) -> None:
        """Serve on *listeners* until cancelled or stopped."""
