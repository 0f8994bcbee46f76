"""Time per decision of the CORS engine, by pyperf: ordinary requests, many origins, and hostile ones.

    python -m bench.micro            a table at the end (options as pyperf's: --fast, -o FILE.json, ...)

What must be seen in the table: the number of origins does not matter, and no header that a peer can send costs more
than reading it once. A decision is timed from the header values on, with its header lines put on a response.
"""

import itertools
import time
from collections.abc import Callable, Mapping

import pyperf

from corserver.cors import CORSRequest, Decision, Policy

GOOD, BAD = b"https://app.example.com", b"https://evil.example"
FILE = ((b"Content-Type", b"application/json"), (b"ETag", b'"1"'), (b"Cache-Control", b"no-cache"))
PATTERNS = ["https://*.example.com", "http://localhost:*"]


def many(count: int) -> list[str]:
    return [f"https://site{number}.example" for number in range(count - 1)] + [GOOD.decode()]


def policy(origins: list[str]) -> Policy:
    return Policy(origins, ["PUT", "PATCH"], ["content-type", "x-request-id"], ["etag"], max_age=600)


def echoing() -> Policy:
    return Policy(many(1), ["*"], ["*"], credentials=True)


def preflight(origin: bytes, *headers: bytes) -> CORSRequest:
    return CORSRequest(b"OPTIONS", (origin,), (b"PUT",), headers or (b"content-type",))


def actual(*origins: bytes) -> CORSRequest:
    return CORSRequest(b"GET", origins)


def answer(decision: Decision) -> object:
    return decision.decorate(() if decision.status else FILE)


def reason(decision: Decision) -> object:
    return decision.sentence


#: name -> the policy (made only where it is timed), the request, and what is done with the decision
Case = tuple[Callable[[], Policy], CORSRequest, Callable[[Decision], object]]
CASES: dict[str, Case] = {
    "preflight, 1 origin, allowed": (lambda: policy(many(1)), preflight(GOOD), answer),
    "preflight, 10 000 origins, allowed": (lambda: policy(many(10_000)), preflight(GOOD), answer),
    "preflight, 1 origin, denied": (lambda: policy(many(1)), preflight(BAD), answer),
    "preflight, 10 000 origins, denied": (lambda: policy(many(10_000)), preflight(BAD), answer),
    "preflight, pattern, allowed": (lambda: policy(PATTERNS), preflight(GOOD), answer),
    "preflight, pattern, denied": (lambda: policy(PATTERNS), preflight(BAD), answer),
    "preflight, any origin": (lambda: policy(["*"]), preflight(BAD), answer),
    "preflight, echo of one header": (echoing, preflight(GOOD), answer),
    "actual, allowed": (lambda: policy(many(1)), actual(GOOD), answer),
    "actual, denied": (lambda: policy(many(1)), actual(BAD), answer),
    "actual, without Origin": (lambda: policy(many(1)), actual(), answer),
    "hostile: origin of 120 labels": (lambda: policy(PATTERNS), preflight(b"https://" + b"a." * 120 + b"b"), answer),
    "hostile: origin of 64 KiB": (lambda: policy(PATTERNS), preflight(b"https://" + b"a" * 65536), answer),
    "hostile: 1 MiB of commas": (lambda: policy(many(1)), preflight(GOOD, b"," * 2**20), answer),
    "hostile: 1 MiB of commas, echo": (echoing, preflight(GOOD, b"," * 2**20), answer),
    "hostile: 8 KiB of commas, echo": (echoing, preflight(GOOD, b"," * 8192), answer),
    "hostile: 1 000 header lines": (lambda: policy(many(1)), preflight(GOOD, *[b"x-a"] * 1000), answer),
    "why, for the log: method and header": (lambda: policy(many(1)), preflight(GOOD), reason),
    "why, for the log: near miss of 10 000": (
        lambda: policy(many(10_000)),
        preflight(b"http://app.example.com"),
        reason,
    ),
}


def timed(case: Case) -> Callable[[int], float]:
    make, request, use = case

    def time_loops(loops: int) -> float:
        rules = make()
        start = time.perf_counter()
        for _ in itertools.repeat(None, loops):
            use(rules.decide(request))
        return time.perf_counter() - start

    return time_loops


def print_table(heading: str, results: Mapping[str, pyperf.Benchmark | None]) -> None:
    """The mean of each case that was run, and how far its values lie apart."""
    print(f"\n{heading:<40}{'mean':>12}{'spread':>9}")
    for name, benchmark in results.items():
        if benchmark is not None:
            mean = benchmark.mean()
            print(f"{name:<40}{mean * 1e6:>9.2f} µs{benchmark.stdev() / mean:>9.0%}")


def main() -> None:
    """Run all cases; pyperf starts this module again for each of its worker processes."""
    runner = pyperf.Runner(program_args=("-m", "bench.micro"))
    results = {name: runner.bench_time_func(name, timed(case)) for name, case in CASES.items()}
    if not runner.args.worker:
        print_table("time per decision", results)


if __name__ == "__main__":
    main()
