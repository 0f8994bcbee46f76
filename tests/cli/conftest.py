"""The directory that the tests of the command line serve."""

import os
from pathlib import Path

import pytest


@pytest.fixture
def public(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "public"
    root.mkdir()
    (root / "data.json").write_text('{"a": 1}')
    (root / "large.bin").write_bytes(b"x" * 20_000_000)
    return root


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with files in three."""
    for name in ("api/data.json", "api/private/data.json", "data.json"):
        (tmp_path / "public" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "public" / name).write_text("{}")
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("CORSERVER_"):
            monkeypatch.delenv(name)
    return tmp_path
