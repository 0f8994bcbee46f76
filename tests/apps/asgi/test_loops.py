"""Which loop an app runs on, and what is said where it cannot."""

import subprocess
import sys
from pathlib import Path

import pytest

_OPEN = """
import trio
from corserver.apps.asgi.loops import LoopName, open_loop

async def main():
    async with open_loop(LoopName.AUTO, object()):
        pass

trio.run(main)
"""


@pytest.mark.parametrize(
    ("library", "said"),
    [
        ("raise ImportError('there is none')", "needs the library trio-asyncio: pip install 'corserver[run]'"),
        (
            "import asyncio\nasyncio.no_such_thing",
            "has no attribute 'no_such_thing'): use a newer trio-asyncio",
        ),
    ],
    ids=["missing", "too old for this Python"],
)
def test_without_a_trio_asyncio_that_works_it_is_said_what_to_do(tmp_path: Path, library: str, said: str) -> None:
    (tmp_path / "trio_asyncio.py").write_text(library)
    code = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n{_OPEN}"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stderr.splitlines()[-1].startswith("RuntimeError: "), ended.stderr
    assert said in ended.stderr
    assert "--loop trio" in ended.stderr
