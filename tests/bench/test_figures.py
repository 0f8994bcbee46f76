"""Rounds become medians, spreads and ratios."""

import statistics

import pytest

from bench.figures import Result, Round, Spread, Table, Unit, ratio

ROUND = Round(requests=2000, seconds=4.0, user=0.75, system=0.25, p50=10, p90=20, p99=30)
FAST = Result("fast", "1", (1.0, 2.0, 1.5))
SLOW = Result("slow", "2", (10.0, 10.0, 12.0))


def test_a_round_knows_its_figures() -> None:
    assert (ROUND.microseconds, ROUND.rate, ROUND.busy) == (500.0, 500.0, 0.25)


def test_a_spread_is_the_median_between_the_lowest_and_the_highest() -> None:
    assert Spread.of([3.0, 1.0, 2.0, 5.0, 4.0]) == Spread(median=3.0, low=1.0, high=5.0, half=2.0)
    assert Spread.of([7.0]) == Spread(7.0, 7.0, 7.0, 0.0)


def test_a_single_outlier_widens_the_whole_and_not_the_middle_half() -> None:
    spread = Spread.of([1.0, 1.0, 1.0, 1.0, 100.0])
    assert (spread.high, spread.half) == (100.0, 0.0)


def test_there_is_no_spread_of_nothing() -> None:
    with pytest.raises(statistics.StatisticsError):
        Spread.of([])


def test_a_ratio_compares_within_each_round() -> None:
    spread = ratio(SLOW, FAST)  # 10, 5 and 8; of the medians alone it would be 10 / 1.5.
    assert (spread.low, spread.median, spread.high) == (5.0, 8.0, 10.0)
    assert ratio(FAST, FAST).median == 1.0


def test_without_the_same_rounds_a_ratio_compares_medians() -> None:
    assert ratio(Result("few", "", (3.0,)), FAST).median == 2.0


def test_the_parts_of_the_time_are_per_request() -> None:
    result = Result("one", "1", (500.0,), (ROUND,))
    assert (result.per_request("user"), result.per_request("system")) == (375.0, 125.0)
    assert result.median("p99") == 30


def test_a_result_is_found_by_the_servers_name() -> None:
    table = Table("preflight", Unit.CPU, (FAST, SLOW))
    assert table.result("slow") is SLOW
    assert table.result("other") is None
