"""The result as text and as JSON, and held against an earlier one."""

from collections.abc import Iterator
from textwrap import wrap
from typing import Any, Final

from corserver.tools.bench.plan import Scenario
from corserver.tools.bench.result import Result

#: How much slower a run must be than its baseline to be called slower: less is noise on most machines.
TOLERANCE: Final = 0.10


def as_text(result: Result, width: int | None = None) -> str:
    """The result for people; its warnings are wrapped to *width* columns, None for one line each."""
    rows = list(_rows(result))
    column = max(len(label) for label, _ in rows)
    lines = [f"{result.scenario.value} {result.url}", *(f"  {label:<{column}}  {text}" for label, text in rows)]
    for warning in result.warnings:
        lines += [f"  ! {warning}"] if width is None else wrap(warning, width, initial_indent="  ! ", **_HANGING)
    return "\n".join(lines)


#: A command in a warning is one word to whoever pastes it.
_HANGING: Final[dict[str, Any]] = {
    "subsequent_indent": "    ",
    "break_long_words": False,
    "break_on_hyphens": False,
}


def _rows(result: Result) -> Iterator[tuple[str, str]]:
    load = "closed loop" if result.rate is None else f"{result.rate:g} requests/s"
    yield "load", f"{load}, {_count(result.connections, 'connection')}, {_count(result.processes, 'process', 'es')}"
    yield "requests", f"{result.requests} in {result.elapsed:.2f} s"
    yield "throughput", f"{result.throughput:.0f} requests/s"
    if result.seconds:
        least, most = f"{min(result.seconds):.0f}", f"{max(result.seconds):.0f}"
        yield "per second", least if least == most else f"{least} to {most}"
    yield "latency", f"mean {_time(result.mean)}" + ("" if result.rate is None else ", from the planned time")
    yield from ((_percentile(each), _time(value)) for each, value in result.latency.items())
    yield "status", ", ".join(f"{status}: {count}" for status, count in result.statuses.items())
    yield "errors", ", ".join(f"{count} x {kind}" for kind, count in result.errors.items()) or "none"
    yield "client", f"{result.cpu:.0%} of a core, {result.held:.0%} of a request's time"


def as_json(result: Result) -> dict[str, Any]:
    """The result for programs; times are in microseconds."""
    return {
        "url": result.url,
        "scenario": result.scenario.value,
        "connections": result.connections,
        "processes": result.processes,
        "rate": result.rate,
        "seconds": result.elapsed,
        "requests": result.requests,
        "throughput": result.throughput,
        "per_second": list(result.seconds),
        "latency": {_percentile(each): value for each, value in result.latency.items()} | {"mean": result.mean},
        "status": {str(status): count for status, count in result.statuses.items()},
        "errors": dict(result.errors),
        "client_cpu": result.cpu,
        "client_crowd": result.crowd,
        "client_held": result.held,
        "warnings": list(result.warnings),
    }


def baseline_of(found: Any, scenario: Scenario, connections: int, rate: float | None) -> float:
    """The figure to hold a result against, in *found*, which `as_json` once gave: at a given rate it is the latency
    that tells. Raises ValueError for something else, or of another load.
    """
    load = {"scenario": scenario.value, "connections": connections, "rate": rate}
    try:
        for name, here in load.items():
            if found[name] != here:
                raise ValueError(f"it is of another load: {name} is {found[name]}, here {here}")
        return float(found["throughput"] if rate is None else found["latency"]["99%"])
    except (KeyError, TypeError) as error:
        raise ValueError("it is no result of --json") from error


def compare(result: Result, before: float) -> tuple[bool, str]:
    """Whether *result* is slower than its baseline, and a sentence on both."""
    if result.rate is None:
        now, what = result.throughput, "requests/s"
        slower = now < before * (1 - TOLERANCE)
    else:
        now, what = result.latency[99.0], "us at 99%"
        slower = now > before * (1 + TOLERANCE)
    change = (now - before) / before
    verdict = "slower" if slower else "not slower"
    return slower, f"{verdict} than the baseline: {now:.0f} {what}, was {before:.0f} ({change:+.1%})"


def _percentile(value: float) -> str:
    return "max" if value == 100 else f"{value:g}%"


def _time(microseconds: float) -> str:
    if microseconds < 1000:
        return f"{microseconds:.0f} us"
    return f"{microseconds / 1000:.2f} ms" if microseconds < 1e6 else f"{microseconds / 1e6:.2f} s"


def _count(number: int, noun: str, plural: str = "s") -> str:
    return f"{number} {noun}{'' if number == 1 else plural}"
