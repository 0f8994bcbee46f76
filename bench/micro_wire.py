"""Time per head of the wire, by pyperf: judged or recalled, serialised or filled in; and preflights as a whole.

python -m bench.micro_wire       a table at the end (options as pyperf's: --fast, -o FILE.json, ...)
"""

import functools
from collections.abc import Callable

import pyperf

from bench import exchanges
from bench.answers import ACTUAL_ANSWER
from bench.micro import print_table
from bench.server import app
from corserver.cors.decision import Decoration
from corserver.cors.scopes import Scopes
from corserver.http.exchange import Service
from corserver.http.gate import screen
from corserver.http.limits import Limits
from corserver.http.memory import Memory
from corserver.http.preflights import Preflights
from corserver.http.wire import ResponseHeads, Wire, judge
from corserver.http.wire.request_heads import KnownSections
from corserver.http.wire.response_heads import ResponseStart

LIMITS = Limits()
PREFLIGHT = exchanges.PREFLIGHT.as_bytes(8000)
GET = exchanges.GET.as_bytes(8000)
ALLOWED = Decoration(tuple((name.encode(), value.encode()) for name, value in ACTUAL_ANSWER.items()), (), True)
START = ResponseStart(200, ((b"Content-Type", b"application/json"),), ALLOWED, True, False, 1)


def read(head: bytes, known: KnownSections | None = None) -> Wire:
    """A new connection's wire that has been given *head* and has read it."""
    wire = Wire(LIMITS, known)
    wire.take_head(head)
    return wire


def knowing() -> KnownSections:
    """A memory that has seen the heads."""
    known: KnownSections = Memory()
    for head in (PREFLIGHT, GET) * 3:
        read(head, known)
    return known


def service(remembers: bool) -> Service:
    """What the connections of the measured server share."""
    return Service(app=app, scopes=Scopes.of(app.cors), remembers=remembers)


def fill(heads: ResponseHeads) -> bytes:
    return heads.template(START).filled(27)


CASES: dict[str, Callable[[], object]] = {
    "gate alone, preflight": functools.partial(screen, PREFLIGHT, LIMITS),
    "gate and h11, preflight": functools.partial(judge, PREFLIGHT, LIMITS),
    "gate and h11, GET": functools.partial(judge, GET, LIMITS),
    "a wire, GET judged": functools.partial(read, GET),
    "a wire, GET recalled": functools.partial(read, GET, knowing()),
    "response head, serialised": functools.partial(fill, ResponseHeads(b"corserver")),
    "response head, filled in": functools.partial(fill, ResponseHeads(b"corserver", Memory())),
    "preflight, new": functools.partial(Preflights(service(False)).answer, PREFLIGHT),
    "preflight, known": functools.partial(Preflights(service(True)).answer, PREFLIGHT),
}


def main() -> None:
    """Run all cases; pyperf starts this module again for each of its worker processes."""
    runner = pyperf.Runner(program_args=("-m", "bench.micro_wire"))
    results = {name: runner.bench_func(name, case) for name, case in CASES.items()}
    if not runner.args.worker:
        print_table("time per head", results)


if __name__ == "__main__":
    main()
