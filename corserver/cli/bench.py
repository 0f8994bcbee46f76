"""`corserver bench URL`: how many preflights a server answers, and how fast."""

import contextlib
import functools
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from corserver.cli.options.asking import Flags
from corserver.cli.options.topics import CONTEXT, Option
from corserver.cli.output.terminal import width
from corserver.tools.bench import report
from corserver.tools.bench.asking import Asked, ask, validate
from corserver.tools.bench.emit import GENERATORS
from corserver.tools.bench.plan import BenchError, Plan, Scenario
from corserver.tools.bench.result import Result, gather

#: Slower than the baseline, or wrong answers.
EXIT_SLOWER = 1
EXIT_UNMEASURED = 3
_POSITIVE = click.FloatRange(min=0, min_open=True)
_option = functools.partial(click.option, cls=Option)

_EPILOG = """\b
Examples:
  corserver bench http://127.0.0.1:8000/items --origin https://app.example
  corserver bench http://127.0.0.1:8000/items --rate 5000 --connections 64
  corserver bench http://127.0.0.1:8000/items --json > before.json
  corserver bench http://127.0.0.1:8000/items --baseline before.json
  corserver bench http://127.0.0.1:8000/items --emit wrk | sh

\b
Exits with 0, with 1 if it is slower than --baseline or an answer was wrong,
2 for a mistake in the command, 3 if there is nothing to measure.
Ask only servers that are yours.
"""


@click.command(
    context_settings=CONTEXT,
    epilog=_EPILOG,
)
@click.argument("url")
@_option(
    "--scenario",
    type=click.Choice([each.value for each in Scenario]),
    default=Scenario.PREFLIGHT_ALLOWED.value,
    show_default=True,
    help="What is sent; connect is an allowed preflight on a new connection each time.",
)
@_option("--origin", default="http://localhost:3000", show_default=True, metavar="ORIGIN", help="The page's origin.")
@_option("-X", "--method", metavar="METHOD", help="What the preflight asks for.  [default: PUT]")
@_option(
    "-H",
    "--header",
    "headers",
    multiple=True,
    metavar="NAME[: VALUE]",
    help="A header that the script sets. Repeatable.",
)
@_option(
    "-c", "--connections", default=32, show_default=True, type=click.IntRange(1), metavar="N", help="How many at once."
)
@_option(
    "-d", "--duration", default=10.0, show_default=True, type=_POSITIVE, metavar="SECONDS", help="How long to ask."
)
@_option("-n", "--requests", type=click.IntRange(1), metavar="N", help="End after so many, if that is earlier.")
@_option("--rate", type=_POSITIVE, metavar="N", help="Requests a second; latency counts from the planned time.")
@_option(
    "--processes", default=1, show_default=True, type=click.IntRange(1), metavar="N", help="How many this client has."
)
@_option("--emit", type=click.Choice(list(GENERATORS)), help="Print the load for another generator.")
@_option(
    "--baseline",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="What --json said before, to compare with.",
)
@_option("--json", "json_", is_flag=True, help="The result as JSON.")
def bench(
    url: str,
    scenario: str,
    origin: str,
    method: str | None,
    headers: tuple[str, ...],
    connections: int,
    duration: float,
    requests: int | None,
    rate: float | None,
    processes: int,
    emit: str | None,
    baseline: Path | None,
    json_: bool,
) -> None:
    """Ask URL the same preflight again and again, and say how many answers came and how long each took.

    The first answers are judged as a browser would: a wrong answer is not measured.
    """
    chosen = Scenario(scenario)
    if method is not None and not chosen.is_preflight:
        raise click.UsageError("--method is what a preflight asks for: leave it out with --scenario get")
    usual = "PUT" if chosen.is_preflight else "GET"
    flags = Flags(origin=origin, method=usual if method is None else method, headers=headers)
    asked_question = flags.question(url)
    before = None if baseline is None else _read(baseline, chosen, connections, rate)
    load: dict[str, Any] = {"connections": connections, "duration": duration, "requests": requests, "rate": rate}
    try:
        asked = ask(chosen, asked_question)
        plan = Plan(
            host=asked.url.host.strip("[]"),
            port=asked.port,
            request=asked.request,
            reconnects=chosen is Scenario.CONNECT,
            **load,
        )
        if emit is not None:
            click.echo(GENERATORS[emit](asked, plan))
            return
        result = _measure(asked, plan, processes)
    except BenchError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(EXIT_UNMEASURED)
    _show(result, before, json_)


def _measure(asked: Asked, plan: Plan, processes: int) -> Result:
    import trio

    from corserver.tools.bench import shares

    plan = plan.expecting(trio.run(validate, asked))
    with _progress(plan) as progress:
        parts = trio.run(shares.run, plan, processes, progress)
    return gather(str(asked.url), asked.scenario, plan.connections, plan.rate, parts, os.cpu_count() or 1)


def _show(result: Result, before: float | None, json_: bool) -> None:
    click.echo(json.dumps(report.as_json(result), indent=2) if json_ else report.as_text(result, width()))
    slower = False
    if before is not None:
        slower, sentence = report.compare(result, before)
        click.echo(sentence, err=json_)
    if slower or result.errors:
        sys.exit(EXIT_SLOWER)


def _read(baseline: Path, scenario: Scenario, connections: int, rate: float | None) -> float:
    try:
        found = json.loads(baseline.read_bytes())
    except ValueError as error:
        raise click.UsageError(f"--baseline: {baseline} is not JSON: write one with --json > FILE") from error
    try:
        return report.baseline_of(found, scenario, connections, rate)
    except ValueError as error:
        raise click.UsageError(f"--baseline {baseline}: {error}") from error


@contextlib.contextmanager
def _progress(plan: Plan) -> Iterator[Callable[[int, int], None]]:
    """A line that says how far it is, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda done, errors: None
        return
    from rich.console import Console

    start = time.monotonic()
    with Console(stderr=True).status("connecting") as status:

        def show(done: int, errors: int) -> None:
            seconds = time.monotonic() - start
            told = f", {errors} errors" if errors else ""
            status.update(f"{seconds:.0f} of {plan.duration:g} s: {done} answers, {done / seconds:.0f}/s{told}")

        yield show
