"""What tests of the lobby share: everything that its sockets can be watched with here, and a file to send."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from .files import CONTENT
from .kqueues import openers
from .lobbies import Attended, attended_with


@pytest.fixture(params=openers())
def attended(request: pytest.FixtureRequest) -> Attended:
    """A lobby over each poller that can be had."""
    return partial(attended_with, openers()[request.param])


@pytest.fixture
def fd(tmp_path: Path) -> Iterator[int]:
    """A file with CONTENT, open."""
    path = tmp_path / "large.bin"
    path.write_bytes(CONTENT)
    fd = os.open(path, os.O_RDONLY)
    yield fd
    os.close(fd)
