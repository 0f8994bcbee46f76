"""What came of a load: each process's share, and all of them together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from corserver.tools.bench.plan import BenchError, Scenario

#: From this share of a core on, the client may be what limits the figures. One that is woken for every single answer of
#: a slower server uses three quarters, and does not.
BUSY: Final = 0.9
#: So it may from this part of its other connections on that wait for it, too: on a machine that others use a client
#: gets no whole core to be busy on, but its answers still queue. A server that answers in bursts makes some wait, too.
CROWDED: Final = 0.3
#: And from this part of a request's time on that goes by in the client: with few connections nobody is busy, and the
#: figures are those of the two taking turns.
HELD: Final = 0.2
#: With so many connections a process always has something to do while the server answers.
_MANY: Final = 16
PERCENTILES: Final = (50.0, 75.0, 90.0, 99.0, 99.9, 100.0)
_MAX_LATENCY: Final = 3600 * 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One process's part. *latencies* maps microseconds to how many answers took them; *cpu* is in seconds.

    *crowd* is which part of its other connections had an answer waiting, too, whenever it looked and one had.
    """

    elapsed: float
    cpu: float
    latencies: Mapping[int, int]
    statuses: Mapping[int, int]
    errors: Mapping[str, int]
    seconds: tuple[float, ...]
    planned: int
    crowd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The whole. *seconds* are the answers of each whole second; *latency* maps percentiles to microseconds."""

    url: str
    scenario: Scenario
    connections: int
    processes: int
    rate: float | None
    elapsed: float
    requests: int
    statuses: Mapping[int, int]
    errors: Mapping[str, int]
    seconds: tuple[float, ...]
    latency: Mapping[float, float]
    mean: float
    #: the busiest process's share of a core
    cpu: float
    planned: int
    #: see `Share`
    crowd: float = 0.0
    warnings: tuple[str, ...] = field(default=())

    @property
    def throughput(self) -> float:
        """Answers a second."""
        return self.requests / self.elapsed

    @property
    def held(self) -> float:
        """Which part of a request's time it is with the client: it, and those that wait behind it, of all (Little)."""
        each = max(self.connections / self.processes, 1)
        return min(self.cpu * (1 + self.crowd * (each - 1)) / each, 1.0)


def gather(
    url: str, scenario: Scenario, connections: int, rate: float | None, shares: Sequence[Share], cores: int
) -> Result:
    """The result of all *shares*, on a machine of so many *cores*. Raises `BenchError` where not one answer came."""
    latencies = sum((Counter(share.latencies) for share in shares), Counter[int]())
    errors = sum((Counter(share.errors) for share in shares), Counter[str]())
    statuses = sum((Counter(share.statuses) for share in shares), Counter[int]())
    if not latencies:
        told = ", ".join(f"{count} x {words}" for words, count in errors.most_common(3)) or "none came in time"
        raise BenchError(f"not one right answer came: {told}")
    histogram = _histogram(latencies)
    seconds = zip(*(share.seconds for share in shares), strict=False)
    result = Result(
        url=url,
        scenario=scenario,
        connections=connections,
        processes=len(shares),
        rate=rate,
        elapsed=max(share.elapsed for share in shares),
        requests=sum(latencies.values()),
        statuses=dict(sorted(statuses.items())),
        errors=dict(errors.most_common()),
        seconds=tuple(sum(second) for second in seconds),
        latency={each: float(histogram.get_value_at_percentile(each)) for each in PERCENTILES},
        mean=float(histogram.get_mean_value()),
        cpu=max(share.cpu / share.elapsed for share in shares),
        planned=sum(share.planned for share in shares),
        crowd=max(share.crowd for share in shares),
    )
    return _warned(result, cores)


def _histogram(latencies: Mapping[int, int]) -> Any:
    try:
        from hdrh.histogram import HdrHistogram
    except ImportError as error:
        raise BenchError("percentiles need HdrHistogram: pip install 'corserver[all]'") from error
    histogram = HdrHistogram(1, _MAX_LATENCY, 3)
    for microseconds, count in latencies.items():
        histogram.record_value(min(max(microseconds, 1), _MAX_LATENCY), count)
    return histogram


def _warned(result: Result, cores: int) -> Result:
    warnings = []
    is_limit = result.cpu >= BUSY
    if result.rate is None:  # else who waits is a matter of the plan
        is_limit = is_limit or result.crowd >= CROWDED or result.held >= HELD
    if is_limit:
        tries = ["--emit wrk"]
        if result.processes + 1 < cores and result.processes < result.connections:
            tries.insert(0, f"--processes {result.processes + 1}")
        if result.connections < _MANY:
            tries.insert(0, f"-c {2 * _MANY}")
        warnings.append(
            f"the client is the limit: it used {result.cpu:.0%} of a core and {result.held:.0%} of a request's time, "
            f"and {result.crowd:.0%} of its other connections had an answer waiting. The server may do more: try "
            f"{' or '.join(tries)}"
        )
    if result.rate is not None and result.requests < 0.99 * result.planned:
        warnings.append(f"the rate was not kept: of {result.planned} planned requests {result.requests} were answered")
    if sum(result.errors.values()):
        warnings.append("some answers were wrong or missing: the figures are of the right ones only")
    return replace(result, warnings=tuple(warnings))
