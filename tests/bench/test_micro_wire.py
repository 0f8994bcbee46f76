"""What the micro-benchmark of the wire measures is what it says."""

import pytest

from bench.micro_wire import CASES, GET, LIMITS, PREFLIGHT, START, knowing, read, service
from corserver.http.memory import Memory
from corserver.http.preflights import Preflights
from corserver.http.wire import ResponseHeads
from corserver.http.wire.request_heads import recall


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_case_runs(case: object) -> None:
    assert callable(case)
    case()


def test_the_heads_are_read_and_recalled() -> None:
    assert read(GET).can_start()
    for head in (GET, PREFLIGHT):
        assert recall(head, LIMITS, knowing()) is not None


def test_the_answers_are_right_and_the_same_with_a_memory() -> None:
    assert ResponseHeads(b"a").template(START) == ResponseHeads(b"a", Memory()).template(START)
    prepared = [Preflights(service(remembers)).answer(PREFLIGHT) for remembers in (True, False)]
    assert all(one is not None and one.status == 204 for one in prepared)
