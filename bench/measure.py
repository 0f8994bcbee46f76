"""A scenario measured: servers that take turns, round by round, under a load, idle, or starting."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.cpu import Cores, cpu_of
from bench.figures import Failed, Result, Round, Table
from bench.idle import bytes_per_connection
from bench.load import BenchmarkError, Wrk
from bench.lua import script
from bench.peers.contender import Contender
from bench.process import Running, started
from bench.scenarios import Scenario, Way
from bench.startup import seconds_to_start

WARM_UP_SECONDS: Final = 1
#: What a round of a scenario without a load takes, for the progress bar.
_GUESSED_SECONDS: Final = {Way.IDLE: 6, Way.START: 1}
#: Memory hardly varies, and every round of it takes a new process.
_IDLE_ROUNDS: Final = 3

#: Told what is done now, and that so many seconds of work are done.
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What holds for all scenarios."""

    seconds: int
    rounds: int
    cores: Cores
    files: Path
    progress: Progress


@dataclass(slots=True)
class _Series:
    """What was measured of a contender so far."""

    contender: Contender
    version: str = ""
    values: list[float] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    why: str = ""


def rounds_of(scenario: Scenario, rounds: int) -> int:
    """How often a scenario is measured."""
    return min(rounds, _IDLE_ROUNDS) if scenario.way is Way.IDLE else rounds


def cost(scenario: Scenario, contenders: int, seconds: int, rounds: int) -> float:
    """About how many seconds it takes."""
    if scenario.way in _GUESSED_SECONDS:
        return float(contenders * rounds_of(scenario, rounds) * _GUESSED_SECONDS[scenario.way])
    return float(contenders * (rounds * seconds + WARM_UP_SECONDS))


def measure(scenario: Scenario, contenders: Sequence[Contender], plan: Plan) -> Table:
    """All *contenders*, in turns. One that fails is in the table as failed, and the others go on."""
    all_series = [_Series(contender) for contender in contenders]
    if scenario.way in _GUESSED_SECONDS:
        _measure_fresh(scenario, all_series, plan)
    else:
        _measure_load(scenario, all_series, plan)
    results = [
        Result(series.contender.name, series.version, tuple(series.values), tuple(series.rounds))
        for series in all_series
        if not series.why
    ]
    failed = [Failed(series.contender.name, series.why) for series in all_series if series.why]
    return Table(scenario.name, scenario.unit, tuple(results), tuple(failed))


def _measure_load(scenario: Scenario, all_series: Sequence[_Series], plan: Plan) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as name, contextlib.ExitStack() as stack:
        drivers: dict[str, Callable[[int], Round]] = {}
        for series in all_series:
            plan.progress(f"{scenario.name}: {series.contender.name}, warming up", 0)
            with _failing(series):
                running = stack.enter_context(started(series.contender, scenario, plan.cores.server, plan.files))
                series.version = running.version
                drivers[running.name] = drive = _driver(scenario, running, plan, Path(name))
                drive(WARM_UP_SECONDS)
            plan.progress(f"{scenario.name}: {series.contender.name}", WARM_UP_SECONDS)
        for number in range(1, plan.rounds + 1):
            for series in all_series:
                plan.progress(f"{scenario.name}, round {number} of {plan.rounds}: {series.contender.name}", 0)
                if not series.why:
                    with _failing(series):
                        round_ = drivers[series.contender.name](plan.seconds)
                        series.rounds.append(round_)
                        series.values.append(round_.p50 if scenario.way is Way.LATENCY else round_.microseconds)
                plan.progress("", plan.seconds)


def _driver(scenario: Scenario, running: Running, plan: Plan, directory: Path) -> Callable[[int], Round]:
    file = directory / f"{running.name}.lua"
    file.write_text(script(scenario.exchange, scenario.heads, running.extra))
    refused = running.answer.status >= 400
    wrk = Wrk(script=file, connections=scenario.connections, core=plan.cores.load, refused=refused)
    url = f"http://127.0.0.1:{running.port}{scenario.exchange.path}"

    def drive(seconds: int) -> Round:
        try:
            before = cpu_of(running.pid)
            load = wrk.run(url, seconds)
            used = cpu_of(running.pid) - before
        except KeyError:
            raise BenchmarkError("it ended while it was measured") from None
        return Round(load.requests, load.seconds, used.user, used.system, load.p50, load.p90, load.p99)

    return drive


def _measure_fresh(scenario: Scenario, all_series: Sequence[_Series], plan: Plan) -> None:
    rounds = rounds_of(scenario, plan.rounds)
    for number in range(1, rounds + 1):
        for series in all_series:
            plan.progress(f"{scenario.name}, round {number} of {rounds}: {series.contender.name}", 0)
            if not series.why:
                with _failing(series):
                    series.version = series.contender.version()
                    series.values.append(_fresh(scenario, series.contender, plan, first=number == 1))
            plan.progress("", _GUESSED_SECONDS[scenario.way])


def _fresh(scenario: Scenario, contender: Contender, plan: Plan, *, first: bool) -> float:
    if scenario.way is Way.IDLE:
        with started(contender, scenario, plan.cores.server, plan.files) as running:
            return bytes_per_connection(running, scenario)
    if first:  # The disk's cache and Python's are warm from then on.
        seconds_to_start(contender, scenario, plan.cores.server, plan.files)
    return seconds_to_start(contender, scenario, plan.cores.server, plan.files) * 1e3


@contextlib.contextmanager
def _failing(series: _Series) -> Iterator[None]:
    try:
        yield
    except (BenchmarkError, OSError) as error:
        series.why = str(error)
