"""The load: wrk, and what it counted."""

import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.cpu import pinned

INSTALL: Final = "apt-get install wrk"

#: What wrk counts as an error of a connection. A *status* is one from 400 on, and may be the right one.
_ERRORS: Final = ("connect", "read", "write", "timeout")


class BenchmarkError(Exception):
    """A figure that cannot be had, or could not be trusted."""


@dataclass(frozen=True, slots=True)
class Load:
    """What was answered in how many seconds; the latency's percentiles are in microseconds."""

    requests: int
    seconds: float
    p50: float
    p90: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrk:
    """wrk with a script, on a core. *connections* are kept alive, and each has one request under way all the time."""

    script: Path
    connections: int
    core: int
    #: Whether the right answer has a status from 400 on.
    refused: bool = False

    def run(self, url: str, seconds: int) -> Load:
        """Drive *url*. Raises `BenchmarkError` where a single answer was wrong or missing."""
        program = shutil.which("wrk")
        if program is None:
            raise BenchmarkError(f"wrk is not installed: {INSTALL}")
        options = ["-t1", f"-c{self.connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(self.script)]
        with pinned(self.core):
            command = [program, *options, url, "--", str(time.monotonic_ns())]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        with process:
            try:
                output, _ = process.communicate(timeout=seconds + 30)
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            raise BenchmarkError(f"wrk {url} failed:\n{output}")
        return parse_output(output, refused=self.refused)


def parse_output(output: str, *, refused: bool = False) -> Load:
    """The result in what wrk wrote. Raises `BenchmarkError` for one with errors, without requests, or for none.

    With *refused* every status must be one from 400 on, else none.
    """
    lines = [line for line in output.splitlines() if line.startswith('{"requests"')]
    if not lines:
        raise BenchmarkError(f"wrk gave no result:\n{output}")
    counted: dict[str, int] = json.loads(lines[-1])
    errors = {name: counted[name] for name in _ERRORS if counted[name]}
    if errors:
        raise BenchmarkError(f"of {counted['requests']} requests some failed: {errors}")
    if not counted["requests"]:
        raise BenchmarkError("no request was answered")
    wanted = counted["requests"] if refused else 0
    if counted["status"] != wanted:
        raise BenchmarkError(f"of {counted['requests']} answers {counted['status']}, not {wanted}, were errors")
    microseconds = [counted[name] for name in ("p50", "p90", "p99")]
    return Load(counted["requests"], counted["microseconds"] / 1e6, *microseconds)
