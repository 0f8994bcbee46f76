"""The results that bench/README.md has, as tables again: what is drawn and what is written are the same figures."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.figures import Result, Table, Unit

README: Final = Path(__file__).parent.parent / "bench" / "README.md"
_SECTION: Final = re.compile(r"^### ([a-z0-9-]+): .*\n\n((?:\|.*\n)+)", re.MULTILINE)


def published() -> dict[str, Table]:
    """The newest table of each scenario."""
    found: dict[str, Table] = {}
    for scenario, rows in _SECTION.findall(README.read_text()):
        head, _, *lines = ([cell.strip() for cell in row.strip("|").split("|")] for row in rows.splitlines())
        found.setdefault(scenario, Table(scenario, Unit(head[1]), tuple(_results(lines))))
    return found


def _results(lines: list[list[str]]) -> Iterator[Result]:
    for name, figure, spread, *_ in lines:
        low, high = map(float, spread.split("-"))
        yield Result(name, "", (low, float(figure), high))
