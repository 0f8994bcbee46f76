"""The micro-benchmark of the wire still times what it says."""

import pytest

from bench import exchanges
from bench.idle import head_of
from bench.micro_wire import CASES, GET, GET_FIELDS, PREFLIGHT, PREFLIGHT_FIELDS, judge, respond


@pytest.mark.parametrize("name", CASES)
def test_every_case_runs(name: str) -> None:
    CASES[name]()


def test_the_heads_are_judged_well_formed_and_answered() -> None:
    assert head_of(exchanges.PREFLIGHT, 8000) == PREFLIGHT
    assert judge(PREFLIGHT).can_start()
    assert respond(PREFLIGHT, 204, PREFLIGHT_FIELDS).startswith(b"HTTP/1.1 204 No Content\r\n")
    assert respond(GET, 200, GET_FIELDS).startswith(b"HTTP/1.1 200 OK\r\n")
