"""The table of scenarios fits the contenders."""

import pytest

from bench.peers import CONTENDERS
from bench.scenarios import SCENARIOS, Scenario

KINDS = {contender.name: contender.kinds for contender in CONTENDERS}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_its_peers_are_known_and_its_targets_are_among_them(scenario: Scenario) -> None:
    assert set(scenario.peers) <= KINDS.keys() | {"go"}
    assert {target.peer for target in scenario.targets} <= {*scenario.peers, ""}


def test_names_are_unique() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
    assert len(KINDS) == len(CONTENDERS)
