"""The looks of words: each has a style, and none but these is used."""

import ast
from pathlib import Path

import click
import pytest

import corserver
from corserver.tools.looks import STYLES, Look, styled

PACKAGE = Path(corserver.__file__).parent


def luminance(colour: int) -> float:
    """WCAG 2 "relative luminance" of one of the 216 colours that are the same in every palette."""
    assert 16 <= colour <= 231, "the first sixteen are as the user's palette has them"
    levels = [(0, 95, 135, 175, 215, 255)[(colour - 16) // power % 6] / 255 for power in (36, 6, 1)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in levels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("look", Look)
def test_words_can_be_read_whatever_the_terminals_background(look: Look) -> None:
    style = STYLES[look]
    assert ("fg" in style) == ("bg" in style)
    if "fg" in style:
        darker, lighter = sorted(luminance(style[ground]) + 0.05 for ground in ("fg", "bg"))
        assert lighter / darker >= 4.5


def test_nobody_else_styles_words() -> None:
    found = [
        path.relative_to(PACKAGE)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute | ast.alias)
        and getattr(node, "attr", getattr(node, "name", "")) in ("style", "secho")
    ]
    assert found == [Path("tools/looks.py")]


def test_nothing_stays_nothing() -> None:
    assert styled("", Look.BAD) == ""
    assert styled("words", None) == "words"
    assert click.unstyle(styled("words", Look.BAD)) == "words" != styled("words", Look.BAD)
