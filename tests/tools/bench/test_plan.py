"""Shares make the whole."""

import pytest

from corserver.tools.bench.plan import Plan


@pytest.mark.parametrize("processes", [1, 2, 3, 7, 50])
def test_the_shares_make_the_whole(processes: int) -> None:
    plan = Plan(host="h", port=1, request=b"", connections=7, requests=100, rate=1000.0)
    shares = plan.shares(processes)
    assert len(shares) == min(processes, 7)
    assert sum(share.connections for share in shares) == 7
    assert sum(share.requests or 0 for share in shares) == 100
    assert sum(share.rate or 0 for share in shares) == pytest.approx(1000)
    assert all(share.connections for share in shares)
