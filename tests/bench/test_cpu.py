"""CPU time: parsed from /proc, summed over a tree of processes."""

import os
import subprocess
import sys

import pytest

from bench.cpu import CPU, Stat, Ticks, choose_cores, cpu_of, family, memory_of, parse_rollup, parse_stat, pinned

#: A line of proc(5), with the CPU times of the process (7 and 5) and of its ended children (3 and 2).
LINE = "%d (%s) S 1 42 42 0 -1 4194560 100 200 0 0 7 5 3 2 20 0 1 0 12345 1000000 500 184 0 0"


@pytest.mark.parametrize("name", ["wrk", "nginx: worker", "a) R 9 (b", ""])
def test_a_stat_line_is_parsed_whatever_the_name(name: str) -> None:
    assert parse_stat(LINE % (42, name)) == Stat(pid=42, parent=1, ticks=Ticks(user=10, system=7))


def test_a_process_comes_with_all_below_it() -> None:
    stats = [Stat(1, 0, Ticks(9, 9)), Stat(2, 1, Ticks(1, 2)), Stat(3, 2, Ticks(0, 0)), Stat(4, 3, Ticks(0, 0))]
    assert [stat.pid for stat in family(2, {stat.pid: stat for stat in stats})] == [2, 3, 4]


def test_times_are_added_and_subtracted_each_for_itself() -> None:
    assert Ticks(1, 2) + Ticks(10, 20) == Ticks(11, 22)
    assert CPU(5.0, 3.0) - CPU(1.0, 2.0) == CPU(4.0, 1.0)


def test_a_process_that_is_gone_has_no_time() -> None:
    with pytest.raises(KeyError):
        list(family(2, {}))


def test_the_time_of_a_child_that_has_ended_still_counts() -> None:
    before = cpu_of(os.getpid())
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    subprocess.run([sys.executable, "-c", burn], check=True)
    used = cpu_of(os.getpid()) - before
    assert used.user + used.system >= 0.2


def test_memory_is_the_proportional_set_size() -> None:
    assert parse_rollup("55d0-7ffd ---p 0 00:00 0 [rollup]\nRss:  300 kB\nPss:  120 kB\nPss_Dirty: 7 kB\n") == 122880
    assert memory_of(os.getpid()) > 1024 * 1024


def test_what_is_started_while_pinned_stays_on_the_core() -> None:
    before = os.sched_getaffinity(0)
    core = choose_cores().server
    with pinned(core):
        command = [sys.executable, "-c", "import os; print(*os.sched_getaffinity(0))"]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.split() == [str(core)]
    assert os.sched_getaffinity(0) == before
