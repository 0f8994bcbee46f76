"""Targets: what is met, what is not, and what cannot be said."""

import pytest

from bench.figures import Result, Table, Unit
from bench.targets import Target, Verdict, fixed, judge

TABLE = Table("start", Unit.TIME, (Result("corserver", "", (120.0, 130.0)), Result("peer", "", (100.0, 100.0))))


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        (Target("peer", 1.25), Verdict.MET),
        (Target("peer", 1.24), Verdict.NOT_MET),
        (Target("peer", 1.0, 25.0), Verdict.MET),
        (Target("peer", 1.0, 24.0), Verdict.NOT_MET),
        (fixed(125.0), Verdict.MET),
        (fixed(124.0), Verdict.NOT_MET),
        (Target("absent", 9.0), Verdict.OPEN),
    ],
)
def test_a_target_is_judged(target: Target, verdict: Verdict) -> None:
    assert judge(target, TABLE) is verdict


def test_nothing_is_judged_without_corserver() -> None:
    assert judge(fixed(1.0), Table("start", Unit.TIME, TABLE.results[1:])) is Verdict.OPEN


@pytest.mark.parametrize(
    ("target", "text"),
    [(Target("p", 1.15), "<= 1.15 x"), (Target("p", 1.2, 80.0), "<= 1.2 x + 80"), (fixed(4096), "<= 4096")],
)
def test_a_target_is_written_as_a_limit(target: Target, text: str) -> None:
    assert str(target) == text
