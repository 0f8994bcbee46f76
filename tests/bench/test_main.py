"""The command: what is planned, and how it ends."""

import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench.__main__ import main, plan_jobs, verdict
from bench.compare import Change
from bench.cpu import choose_cores
from bench.exchanges import Kind
from bench.figures import Failed, Result, Spread, Table, Unit
from bench.load import BenchmarkError
from bench.peers import CONTENDERS
from bench.peers.contender import Contender
from bench.process import started
from bench.scenarios import SCENARIOS


def spread(value: float) -> Spread:
    return Spread(value, value, value, 0.0)


def test_a_job_has_the_peers_that_are_here_in_the_scenarios_order() -> None:
    chosen = [contender for contender in CONTENDERS if contender.name in ("uvicorn", "nginx", "corserver")]
    (job,) = plan_jobs(chosen, ["preflight"])
    assert [contender.name for contender in job.contenders] == ["corserver", "nginx", "uvicorn"]


def test_a_scenario_without_a_server_is_no_job() -> None:
    nginx = [contender for contender in CONTENDERS if contender.name == "nginx"]
    assert plan_jobs(nginx, ["post-json"]) == []


@pytest.mark.parametrize(
    ("failed", "now", "status"), [("nginx", 1.0, 0), ("corserver", 1.0, 1), ("nginx", 1.2, 1), ("nginx", 0.8, 0)]
)
def test_it_fails_when_corserver_failed_or_became_worse(failed: str, now: float, status: int) -> None:
    table = Table("preflight", Unit.CPU, (Result("corserver", "", (1.0,)),), (Failed(failed, "gone"),))
    change = Change("preflight", "corserver", "nginx", spread(1.0), spread(now))
    assert verdict([table], [change], compared=True) == status


def test_a_server_that_does_not_start_is_not_measured(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no port for me')"]
    absent = Contender(name="absent", command=lambda place: command, version=lambda: "", kinds=frozenset(Kind))
    with (
        pytest.raises(BenchmarkError, match="it did not start\nno port for me"),
        started(absent, SCENARIOS[0], choose_cores().server, tmp_path),
    ):
        pass


@pytest.mark.skipif(shutil.which("wrk") is None, reason="apt-get install wrk")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--only", "go"], "--only go needs --go-checkout DIR"),
        (["--only", "other"], "is not one of"),
        (["--compare", "{file}"], "it is not what `python -m bench --json` writes"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], words: str, tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    file.write_text("{}")
    outcome = CliRunner().invoke(main, [argument.format(file=file) for argument in arguments])
    assert outcome.exit_code
    assert words in outcome.output
