"""What is asked for: the load, as a value that can be handed to another process."""

from dataclasses import dataclass, replace
from enum import Enum, unique


class BenchError(Exception):
    """What keeps a figure from being had, or from being worth anything: a sentence for people, and what to do."""


@unique
class Scenario(Enum):
    """What is sent, again and again."""

    #: a preflight that the server must allow
    PREFLIGHT_ALLOWED = "preflight-allowed"
    #: a preflight that the server must deny
    PREFLIGHT_DENIED = "preflight-denied"
    #: the request itself, with an Origin
    GET = "get"
    #: a preflight that the server must allow, each on a connection of its own
    CONNECT = "connect"

    @property
    def is_preflight(self) -> bool:
        return self is not Scenario.GET


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The load on one address.

    *request* are the bytes to send. With *rate*, in requests a second, they are sent at planned times, and a latency
    counts from there; without it each connection has one request under way all the time. It ends after *duration*
    seconds, or *requests* answers, if that is given.
    """

    host: str
    port: int
    request: bytes
    connections: int = 32
    duration: float = 10.0
    requests: int | None = None
    rate: float | None = None
    reconnects: bool = False
    #: what every answer must have
    status: int = 204

    def expecting(self, status: int) -> "Plan":
        """The plan, for a server whose right answers have *status*."""
        return replace(self, status=status)

    def shares(self, processes: int) -> "tuple[Plan, ...]":
        """The plan in as many parts, none without a connection."""
        count = max(1, min(processes, self.connections))
        return tuple(
            replace(
                self,
                connections=_part(self.connections, count, index),
                requests=None if self.requests is None else _part(self.requests, count, index),
                rate=None if self.rate is None else self.rate / count,
            )
            for index in range(count)
        )


def _part(whole: int, count: int, index: int) -> int:
    return whole // count + (index < whole % count)
