"""Where it was measured."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from bench.cpu import Cores


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine. *load* is the load average before: what else was running."""

    processor: str
    cores: int
    server_core: int
    load_core: int
    system: str
    python: str
    load: float

    def __str__(self) -> str:
        shared = ", the same for both" if self.server_core == self.load_core else ""
        return (
            f"{self.processor}, {self.cores} cores (server on {self.server_core}, wrk on {self.load_core}{shared}); "
            f"{self.system}; Python {self.python}; load average {self.load:.2f} before"
        )


def describe_machine(cores: Cores) -> Machine:
    """This machine, now."""
    return Machine(
        processor=parse_processor(Path("/proc/cpuinfo").read_text()) or platform.machine(),
        cores=os.cpu_count() or 1,
        server_core=cores.server,
        load_core=cores.load,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        load=os.getloadavg()[0],
    )


def parse_processor(cpuinfo: str) -> str:
    """The processor's name in /proc/cpuinfo, empty where it has none."""
    names = (line.partition(":")[2].strip() for line in cpuinfo.splitlines() if line.startswith("model name"))
    return next(names, "")
