"""CPU time of a process with its children, and the cores that processes are kept on. Linux only."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Stat:
    """What /proc/PID/stat says. *ticks* is the CPU time of the process and of those children that have ended."""

    pid: int
    parent: int
    ticks: int


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
    return Stat(int(pid), int(fields[1]), sum(int(field) for field in fields[11:15]))


def ticks_of(pid: int, stats: Mapping[int, Stat]) -> int:
    """The CPU time of *pid* and of all that descend from it, in clock ticks. Raises KeyError where it is not."""
    children = (stat.pid for stat in stats.values() if stat.parent == pid)
    return stats[pid].ticks + sum(ticks_of(child, stats) for child in children)


def read_stats(proc: Path = Path("/proc")) -> dict[int, Stat]:
    """Every process there is now."""
    stats: list[Stat] = []
    for entry in proc.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # It has just ended.
                stats.append(parse_stat((entry / "stat").read_text()))
    return {stat.pid: stat for stat in stats}


def seconds_of(pid: int) -> float:
    """The CPU seconds, user and system, that *pid* and its descendants have used. Raises KeyError if it has ended."""
    return ticks_of(pid, read_stats()) / TICKS_PER_SECOND


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
