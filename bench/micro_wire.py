"""Time per head of the wire, by pyperf: gate and h11 judging a request, and the head of a response.

    python -m bench.micro_wire       a table at the end (options as pyperf's: --fast, -o FILE.json, ...)

Everything here that names something inside `corserver.http` is in `judge` and `respond`.
"""

import functools
import itertools
import time
from collections.abc import Callable

import pyperf

from bench import exchanges
from bench.answers import ACTUAL_ANSWER, PREFLIGHT_ANSWER
from bench.idle import head_of
from corserver.http.gate import screen
from corserver.http.limits import Limits
from corserver.http.wire import Wire

LIMITS = Limits()
PREFLIGHT = head_of(exchanges.PREFLIGHT, 8000)
GET = head_of(exchanges.GET, 8000)
PREFLIGHT_FIELDS = [(name.encode(), value.encode()) for name, value in PREFLIGHT_ANSWER.items()]
GET_FIELDS = [
    *((name.encode(), value.encode()) for name, value in ACTUAL_ANSWER.items()),
    (b"Content-Type", b"application/json"),
    (b"Content-Length", b"0"),
]


def judge(head: bytes) -> Wire:
    """A new connection's wire that has been given *head* and has judged it."""
    wire = Wire(LIMITS)
    wire.receive(head)
    wire.next_head()
    return wire


def respond(head: bytes, status: int, fields: list[tuple[bytes, bytes]]) -> bytes:
    """The same, and a response."""
    wire = judge(head)
    return wire.start(status, fields) + wire.finish()


CASES: dict[str, Callable[[], object]] = {
    "gate alone, preflight": functools.partial(screen, PREFLIGHT, LIMITS),
    "gate and h11, preflight": functools.partial(judge, PREFLIGHT),
    "gate and h11, GET": functools.partial(judge, GET),
    "the same with a 204": functools.partial(respond, PREFLIGHT, 204, PREFLIGHT_FIELDS),
    "the same with a 200": functools.partial(respond, GET, 200, GET_FIELDS),
}


def timed(case: Callable[[], object]) -> Callable[[int], float]:
    """*case* as pyperf wants it."""

    def time_loops(loops: int) -> float:
        start = time.perf_counter()
        for _ in itertools.repeat(None, loops):
            case()
        return time.perf_counter() - start

    return time_loops


def main() -> None:
    """Run all cases; pyperf starts this module again for each of its worker processes."""
    runner = pyperf.Runner(program_args=("-m", "bench.micro_wire"))
    results = [(name, runner.bench_time_func(name, timed(case))) for name, case in CASES.items()]
    if runner.args.worker:
        return
    print(f"\n{'time per head':<40}{'mean':>12}{'spread':>9}")
    for name, benchmark in results:
        if benchmark is not None:
            mean = benchmark.mean()
            print(f"{name:<40}{mean * 1e6:>9.2f} µs{benchmark.stdev() / mean:>9.0%}")


if __name__ == "__main__":
    main()
