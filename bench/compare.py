"""A run against an older one: whether corserver became slower by more than the noise.

What is compared is the ratio to a peer that both runs have, nginx if they do, so that the speed of the machine cancels
out. The noise is the middle half of the ratios of both runs, and never less than `LEAST`. A figure that is an amount of
memory has no peer: the machine plays no part in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.figures import Result, Spread, Table, Unit, ratio
from bench.targets import is_ours

ANCHOR: Final = "nginx"
#: Differences below this are never a regression: clock ticks alone make that much.
LEAST: Final = 0.03


@dataclass(frozen=True, slots=True)
class Change:
    """A figure then and now, in terms of *anchor*'s (or as it is, where that is empty)."""

    scenario: str
    server: str
    anchor: str
    then: Spread
    now: Spread

    @property
    def noise(self) -> float:
        """What the figure may differ by without having changed."""
        return max(self.then.half + self.now.half, LEAST * self.then.median)

    @property
    def is_regression(self) -> bool:
        """Whether it became worse."""
        return self.now.median - self.then.median > self.noise

    @property
    def is_progress(self) -> bool:
        """Whether it became better."""
        return self.then.median - self.now.median > self.noise

    def __str__(self) -> str:
        word = "WORSE" if self.is_regression else "better" if self.is_progress else "same"
        of = f" x {self.anchor}" if self.anchor else ""
        return (
            f"{word:<6} {self.scenario}: {self.server} {self.then.median:.3g} -> {self.now.median:.3g}{of}"
            f" (noise {self.noise:.2g})"
        )


def compare(then: Sequence[Table], now: Sequence[Table]) -> list[Change]:
    """The changes of corserver's figures in the scenarios that both runs have."""
    old = {table.scenario: table for table in then}
    changes = []
    for table in now:
        before = old.get(table.scenario)
        if before is not None and before.unit is table.unit:
            changes += _changes(before, table)
    return changes


def _changes(then: Table, now: Table) -> list[Change]:
    anchor = "" if now.unit is Unit.MEMORY else _anchor(then, now)
    changes = []
    for result in now.results:
        before = then.result(result.name)
        if before is not None and is_ours(result.name) and (anchor or now.unit is Unit.MEMORY):
            pair = _in_terms(before, then, anchor), _in_terms(result, now, anchor)
            changes.append(Change(now.scenario, result.name, anchor, *pair))
    return changes


def _anchor(then: Table, now: Table) -> str:
    names = [result.name for result in now.results if then.result(result.name) and not is_ours(result.name)]
    return ANCHOR if ANCHOR in names else next(iter(names), "")


def _in_terms(result: Result, table: Table, anchor: str) -> Spread:
    peer = table.result(anchor)
    return result.spread if peer is None else ratio(result, peer)
