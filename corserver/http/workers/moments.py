"""What a supervisor tells, and how it fails."""

from enum import Enum, unique


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
