"""A run against an older one."""

import pytest

from bench.compare import compare
from bench.figures import Result, Table, Unit


def table(ours: tuple[float, ...], nginx: tuple[float, ...] = (), unit: Unit = Unit.CPU) -> list[Table]:
    peers = (Result("nginx", "1", nginx),) if nginx else ()
    return [Table("preflight", unit, (Result("corserver", "1", ours), *peers))]


STEADY = (10.0,) * 5


@pytest.mark.parametrize(
    ("ours", "word"),
    [
        ((20.0,) * 5, "same"),
        ((20.5,) * 5, "same"),  # Within 3 %.
        ((21.0,) * 5, "WORSE"),
        ((19.0,) * 5, "better"),
        ((18.0, 20.0, 21.0, 22.0, 25.0), "same"),  # The middle half is wider than the difference.
        ((20.0, 20.0, 20.0, 20.0, 90.0), "same"),  # An outlier.
        ((22.0, 22.0, 22.0, 22.0, 1.0), "WORSE"),
    ],
)
def test_a_change_is_told_from_noise(ours: tuple[float, ...], word: str) -> None:
    (change,) = compare(table((20.0,) * 5, STEADY), table(ours, STEADY))
    assert str(change).startswith(word)
    assert change.is_regression == (word == "WORSE")


def test_the_speed_of_the_machine_cancels_out() -> None:
    (change,) = compare(table((20.0,) * 5, STEADY), table((60.0,) * 5, (30.0,) * 5))
    assert not change.is_regression
    assert (change.anchor, change.now.median) == ("nginx", 2.0)


def test_without_nginx_the_first_common_peer_is_the_measure() -> None:
    peers = (Result("corserver", "1", STEADY), Result("corserver+log", "1", STEADY), Result("go", "1", STEADY))
    tables = [Table("preflight", Unit.CPU, peers)]
    assert {change.server: change.anchor for change in compare(tables, tables)} == {
        "corserver": "go",
        "corserver+log": "go",
    }


def test_without_a_common_peer_nothing_is_said() -> None:
    assert compare(table((20.0,) * 5), table((90.0,) * 5, STEADY)) == []


def test_memory_needs_no_peer() -> None:
    (change,) = compare(table((4000.0,), unit=Unit.MEMORY), table((5000.0,), unit=Unit.MEMORY))
    assert change.is_regression
    assert str(change) == "WORSE  preflight: corserver 4e+03 -> 5e+03 (noise 1.2e+02)"


def test_scenarios_that_only_one_run_has_are_left_out() -> None:
    assert compare([], table(STEADY, STEADY)) == []
