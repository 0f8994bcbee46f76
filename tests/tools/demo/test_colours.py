"""The colours of the page's stylesheet: each text can be told from what it stands on, by day and by night."""

import itertools
import re
from importlib.resources import files

import pytest

SHEET = (files("corserver.tools.sequence") / "page" / "sequence.css").read_text()
#: WCAG 2.2, 1.4.3: the least contrast of text.
LEAST = 4.5
PAIRS = [
    *itertools.product(("ink", "soft", "accent", "ok", "bad"), ("paper", "card")),
    ("ok", "ok-paper"),
    ("bad", "bad-paper"),
    ("ink", "bad-paper"),
    ("paper", "accent"),
]


def colours(scheme: str) -> dict[str, str]:
    """The custom properties of a colour scheme; the dark ones come second."""
    found = re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", SHEET)
    light = dict(found[: len(found) // 2])
    return light if scheme == "light" else light | dict(found[len(found) // 2 :])


def luminance(colour: str) -> float:
    """WCAG 2.2 "relative luminance"."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_told_from_what_it_stands_on(scheme: str) -> None:
    names = colours(scheme)
    assert (luminance(names["ink"]) < luminance(names["paper"])) is (scheme == "light")
    ratios = {}
    for pair in PAIRS:
        darker, lighter = sorted(luminance(names[name]) for name in pair)
        ratios[pair] = (lighter + 0.05) / (darker + 0.05)
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < LEAST} == {}


def test_no_text_is_made_paler_than_its_colour() -> None:
    sheet = (files("corserver.tools.demo") / "page" / "style.css").read_text()
    assert set(re.findall(r"opacity: ([0-9.]+)", sheet + SHEET)) <= {"1"}
