"""What wrk wrote becomes a count, or an error."""

import pytest

from bench.load import BenchmarkError, Load, parse_output

OUTPUT = """Running 4s test @ http://127.0.0.1:1/items/7
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.05ms  100.00us   4.20ms   90.00%%
  120000 requests in 4.00s, 30.00MB read
Requests/sec:  30000.00

{"requests": 120000, "microseconds": 4000123, "p50": 900, "p90": 1200, "p99": 2500, \
"connect": 0, "read": %d, "write": 0, "timeout": 0, "status": %d}
"""


def test_the_count_is_taken_from_the_line_of_json() -> None:
    assert parse_output(OUTPUT % (0, 0)) == Load(120000, 4.000123, p50=900, p90=1200, p99=2500)


@pytest.mark.parametrize(
    ("read", "status", "words"), [(0, 7, "of 120000 answers 7, not 0, were errors"), (2, 0, "'read': 2")]
)
def test_a_single_error_spoils_the_figure(read: int, status: int, words: str) -> None:
    with pytest.raises(BenchmarkError, match=words):
        parse_output(OUTPUT % (read, status))


@pytest.mark.parametrize(
    "output", ["unable to connect to 127.0.0.1:1 Connection refused", (OUTPUT % (0, 0)).replace("120000", "0"), ""]
)
def test_no_result_is_an_error(output: str) -> None:
    with pytest.raises(BenchmarkError):
        parse_output(output)


def test_where_the_answer_is_an_error_every_one_must_be() -> None:
    assert parse_output(OUTPUT % (0, 120000), refused=True).requests == 120000
    with pytest.raises(BenchmarkError, match="of 120000 answers 119999, not 120000, were errors"):
        parse_output(OUTPUT % (0, 119999), refused=True)
