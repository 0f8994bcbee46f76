"""Results as JSON, written and read again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from bench.figures import Failed, Result, Round, Table, Unit
from bench.load import BenchmarkError
from bench.machine import Machine
from bench.scenarios import SCENARIOS
from bench.targets import SUBJECT, judge

#: Raised when an older program could not read it.
FORMAT = 1


def as_json(machine: Machine, tables: Sequence[Table], options: Mapping[str, Any]) -> dict[str, Any]:
    """All of it, each round included."""
    return {
        "format": FORMAT,
        "machine": asdict(machine),
        "options": dict(options),
        "scenarios": [_table(table) for table in tables],
    }


def _table(table: Table) -> dict[str, Any]:
    targets = next((scenario.targets for scenario in SCENARIOS if scenario.name == table.scenario), ())
    return {
        "name": table.scenario,
        "unit": table.unit.value,
        "servers": [
            {
                "name": result.name,
                "version": result.version,
                "figure": asdict(result.spread),
                "values": list(result.values),
                "rounds": [asdict(round_) for round_ in result.rounds],
            }
            for result in table.results
        ],
        "failed": [asdict(failed) for failed in table.failed],
        "targets": [
            {"peer": target.peer or SUBJECT, "limit": str(target), "verdict": judge(target, table).value}
            for target in targets
        ],
    }


def from_json(text: str) -> list[Table]:
    """The tables of a record. Raises `BenchmarkError` for anything else."""
    try:
        record = json.loads(text)
        if record["format"] != FORMAT:
            raise BenchmarkError(f"it is of format {record['format']}, not {FORMAT}: measure it again")
        return [_read_table(scenario) for scenario in record["scenarios"]]
    except (ValueError, KeyError, TypeError) as error:
        raise BenchmarkError(f"it is not what `python -m bench --json` writes: {error!r}") from error


def _read_table(scenario: Mapping[str, Any]) -> Table:
    results = tuple(
        Result(
            server["name"],
            server["version"],
            tuple(server["values"]),
            tuple(Round(**round_) for round_ in server["rounds"]),
        )
        for server in scenario["servers"]
    )
    failed = tuple(Failed(**failed) for failed in scenario["failed"])
    return Table(scenario["name"], Unit(scenario["unit"]), results, failed)
