"""The lobby's tests run over everything that its sockets can be watched with here."""

from functools import partial

import pytest

from .kqueues import openers
from .lobbies import Attended, attended_with


@pytest.fixture(params=openers())
def attended(request: pytest.FixtureRequest) -> Attended:
    """A lobby over each poller that can be had."""
    return partial(attended_with, openers()[request.param])
