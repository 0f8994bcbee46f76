"""Results as tables for people, in aligned Markdown."""

from collections.abc import Sequence

from bench.figures import Result, Table, Unit, ratio
from bench.scenarios import Scenario
from bench.targets import SUBJECT, judge, subject_of

_CPU_HEADINGS = ("user", "system", "requests/s", "core busy")
_LATENCY_HEADINGS = ("p50 us", "p90 us", "p99 us")


def headings(table: Table) -> tuple[str, ...]:
    """The headings of `rows`."""
    first = ("server", table.unit.value, "spread", f"{SUBJECT} is", "target", "")
    if table.unit is Unit.CPU:
        return (*first, *_CPU_HEADINGS, *_LATENCY_HEADINGS)
    return (*first, "p90 us", "p99 us") if table.unit is Unit.LATENCY else first


def rows(table: Table, scenario: Scenario) -> list[tuple[str, ...]]:
    """A row of text for each server; the ratio is what corserver costs in terms of it, which the target limits."""
    return [
        (
            result.name,
            _figure(result.spread.median),
            f"{_figure(result.spread.low)}-{_figure(result.spread.high)}",
            _ratio(result, table),
            *_target(result.name, table, scenario),
            *_details(result, table.unit),
        )
        for result in table.results
    ]


def _figure(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.1f}"


def _ratio(result: Result, table: Table) -> str:
    subject = subject_of(table)
    if subject is None or result is subject:
        return ""
    try:
        return f"{ratio(subject, result).median:.3g} x"
    except ZeroDivisionError:
        return ""


def _target(name: str, table: Table, scenario: Scenario) -> tuple[str, str]:
    for target in scenario.targets:
        if name == (target.peer or SUBJECT):
            return str(target), judge(target, table).value
    return "", ""


def _details(result: Result, unit: Unit) -> tuple[str, ...]:
    if unit is Unit.LATENCY:
        return tuple(f"{result.median(name):.0f}" for name in ("p90", "p99"))
    if unit is not Unit.CPU:
        return ()
    return (
        f"{result.per_request('user'):.1f}",
        f"{result.per_request('system'):.1f}",
        f"{result.median('rate'):.0f}",
        f"{result.median('busy'):.0%}",
        *(f"{result.median(name):.0f}" for name in ("p50", "p90", "p99")),
    )


def table_text(table: Table, scenario: Scenario) -> str:
    """A scenario: what it is, its rows, and who failed and why."""
    lines = [f"### {scenario.name}: {scenario.says}", ""]
    if table.results:
        lines += aligned(headings(table), rows(table, scenario))
    lines += [f"{failed.name} failed: {failed.why}" for failed in table.failed]
    return "\n".join(lines)


def aligned(heading: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Rows under their headings as Markdown: the first column to the left, figures to the right."""
    widths = [max(2, *map(len, column)) for column in zip(heading, *body, strict=True)]
    rule = [f"{'-' * widths[0]}", *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    lines = []
    for row in (heading, rule, *body):
        first, *rest = row
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def versions(tables: Sequence[Table]) -> list[str]:
    """A line for each server that was measured."""
    found = {result.name: result.version for table in tables for result in table.results}
    return [f"{name}: {version}" for name, version in found.items()]
