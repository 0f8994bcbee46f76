"""What is written as JSON can be read again."""

import json

import pytest

from bench.figures import Failed, Result, Round, Table, Unit
from bench.load import BenchmarkError
from bench.machine import Machine
from bench.records import as_json, from_json

MACHINE = Machine("a processor", 2, 0, 1, "Linux 6", "3.11", 0.5)
ROUND = Round(requests=1000, seconds=0.5, user=0.01, system=0.005, p50=10, p90=20, p99=30)
TABLES = [
    Table("preflight", Unit.CPU, (Result("corserver", "1", (15.0,), (ROUND,)),), (Failed("nginx", "gone"),)),
    Table("idle", Unit.MEMORY, (Result("corserver", "1", (4000.0, 4100.0)),)),
]


def test_a_record_is_read_as_it_was_written() -> None:
    record = as_json(MACHINE, TABLES, {"rounds": 1})
    assert from_json(json.dumps(record)) == TABLES
    assert record["machine"]["processor"] == "a processor"
    assert record["options"] == {"rounds": 1}


def test_a_record_says_which_targets_are_met() -> None:
    _, idle = as_json(MACHINE, TABLES, {})["scenarios"]
    assert idle["targets"] == [{"peer": "corserver", "limit": "<= 4096", "verdict": "met"}]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "scenarios": [{}]}', "null"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BenchmarkError, match="it is not what `python -m bench --json` writes"):
        from_json(text)


def test_another_format_is_refused() -> None:
    with pytest.raises(BenchmarkError, match="it is of format 0, not 1"):
        from_json('{"format": 0}')
