"""The command: `python -m bench` measures corserver and its peers, side by side. `--help` for how."""

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bench.compare import Change, compare
from bench.cpu import choose_cores
from bench.figures import Table
from bench.load import INSTALL, BenchmarkError
from bench.machine import Machine, describe_machine
from bench.measure import Plan, cost, measure
from bench.peers import CONTENDERS, go
from bench.peers.contender import Contender
from bench.process import folder_of_files, raise_open_files
from bench.records import as_json, from_json
from bench.report import table_text, versions
from bench.scenarios import SCENARIOS, Scenario
from bench.svg import picture
from bench.targets import is_ours

_NAMES = [*(contender.name for contender in CONTENDERS), "go"]


@dataclass(frozen=True, slots=True)
class Job:
    """A scenario with those of its peers that are here and were asked for."""

    scenario: Scenario
    contenders: tuple[Contender, ...]


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--seconds", default=2, type=click.IntRange(min=1), help="How long a server is driven in a round.")
@click.option("--rounds", default=5, type=click.IntRange(min=1), help="How often, the servers taking turns.")
@click.option("--only", multiple=True, type=click.Choice(_NAMES), help="Measure this server alone. Repeatable.")
@click.option(
    "--scenario",
    "names",
    multiple=True,
    type=click.Choice([scenario.name for scenario in SCENARIOS]),
    help="Measure this alone. Repeatable.",
)
@click.option(
    "--go-checkout",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help=f"A checkout of {go.RS} or {go.JUB0BS}, to measure it with net/http.",
)
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write every round there.")
@click.option("--svg", "svg_file", type=click.Path(dir_okay=False, path_type=Path), help="Draw the results there.")
@click.option(
    "--compare",
    "baseline",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of --json: fail if corserver became slower since.",
)
def main(
    seconds: int,
    rounds: int,
    only: tuple[str, ...],
    names: tuple[str, ...],
    go_checkout: Path | None,
    json_file: Path | None,
    svg_file: Path | None,
    baseline: Path | None,
) -> None:
    """Measure corserver and those of its peers that are installed.

    Each server is kept on one core and driven by wrk from another. What counts is the CPU time, user and system, of the
    server and its children for a request. A peer that fails is reported and left out; if corserver fails, so does this.
    """
    if shutil.which("wrk") is None:
        raise click.ClickException(f"wrk is not installed: {INSTALL}")
    try:
        then = None if baseline is None else from_json(baseline.read_text())
    except BenchmarkError as error:
        raise click.ClickException(f"{baseline}: {error}") from error
    raise_open_files()
    jobs = plan_jobs(available(only, go_checkout), names)
    machine = describe_machine(choose_cores())
    tables = run(jobs, seconds=seconds, rounds=rounds)
    show(machine, jobs, tables, f"{rounds} rounds of {seconds} s; medians, lowest to highest")
    if json_file is not None:
        write_json(json_file, as_json(machine, tables, {"seconds": seconds, "rounds": rounds}))
    if svg_file is not None:
        svg_file.write_text(picture(tables, str(machine)), encoding="utf-8")
    changes = [] if then is None else compare(then, tables)
    sys.exit(verdict(tables, changes, compared=baseline is not None))


def available(only: Sequence[str], go_checkout: Path | None) -> list[Contender]:
    """The contenders that are installed; the others are named, with the command that installs them."""
    chosen = [contender for contender in CONTENDERS if not only or contender.name in only]
    if go_checkout is not None and (not only or "go" in only):
        try:
            chosen.append(go.build(go_checkout))
        except BenchmarkError as error:
            _leave_out("go", str(error), fatal="go" in only)
    elif "go" in only:
        raise click.UsageError("--only go needs --go-checkout DIR")
    found = []
    for contender in chosen:
        how = contender.missing()
        if how is None:
            found.append(contender)
        else:
            _leave_out(contender.name, f"not installed: {how}", fatal=contender.name in only)
    return found


def _leave_out(name: str, why: str, *, fatal: bool) -> None:
    if fatal:
        raise click.ClickException(f"{name}: {why}")
    click.echo(f"{name} is left out: {why}", err=True)


def plan_jobs(contenders: Sequence[Contender], names: Sequence[str]) -> list[Job]:
    """What is measured, in the order of the scenarios and of their peers."""
    jobs = []
    by_name = {contender.name: contender for contender in contenders}
    for scenario in SCENARIOS:
        if names and scenario.name not in names:
            continue
        peers = [by_name[name] for name in scenario.peers if name in by_name]
        jobs.append(Job(scenario, tuple(peer for peer in peers if scenario.kind in peer.kinds)))
    return [job for job in jobs if job.contenders]


def run(jobs: Sequence[Job], *, seconds: int, rounds: int) -> list[Table]:
    """Measure it all, with a bar on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<60}"), BarColumn(), TimeRemainingColumn())
    total = sum(cost(job.scenario, len(job.contenders), seconds, rounds) for job in jobs)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar, folder_of_files() as files:
        task = bar.add_task("starting", total=total)

        def progress(words: str, done: float) -> None:
            bar.update(task, advance=done, description=words or None)

        plan = Plan(seconds=seconds, rounds=rounds, cores=choose_cores(), files=files, progress=progress)
        return [measure(job.scenario, job.contenders, plan) for job in jobs]


def show(machine: Machine, jobs: Sequence[Job], tables: Sequence[Table], how: str) -> None:
    """Everything, to stdout."""
    click.echo(f"\n{machine}\n{how}")
    for job, table in zip(jobs, tables, strict=True):
        click.echo(f"\n{table_text(table, job.scenario)}")
    click.echo("\n" + "\n".join(versions(tables)))


def write_json(file: Path, record: dict[str, Any]) -> None:
    """The record, for programs and for `--compare`."""
    file.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def verdict(tables: Sequence[Table], changes: Sequence[Change], *, compared: bool) -> int:
    """The exit status; says what became worse, and whether corserver itself failed."""
    if compared:
        click.echo("\n" + ("\n".join(map(str, changes)) or "nothing in common with the older run"))
    ours = [failed for table in tables for failed in table.failed if is_ours(failed.name)]
    return int(bool(ours) or any(change.is_regression for change in changes))


if __name__ == "__main__":
    main(prog_name="python -m bench")
