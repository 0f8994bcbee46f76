"""Rounds become medians, ratios and a table."""

import json
import statistics

import pytest

from bench.report import Machine, Result, Round, Spread, as_json, parse_processor, ratio, table

FAST = Result("fast", "1", (Round(1000, 2.0, 1.0), Round(1000, 4.0, 2.0), Round(1000, 1.0, 1.5)))
SLOW = Result("slow", "2", (Round(100, 2.0, 1.0), Round(100, 2.0, 1.0), Round(100, 2.0, 1.2)))
MACHINE = Machine("a processor", 2, 0, 1, "Linux 6", "3.11", 0.5)


def test_a_round_knows_its_figures() -> None:
    measured = Round(requests=2000, seconds=4.0, cpu=1.0)
    assert (measured.microseconds, measured.rate, measured.busy) == (500.0, 500.0, 0.25)


def test_a_spread_is_the_median_between_the_lowest_and_the_highest() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(median=2.0, low=1.0, high=3.0)
    assert Spread.of([1.0, 4.0]).median == 2.5


def test_there_is_no_spread_of_nothing() -> None:
    with pytest.raises(statistics.StatisticsError):
        Spread.of([])


def test_a_ratio_compares_within_each_round() -> None:
    # Round by round 10, 5 and 8: of the medians alone it would be 10000 / 1500.
    assert ratio(SLOW, FAST) == Spread(median=8.0, low=5.0, high=10.0)
    assert ratio(FAST, FAST) == Spread(1.0, 1.0, 1.0)


def test_the_table_is_aligned_markdown() -> None:
    assert table([FAST, SLOW]).splitlines() == [
        "| server | CPU us/request |          spread | x fast | requests/s |   spread | core busy |",
        "| ------ | -------------: | --------------: | -----: | ---------: | -------: | --------: |",
        "| fast   |         1500.0 |   1000.0-2000.0 |      1 |        500 | 250-1000 |       50% |",
        "| slow   |        10000.0 | 10000.0-12000.0 |      8 |         50 |    50-50 |       50% |",
    ]


def test_the_json_has_every_round() -> None:
    report = json.loads(json.dumps(as_json(MACHINE, [FAST, SLOW], {"rounds": 3})))
    assert report["machine"]["processor"] == "a processor"
    assert report["compared_with"] == "fast"
    fast, slow = report["servers"]
    assert fast["cpu_microseconds_per_request"] == {"median": 1500.0, "low": 1000.0, "high": 2000.0}
    assert slow["ratio"]["median"] == 8.0
    assert slow["rounds"][2] == {"requests": 100, "seconds": 2.0, "cpu": 1.2}


def test_a_machine_with_one_core_is_said_to_share_it() -> None:
    assert "(server on 0, wrk on 1)" in str(MACHINE)
    assert "the same for both" in str(Machine("a processor", 1, 0, 0, "Linux 6", "3.11", 0.5))


def test_the_processor_is_the_first_one_named() -> None:
    assert parse_processor("processor\t: 0\nmodel name\t: AMD EPYC\n\nmodel name\t: other\n") == "AMD EPYC"
    assert parse_processor("processor\t: 0\n") == ""
