"""CPU time: parsed from /proc, summed over a tree of processes."""

import os
import subprocess
import sys

import pytest

from bench.cpu import Stat, choose_cores, parse_stat, pinned, seconds_of, ticks_of

#: A line of proc(5), with the CPU times of the process (7 and 5) and of its ended children (3 and 2).
LINE = "%d (%s) S 1 42 42 0 -1 4194560 100 200 0 0 7 5 3 2 20 0 1 0 12345 1000000 500 184 0 0"


@pytest.mark.parametrize("name", ["wrk", "nginx: worker", "a) R 9 (b", ""])
def test_a_stat_line_is_parsed_whatever_the_name(name: str) -> None:
    assert parse_stat(LINE % (42, name)) == Stat(pid=42, parent=1, ticks=17)


def test_the_time_of_a_process_is_that_of_all_below_it() -> None:
    family = [Stat(1, 0, 1000), Stat(2, 1, 100), Stat(3, 2, 10), Stat(4, 2, 1), Stat(5, 1, 5000)]
    assert ticks_of(2, {stat.pid: stat for stat in family}) == 111


def test_a_process_that_is_gone_has_no_time() -> None:
    with pytest.raises(KeyError):
        ticks_of(2, {})


def test_the_time_of_a_child_that_has_ended_still_counts() -> None:
    before = seconds_of(os.getpid())
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", burn], check=True)
    assert seconds_of(os.getpid()) - before >= 0.2


def test_what_is_started_while_pinned_stays_on_the_core() -> None:
    before = os.sched_getaffinity(0)
    core = choose_cores().server
    with pinned(core):
        command = [sys.executable, "-c", "import os; print(*os.sched_getaffinity(0))"]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.split() == [str(core)]
    assert os.sched_getaffinity(0) == before
