"""The preflight path against peers, side by side: CPU time per request, and requests per second. `--help` for how."""

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import click
from rich.console import Console
from rich.progress import Progress

from bench.cpu import choose_cores, seconds_of
from bench.load import INSTALL, BenchmarkError, Wrk
from bench.peers import CONTENDERS, Contender, Running, started
from bench.preflight import lua_script
from bench.report import Result, Round, as_json, describe_machine, table

_WARM_UP_SECONDS = 1


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--seconds", default=4, type=click.IntRange(min=1), help="How long a server is driven in a round.")
@click.option("--rounds", default=5, type=click.IntRange(min=1), help="How often, the servers taking turns.")
@click.option("--connections", default=32, type=click.IntRange(min=1), help="Kept alive, a request on each.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice([contender.name for contender in CONTENDERS]),
    help="Measure this server alone. Repeatable.  [default: all that are installed]",
)
@click.option("--json", "json_file", type=click.File("w", lazy=False), help="Write everything there too.")
def main(seconds: int, rounds: int, connections: int, only: tuple[str, ...], json_file: TextIO | None) -> None:
    """Measure corserver's preflight path and its peers', with wrk.

    Of a server counts the CPU time, user and system, of it and of its children, divided by the requests that it
    answered. The ratio is to the first server of the table.
    """
    if shutil.which("wrk") is None:
        raise click.ClickException(f"wrk is not installed: {INSTALL}")
    chosen = list(_available(only))
    cores = choose_cores()
    machine = describe_machine(cores)
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as name, contextlib.ExitStack() as stack:
            script = Path(name) / "preflight.lua"
            script.write_text(lua_script())
            wrk = Wrk(script=script, connections=connections, core=cores.load)
            servers = [stack.enter_context(started(contender, cores.server)) for contender in chosen]
            results = measure(servers, wrk, seconds=seconds, rounds=rounds)
    except BenchmarkError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"\n{machine}")
    click.echo(f"{rounds} rounds of {seconds} s, {connections} connections; medians, lowest to highest\n")
    click.echo(table(results))
    click.echo("\n" + "\n".join(f"{result.name}: {result.version}" for result in results))
    if json_file is not None:
        options = {"seconds": seconds, "rounds": rounds, "connections": connections}
        json.dump(as_json(machine, results, options), json_file, indent=2)
        json_file.write("\n")


def _available(only: Sequence[str]) -> Iterator[Contender]:
    for contender in CONTENDERS:
        if only and contender.name not in only:
            continue
        how = contender.missing()
        if how is None:
            yield contender
        elif only:
            raise click.ClickException(f"{contender.name} is not installed: {how}")
        else:
            click.echo(f"{contender.name} is skipped, as it is not installed: {how}", err=True)


def measure(servers: Sequence[Running], wrk: Wrk, *, seconds: int, rounds: int) -> list[Result]:
    """Drive the servers in turns. Raises `BenchmarkError` as soon as an answer is wrong or missing."""
    measured: dict[str, list[Round]] = {server.name: [] for server in servers}
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("warming up", total=len(servers) * (rounds * seconds + _WARM_UP_SECONDS))
        for server in servers:
            wrk.run(server.url, _WARM_UP_SECONDS)
            progress.advance(task, _WARM_UP_SECONDS)
        for number in range(1, rounds + 1):
            for server in servers:
                progress.update(task, description=f"round {number} of {rounds}: {server.name}")
                measured[server.name].append(_one_round(server, wrk, seconds))
                progress.advance(task, seconds)
    return [Result(server.name, server.version, tuple(measured[server.name])) for server in servers]


def _one_round(server: Running, wrk: Wrk, seconds: int) -> Round:
    try:
        before = seconds_of(server.pid)
        load = wrk.run(server.url, seconds)
        return Round(load.requests, load.seconds, seconds_of(server.pid) - before)
    except KeyError:
        raise BenchmarkError(f"{server.name} ended while it was measured") from None


if __name__ == "__main__":
    main()
