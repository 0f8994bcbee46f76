"""What was measured, in figures: medians, spreads and ratios, as a table for people and as JSON."""

import os
import platform
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.cpu import Cores


@dataclass(frozen=True, slots=True)
class Round:
    """One server driven once: *cpu* seconds of the server for *requests* answered in *seconds*."""

    requests: int
    seconds: float
    cpu: float

    @property
    def microseconds(self) -> float:
        """CPU microseconds per request."""
        return self.cpu * 1e6 / self.requests

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def busy(self) -> float:
        """The part of a core that the server used. Well below 1, the rate is the load's limit, not the server's."""
        return self.cpu / self.seconds


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some figures, and how far they lie apart."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Raises `statistics.StatisticsError` for no values."""
        ordered = sorted(values)
        return cls(statistics.median(ordered), ordered[0], ordered[-1])


@dataclass(frozen=True, slots=True)
class Result:
    """A server's rounds, in order."""

    name: str
    version: str
    rounds: tuple[Round, ...]

    @property
    def microseconds(self) -> Spread:
        """CPU microseconds per request."""
        return Spread.of(round_.microseconds for round_ in self.rounds)

    @property
    def rate(self) -> Spread:
        """Requests per second."""
        return Spread.of(round_.rate for round_ in self.rounds)

    @property
    def busy(self) -> float:
        """The median part of a core that was used."""
        return statistics.median(round_.busy for round_ in self.rounds)


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it was measured. *load* is the load average before: what else was running."""

    processor: str
    cores: int
    server_core: int
    load_core: int
    system: str
    python: str
    load: float

    def __str__(self) -> str:
        shared = ", the same for both" if self.server_core == self.load_core else ""
        return (
            f"{self.processor}, {self.cores} cores (server on {self.server_core}, wrk on {self.load_core}{shared}); "
            f"{self.system}; Python {self.python}; load average {self.load:.2f} before"
        )


def describe_machine(cores: Cores) -> Machine:
    """This machine, now."""
    return Machine(
        processor=parse_processor(Path("/proc/cpuinfo").read_text()) or platform.machine(),
        cores=os.cpu_count() or 1,
        server_core=cores.server,
        load_core=cores.load,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        load=os.getloadavg()[0],
    )


def parse_processor(cpuinfo: str) -> str:
    """The processor's name in /proc/cpuinfo, empty where it has none."""
    names = (line.partition(":")[2].strip() for line in cpuinfo.splitlines() if line.startswith("model name"))
    return next(names, "")


def ratio(of: Result, to: Result) -> Spread:
    """CPU time of a request in terms of another server's, round by round: what slowed both in a round cancels out."""
    pairs = zip(of.rounds, to.rounds, strict=True)
    return Spread.of(a.microseconds / b.microseconds for a, b in pairs)


def headings(results: Sequence[Result]) -> tuple[str, ...]:
    """The headings of `rows`."""
    return "server", "CPU us/request", "spread", f"x {results[0].name}", "requests/s", "spread", "core busy"


def rows(results: Sequence[Result]) -> list[tuple[str, ...]]:
    """A row of text for each server, the ratio being to the first."""
    return [
        (
            result.name,
            f"{result.microseconds.median:.1f}",
            f"{result.microseconds.low:.1f}-{result.microseconds.high:.1f}",
            f"{ratio(result, results[0]).median:.3g}",
            f"{result.rate.median:.0f}",
            f"{result.rate.low:.0f}-{result.rate.high:.0f}",
            f"{result.busy:.0%}",
        )
        for result in results
    ]


def table(results: Sequence[Result]) -> str:
    """The rows under their headings, aligned, as Markdown: the first column to the left, figures to the right."""
    heading, body = headings(results), rows(results)
    widths = [max(map(len, column)) for column in zip(heading, *body, strict=True)]
    rule = [f"{'-' * widths[0]}", *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    lines = []
    for row in (heading, rule, *body):
        first, *rest = row
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def as_json(machine: Machine, results: Sequence[Result], options: dict[str, Any]) -> dict[str, Any]:
    """All of it, each round included."""
    servers = [
        {
            "name": result.name,
            "version": result.version,
            "cpu_microseconds_per_request": asdict(result.microseconds),
            "requests_per_second": asdict(result.rate),
            "ratio": asdict(ratio(result, results[0])),
            "rounds": [asdict(round_) for round_ in result.rounds],
        }
        for result in results
    ]
    return {"machine": asdict(machine), "options": options, "compared_with": results[0].name, "servers": servers}
