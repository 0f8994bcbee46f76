"""Hostile lines: a decision costs little whatever a peer sends, and echoes little of it."""

import gc
import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType

import pytest

from corserver.cors.decision import CORSRequest, Outcome
from corserver.cors.fetch import Field
from corserver.cors.policy import Policy
from tests.cors.vectors.lines import GOOD, acrh, acrm

from .deciding import policy_of


class _Work:
    """Counts the calls, in Python and in C, and the most memory held, while something runs.

    Garbage collection waits meanwhile: what it calls back is no part of the work.
    """

    calls = 0
    peak = 0

    def measure(self, run: Callable[[], object]) -> None:
        gc.disable()
        tracemalloc.start()
        sys.setprofile(self._count)
        try:
            run()
        finally:
            sys.setprofile(None)
            self.peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            gc.enable()

    def _count(self, frame: FrameType, event: str, arg: object) -> None:
        self.calls += event in ("call", "c_call")


def _decided_in_full(policy: Policy, request: CORSRequest) -> None:
    decision = policy.decide(request)
    decision.decorate(())
    assert decision.sentence
    assert decision.fix
    assert decision.near_miss is None or decision.origin_reason.outcome is Outcome.DENIED


_LABELS = b"https://" + b"a." * 122 + b"evil.net"

HOSTILE: dict[str, tuple[Field, ...]] = {
    "a mebibyte of commas": (GOOD, acrm(b"PUT"), acrh(b"," * 1_048_576)),
    "a mebibyte of white space": (GOOD, acrm(b"PUT"), acrh(b" \t" * 524_288)),
    "commas in ten thousand lines": (GOOD, acrm(b"PUT"), *[acrh(b",")] * 10_000),
    "ten thousand names": (GOOD, acrm(b"PUT"), acrh(b",".join(b"x-%d" % n for n in range(10_000)))),
    "ten thousand lines of a name": (GOOD, acrm(b"PUT"), *(acrh(b"x-%d" % n) for n in range(10_000))),
    "a name of 64 KiB": (GOOD, acrm(b"PUT"), acrh(b"x" * 65_536)),
    "names that are not ASCII": (GOOD, acrm(b"PUT"), acrh("ü,ö".encode() * 20_000)),
    "a method of 64 KiB": (GOOD, acrm(b"X" * 65_536)),
    "ten thousand methods": (GOOD, *[acrm(b"PUT")] * 10_000),
    "an origin of 64 KiB": ((b"Origin", b"https://" + b"a" * 65_536), acrm(b"PUT")),
    "an origin of 64 KiB of labels": ((b"Origin", b"https://" + b"a." * 32_768 + b"example.com"), acrm(b"PUT")),
    "an origin of a mebibyte of slashes": ((b"Origin", b"https:" + b"/" * 1_048_576), acrm(b"PUT")),
    "an origin that is not ASCII": ((b"Origin", b"https://" + b"\xff" * 65_536), acrm(b"PUT")),
    "an origin of as many labels as there may be": ((b"Origin", _LABELS), acrm(b"PUT")),
    "ten thousand origins": (*[(b"Origin", b"https://evil.net")] * 10_000, acrm(b"PUT")),
}


@pytest.mark.parametrize("policy", ["P1", "PS", "P*", "echo", "predicate"])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lines_cost_little_and_are_not_echoed(name: str, policy: str) -> None:
    request = CORSRequest.read(b"OPTIONS", HOSTILE[name])
    work = _Work()

    work.measure(lambda: _decided_in_full(policy_of(policy), request))

    assert work.calls < 10_000
    assert work.peak < 262_144
    decision = policy_of(policy).decide(request)
    assert sum(len(key) + len(value) for key, value in (*decision.headers, *decision.vary)) < 1000
    assert len(decision.sentence) + len(decision.fix) < 2000


@pytest.mark.parametrize(
    "lines",
    [
        (GOOD, acrm(b"PUT"), acrh(b"," * 8192)),
        (GOOD, acrm(b"PUT"), acrh(b", " * 4096)),
        (GOOD, acrm(b"PUT"), acrh(b",".join(b"x" * 60 + b"%d" % n for n in range(128)))),
        (GOOD, acrm(b"X" * 64), acrh(b"x" * 8192)),
    ],
    ids=["commas", "commas and spaces", "128 names", "one name"],
)
def test_an_echo_stays_within_its_bounds(lines: tuple[Field, ...]) -> None:
    work = _Work()
    request = CORSRequest.read(b"OPTIONS", lines)

    work.measure(lambda: policy_of("echo").decide(request))

    assert work.calls < 30_000
    assert work.peak < 2_000_000
    assert sum(len(value) for _, value in policy_of("echo").decide(request).headers) < 9000


def test_a_decision_costs_the_same_among_ten_thousand_origins_as_with_one() -> None:
    def calls(size: int, pattern: str, origin: bytes) -> int:
        policy = Policy([pattern.format(number) for number in range(1, size + 1)])
        request = CORSRequest(b"GET", (origin,))
        work = _Work()
        work.measure(lambda: policy.decide(request).decorate(()))
        return work.calls

    for pattern, origin in (
        ("https://h{}.example", b"https://h1.example"),
        ("https://h{}.example", b"https://evil.net"),
        ("https://*.h{}.example", b"https://a.h1.example"),
        ("https://*.h{}.example", _LABELS),
        ("app://h.example:{}", b"app://h.example:10001"),
    ):
        assert calls(1, pattern, origin) == calls(10_000, pattern, origin)
