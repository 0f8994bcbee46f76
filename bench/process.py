"""Servers as processes: started on a core, asked once, stopped."""

import contextlib
import http.client
import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.cpu import pinned
from bench.exchanges import FILES, Answer, file_content, validators
from bench.load import BenchmarkError
from bench.peers.contender import ROOT, Contender, Place, free_port
from bench.scenarios import Scenario

_START_SECONDS: Final = 20.0
_STOP_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Running:
    """A contender that listens, with a right answer seen from it. *extra* are header lines that it wants to be sent."""

    name: str
    version: str
    pid: int
    port: int
    answer: Answer
    extra: Mapping[str, str]


def raise_open_files() -> int:
    """Raise the limit on open files to the most that is allowed, for servers too; what it is now."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@contextlib.contextmanager
def folder_of_files() -> Iterator[Path]:
    """A folder with the files to serve."""
    with tempfile.TemporaryDirectory(prefix="bench-files-") as name:
        for file in FILES:
            Path(name, file).write_bytes(file_content(file))
        yield Path(name)


@contextlib.contextmanager
def spawned(contender: Contender, place: Place, core: int) -> Iterator[subprocess.Popen[bytes]]:
    """The process, on *core*, its output in the file `output`; stopped when the block is left."""
    command = contender.command(place)
    environment = {**os.environ, **contender.environment}
    with open(place.directory / "output", "wb") as output:
        with pinned(core):
            # A session of its own, so that Ctrl-C is for the benchmark, which then stops it.
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            _stop(process)


@contextlib.contextmanager
def started(contender: Contender, scenario: Scenario, core: int, files: Path) -> Iterator[Running]:
    """*contender*, on *core*, stopped when the block is left. Raises `BenchmarkError` if it does not answer right."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        place = place_for(scenario, Path(name), files)
        with spawned(contender, place, core) as process:
            answer, extra = _first_answer(process, scenario, place)
            wrong = scenario.exchange.faults(answer) if answer else ["it did not start"]
            if answer is None or wrong:
                said = (place.directory / "output").read_text(errors="replace")[-2000:]
                raise BenchmarkError(f"it does not answer as it should: {'; '.join(wrong)}\n{said}".rstrip())
            yield Running(contender.name, contender.version(), process.pid, place.port, answer, extra)


def place_for(scenario: Scenario, directory: Path, files: Path) -> Place:
    """A place for what *scenario* asks."""
    closes = scenario.exchange.headers.get("Connection") == "close"
    return Place(free_port(), directory, scenario.kind, files, closes)


def _first_answer(
    process: subprocess.Popen[bytes], scenario: Scenario, place: Place
) -> tuple[Answer | None, Mapping[str, str]]:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            answer = scenario.exchange.ask(place.port)
            if not scenario.revalidates:
                return answer, {}
            extra = validators(answer)
            return scenario.exchange.ask(place.port, extra), extra
        except ConnectionError:  # A peer gives no sign that it listens: ask again, sooner if it ends meanwhile.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
        except (OSError, http.client.HTTPException) as error:
            raise BenchmarkError(f"it does not speak HTTP as it should: {error!r}") from error
    return None, {}


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
