"""The time from the start of a program to its first answer, or to its end where it answers nothing."""

import contextlib
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from bench.load import BenchmarkError
from bench.peers.contender import Contender
from bench.process import place_for, spawned
from bench.scenarios import Scenario

_LONGEST: Final = 20.0
#: How often it is asked whether it listens yet.
_EVERY: Final = 0.0005


def seconds_to_start(contender: Contender, scenario: Scenario, core: int, files: Path) -> float:
    """How long *contender* took, from exec on. Raises `BenchmarkError`."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        place = place_for(scenario, Path(name), files)
        begin = time.perf_counter()
        with spawned(contender, place, core) as process:
            if contender.answers:
                _wait_for_answer(process, scenario.exchange.as_bytes(place.port), place.port)
            elif process.wait(_LONGEST):
                raise BenchmarkError(f"it ended with {process.returncode}")
            return time.perf_counter() - begin


def _wait_for_answer(process: subprocess.Popen[bytes], request: bytes, port: int) -> None:
    deadline = time.monotonic() + _LONGEST
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionError), socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(request)
            if connection.recv(65536):
                return
        # A peer gives no sign that it listens: ask again, sooner if it ends meanwhile.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_EVERY)
            raise BenchmarkError("it did not start")
    raise BenchmarkError("it did not answer in time")
