"""What was measured, in figures: rounds, results, medians, spreads and ratios."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, unique


@dataclass(frozen=True, slots=True)
class Round:
    """One server driven once: its CPU seconds for *requests* answered in *seconds*; latencies in microseconds."""

    requests: int
    seconds: float
    user: float
    system: float
    p50: float
    p90: float
    p99: float

    @property
    def microseconds(self) -> float:
        """CPU microseconds per request."""
        return (self.user + self.system) * 1e6 / self.requests

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def busy(self) -> float:
        """The part of a core that the server used. Well below 1, the rate is the load's limit, not the server's."""
        return (self.user + self.system) / self.seconds


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some figures, and how far they lie apart: all of them, and the middle half."""

    median: float
    low: float
    high: float
    half: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Raises `statistics.StatisticsError` for no values."""
        ordered = sorted(values)
        median = statistics.median(ordered)
        if len(ordered) == 1:
            return cls(median, median, median, 0.0)
        lower, _, upper = statistics.quantiles(ordered, n=4, method="inclusive")
        return cls(median, ordered[0], ordered[-1], upper - lower)


@unique
class Unit(Enum):
    """What a scenario's figure is; less is better in all of them."""

    CPU = "CPU us/request"
    LATENCY = "p50 us"
    MEMORY = "bytes/connection"
    TIME = "ms"


@dataclass(frozen=True, slots=True)
class Result:
    """A server's figures in a scenario, round by round; *rounds* are what they come from where there was a load."""

    name: str
    version: str
    values: tuple[float, ...]
    rounds: tuple[Round, ...] = ()

    @property
    def spread(self) -> Spread:
        """The figure."""
        return Spread.of(self.values)

    def median(self, name: str) -> float:
        """The median of an attribute of the rounds."""
        return float(statistics.median(getattr(round_, name) for round_ in self.rounds))

    def per_request(self, name: str) -> float:
        """The median of user or system CPU time, in microseconds per request."""
        return float(statistics.median(getattr(round_, name) * 1e6 / round_.requests for round_ in self.rounds))


def ratio(of: Result, to: Result) -> Spread:
    """A figure in terms of another server's, round by round: what slowed both in a round cancels out."""
    if len(of.values) != len(to.values):
        return Spread.of([of.spread.median / to.spread.median])
    return Spread.of(a / b for a, b in zip(of.values, to.values, strict=True))


@dataclass(frozen=True, slots=True)
class Failed:
    """A server without figures, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Table:
    """A scenario's results, in the order of the contenders."""

    scenario: str
    unit: Unit
    results: tuple[Result, ...]
    failed: tuple[Failed, ...] = ()

    def result(self, name: str) -> Result | None:
        """The result of a server."""
        return next((result for result in self.results if result.name == name), None)
