"""The benchmark runs, from the command to the table, against corserver alone."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.load import INSTALL, BenchmarkError
from bench.macro import main
from bench.peers import Contender, started


@pytest.mark.skipif(shutil.which("wrk") is None, reason=f"no wrk here: {INSTALL}")
def test_corserver_is_measured(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    options = ["--only", "corserver", "--rounds", "1", "--seconds", "1", "--json", str(report)]
    outcome = CliRunner().invoke(main, options, catch_exceptions=False)
    assert outcome.exit_code == 0, outcome.output
    assert "| corserver " in outcome.output
    (server,) = json.loads(report.read_text())["servers"]
    assert server["rounds"][0]["requests"] > 0
    assert server["cpu_microseconds_per_request"]["median"] > 0


def test_a_server_that_does_not_start_is_not_measured() -> None:
    absent = Contender("absent", lambda port, directory: [sys.executable, "-c", "print(0)"], lambda: None, lambda: "")
    with (
        pytest.raises(BenchmarkError, match="absent does not answer as it should: it did not start"),
        started(absent, 0),
    ):
        pass
