"""How words look on a terminal, by what they mean; legible on a light background and on a dark one.

No palette has a green, a yellow or a cyan that can be read on white, nor a red or a blue on black. So a colour is only
ever a background, with white on it, of the 256 colours that look the same everywhere. Other words have the terminal's
own colour, bold or faint. What a look says is also said in words.
"""

from enum import Enum, unique
from typing import Final

import click

#: Numbers among the 256 colours: #ffffff, #008700, #d70000.
_WHITE: Final = 231
_GREEN: Final = 28
_RED: Final = 160


@unique
class Look(Enum):
    """What is said by how words look."""

    #: all is well
    GOOD = "good"
    #: something is wrong
    BAD = "bad"
    #: look here first
    STRONG = "strong"
    #: to be skipped, unless it is looked for
    FAINT = "faint"
    #: to be taken out
    STRUCK = "struck"


#: What `click.style` is told.
STYLES: Final[dict[Look, dict[str, int | bool]]] = {
    Look.GOOD: {"fg": _WHITE, "bg": _GREEN, "bold": True},
    Look.BAD: {"fg": _WHITE, "bg": _RED, "bold": True},
    Look.STRONG: {"bold": True},
    Look.FAINT: {"dim": True},
    Look.STRUCK: {"strikethrough": True},
}


def styled(text: str, look: Look | None) -> str:
    """*text* so; as it is without a look, and nothing stays nothing."""
    return click.style(text, **STYLES[look]) if text and look is not None else text  # type: ignore[arg-type]
