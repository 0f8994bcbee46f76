"""Results as a picture: a panel of bars for each scenario, to be read in the light and in the dark."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from bench.figures import Result, Table
from bench.scenarios import SCENARIOS
from bench.targets import is_ours

_WIDTH: Final = 760
_LABELS: Final = 150
_FIGURES: Final = 70
_BAR: Final = 14
_ROW: Final = 20
_HEAD: Final = 46
_MARGIN: Final = 16

# A page that embeds the picture decides nothing: the reader's own preference does.
_STYLE: Final = """
  .paper { fill: #ffffff } .text { fill: #1f2328 } .faint { fill: #59636e }
  .ours { fill: #0969da } .peer { fill: #afb8c1 } .line { stroke: #1f2328 }
  text { font: 12px system-ui, sans-serif } .title { font-weight: 600; font-size: 13px }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 } .text { fill: #f0f6fc } .faint { fill: #9198a1 }
    .ours { fill: #4493f8 } .peer { fill: #59636e } .line { stroke: #f0f6fc }
  }
"""


def picture(tables: Sequence[Table], caption: str = "") -> str:
    """An SVG document. The shorter a bar, the better; the thin line is from the lowest round to the highest."""
    shown = [table for table in tables if table.results]
    top, body = _MARGIN, []
    for table in shown:
        body += list(_panel(table, top))
        top += _HEAD + _ROW * len(table.results) + _MARGIN
    body.append(_text(_MARGIN, top + 4, caption, "faint"))
    height = top + _MARGIN + 4
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        'role="img" aria-label="Benchmark results">',
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{_WIDTH}" height="{height}"/>',
        *body,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _panel(table: Table, top: float) -> Iterator[str]:
    says = next((scenario.says for scenario in SCENARIOS if scenario.name == table.scenario), "")
    yield _text(_MARGIN, top + 14, table.scenario, "text title")
    yield _text(_MARGIN, top + 31, f"{says}; {table.unit.value}, less is better", "faint")
    longest = max(result.spread.high for result in table.results) or 1.0
    scale = (_WIDTH - _LABELS - _FIGURES - 2 * _MARGIN) / longest
    for number, result in enumerate(table.results):
        yield from _bar(result, top + _HEAD + number * _ROW, scale)


def _bar(result: Result, top: float, scale: float) -> Iterator[str]:
    spread, left, middle = result.spread, _MARGIN + _LABELS, top + _BAR / 2
    kind = "ours" if is_ours(result.name) else "peer"
    low, high = (left + scale * max(value, 0.0) for value in (spread.low, spread.high))
    yield _text(left - 8, top + 11, result.name, "text", anchor="end")
    width = max(scale * spread.median, 1.0)
    yield f'<rect class="{kind}" x="{left}" y="{top}" width="{width:.1f}" height="{_BAR}" rx="2"/>'
    yield f'<line class="line" x1="{low:.1f}" x2="{high:.1f}" y1="{middle:.1f}" y2="{middle:.1f}"/>'
    value = f"{spread.median:.3g}" if abs(spread.median) < 1000 else f"{spread.median:.0f}"
    yield _text(max(high, left + width) + 6, top + 11, value, "text")


def _text(x: float, y: float, text: str, kind: str, *, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
