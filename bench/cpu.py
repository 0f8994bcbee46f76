"""CPU time and memory of a process with its children, and the cores that processes are kept on. Linux only."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Ticks:
    """CPU time in clock ticks."""

    user: int
    system: int

    def __add__(self, other: "Ticks") -> "Ticks":
        return Ticks(self.user + other.user, self.system + other.system)


@dataclass(frozen=True, slots=True)
class CPU:
    """CPU time in seconds."""

    user: float
    system: float

    def __sub__(self, other: "CPU") -> "CPU":
        return CPU(self.user - other.user, self.system - other.system)


@dataclass(frozen=True, slots=True)
class Stat:
    """What /proc/PID/stat says. *ticks* is the CPU time of the process and of those children that have ended."""

    pid: int
    parent: int
    ticks: Ticks


@dataclass(frozen=True, slots=True)
class Cores:
    """Where things run. On a machine with a single core it is the same one, and the report says so."""

    server: int
    load: int


def parse_stat(text: str) -> Stat:
    """Parse proc_pid_stat(5). The name in brackets may hold spaces and brackets itself."""
    pid = text.partition(" ")[0]
    fields = text.rpartition(")")[2].split()
    # Numbered from 3, the state: 4 is the parent; 14 to 17 are utime, stime, cutime and cstime.
    utime, stime, cutime, cstime = map(int, fields[11:15])
    return Stat(int(pid), int(fields[1]), Ticks(utime + cutime, stime + cstime))


def family(pid: int, stats: Mapping[int, Stat]) -> Iterator[Stat]:
    """*pid* and all that descend from it. Raises KeyError where it is not."""
    yield stats[pid]
    for stat in stats.values():
        if stat.parent == pid:
            yield from family(stat.pid, stats)


def read_stats(proc: Path = Path("/proc")) -> dict[int, Stat]:
    """Every process there is now."""
    stats: list[Stat] = []
    for entry in proc.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # It has just ended.
                stats.append(parse_stat((entry / "stat").read_text()))
    return {stat.pid: stat for stat in stats}


def cpu_of(pid: int) -> CPU:
    """The CPU time that *pid* and its descendants have used. Raises KeyError if it has ended."""
    ticks = sum((stat.ticks for stat in family(pid, read_stats())), Ticks(0, 0))
    return CPU(ticks.user / TICKS_PER_SECOND, ticks.system / TICKS_PER_SECOND)


def parse_rollup(text: str) -> int:
    """The bytes of `Pss` in /proc/PID/smaps_rollup: what is shared is divided by those that share it."""
    (line,) = (line for line in text.splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) * 1024


def memory_of(pid: int) -> int:
    """The memory in bytes of *pid* and its descendants. Raises KeyError if it has ended."""
    members = [stat.pid for stat in family(pid, read_stats())]
    return sum(parse_rollup(Path(f"/proc/{member}/smaps_rollup").read_text()) for member in members)


def choose_cores() -> Cores:
    """The first and the last of the cores that this process may use: far from each other, if they share anything."""
    available = sorted(os.sched_getaffinity(0))
    return Cores(server=available[0], load=available[-1])


@contextlib.contextmanager
def pinned(core: int) -> Iterator[None]:
    """Whatever is started in the block stays on *core*: a child inherits it, threads and children of its own too."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
