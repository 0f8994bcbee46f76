"""Shares become one result, its percentiles, and what is to be said of it; held against a baseline."""

import json
from typing import Any

import pytest

from corserver.tools.bench.plan import BenchError, Scenario
from corserver.tools.bench.report import as_json, as_text, baseline_of, compare
from corserver.tools.bench.result import Result, Share, gather


def share(**options: Any) -> Share:
    given: dict[str, Any] = {
        "elapsed": 2.0,
        "cpu": 0.5,
        "latencies": {100: 98, 5000: 2},
        "statuses": {204: 100},
        "errors": {},
        "seconds": (40.0, 60.0),
        "planned": 100,
    }
    return Share(**given | options)


def result(*shares: Share, rate: float | None = None, connections: int = 32, cores: int = 4) -> Result:
    return gather("http://127.0.0.1/", Scenario.PREFLIGHT_ALLOWED, connections, rate, shares or (share(),), cores)


def test_shares_are_added_up() -> None:
    found = result(share(), share(cpu=1.0, errors={"reset": 1}))
    assert (found.requests, found.throughput, found.processes) == (200, 100.0, 2)
    assert (found.seconds, found.errors, found.statuses) == ((80.0, 120.0), {"reset": 1}, {204: 200})
    assert found.cpu == 0.5
    assert found.latency[50] == 100
    assert found.latency[99] == pytest.approx(5000, rel=0.01)


@pytest.mark.parametrize(
    ("options", "rate", "words"),
    [
        ({"cpu": 1.9}, None, "the client is the limit: it used 95% of a core"),
        ({"cpu": 1.9}, 100.0, "the client is the limit: it used 95% of a core"),
        ({"crowd": 0.4}, None, "40% of its other connections had an answer waiting"),
        ({"planned": 200}, 100.0, "of 200 planned requests 100 were answered"),
        ({"errors": {"reset": 1}}, None, "some answers were wrong or missing"),
    ],
)
def test_it_warns(options: dict[str, Any], rate: float | None, words: str) -> None:
    (warning,) = result(share(**options), rate=rate).warnings
    assert words in warning


@pytest.mark.parametrize("options", [{}, {"crowd": 0.2}, {"cpu": 1.5}])
def test_it_does_not_warn_without_reason(options: dict[str, Any]) -> None:
    assert result(share(**options)).warnings == ()


@pytest.mark.parametrize(
    ("connections", "processes", "cpu", "crowd", "held"),
    [
        (1, 1, 0.8, 0.0, 0.4),  # they take turns, and the client has two fifths of each
        (1, 1, 0.02, 0.0, 0.01),  # a slow server
        (4, 1, 0.8, 0.5, 0.25),
        (32, 1, 1.5, 0.0, 0.75 / 32),  # woken for each answer of a server that is the limit
        (4, 4, 0.8, 0.0, 0.4),
        (32, 1, 2.0, 1.0, 1.0),
    ],
)
def test_how_long_a_request_is_with_the_client(
    connections: int, processes: int, cpu: float, crowd: float, held: float
) -> None:
    found = result(*[share(cpu=cpu, crowd=crowd)] * processes, connections=connections)
    assert found.held == pytest.approx(held)
    assert bool(found.warnings) == (held >= 0.2)


def test_with_few_connections_more_are_advised_and_no_process_without_one() -> None:
    (warning,) = result(share(cpu=0.8), connections=1).warnings
    assert warning.endswith("try -c 32 or --emit wrk")
    assert result(share(cpu=0.8), connections=1, rate=100.0).warnings == ()


@pytest.mark.parametrize(("cores", "advice"), [(4, "try --processes 2 or --emit wrk"), (2, "try --emit wrk")])
def test_another_process_is_advised_where_a_core_is_left_for_it(cores: int, advice: str) -> None:
    (warning,) = result(share(cpu=2.0), cores=cores).warnings
    assert warning.endswith(advice)


def test_no_answer_is_no_result() -> None:
    with pytest.raises(BenchError, match="not one right answer came: 3 x reset"):
        result(share(latencies={}, errors={"reset": 3}))


def test_the_text_is_aligned_and_whole() -> None:
    lines = as_text(result(share(), rate=50.0)).splitlines()
    assert lines[0] == "preflight-allowed http://127.0.0.1/"
    assert "  throughput  50 requests/s" in lines
    assert "  per second  40 to 60" in lines
    assert "  99%         5.00 ms" in lines
    assert "  latency     mean 198 us, from the planned time" in lines


def baseline(of: Result, **change: Any) -> float:
    """The figure in what the JSON of *of* is by *change*."""
    found = json.loads(json.dumps(as_json(of))) | change
    return baseline_of(found, Scenario.PREFLIGHT_ALLOWED, 32, of.rate)


@pytest.mark.parametrize(("factor", "slower"), [(1.0, False), (1.05, False), (1.2, True), (0.5, False)])
def test_a_run_is_slower_than_its_baseline_beyond_the_noise(factor: float, slower: bool) -> None:
    assert compare(result(), baseline(result()) * factor)[0] is slower


def test_with_a_rate_the_latency_tells() -> None:
    before = baseline(result(rate=50.0))
    assert before == result(rate=50.0).latency[99]
    assert compare(result(rate=50.0), before / 2)[0]


@pytest.mark.parametrize("change", [{"connections": 1}, {"scenario": "get"}, {"rate": 1}])
def test_a_baseline_of_another_load_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"it is of another load: {next(iter(change))} is "):
        baseline(result(), **change)


@pytest.mark.parametrize("found", [[], {}, None, {"scenario": "preflight-allowed", "connections": 32, "rate": None}])
def test_what_is_no_result_is_no_baseline(found: object) -> None:
    with pytest.raises(ValueError, match="it is no result of --json"):
        baseline_of(found, Scenario.PREFLIGHT_ALLOWED, 32, None)


def test_warnings_are_wrapped_and_one_second_is_no_range() -> None:
    busy = result(share(cpu=2.0, seconds=(50.0,)))
    whole = as_text(busy).splitlines()[-1]
    told, _, warning = as_text(busy, 60).partition("  ! ")
    lines = warning.splitlines()
    assert told.endswith("\n")
    assert "  per second  50\n" in told
    assert len(lines) > 1
    assert max(map(len, lines)) <= 60
    assert "  ! " + " ".join(line.strip() for line in lines) == whole
    assert all(line.startswith("    ") for line in lines[1:])
