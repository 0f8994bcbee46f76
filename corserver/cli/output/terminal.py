"""What a terminal can show: whether the output is coloured, how wide it may be, and where its lines break."""

import os
import shutil
import sys
import textwrap
from typing import TextIO

#: Wider prose is tiring to read.
MAX_WIDTH = 100


def wants_colour(stream: TextIO) -> bool:
    """no-color.org and force-color.org; otherwise as *stream* is a terminal that knows of colours or not."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


def width() -> int | None:
    """The columns of the terminal that stdout is; None where it is none, and nothing is to be wrapped."""
    return min(shutil.get_terminal_size().columns, MAX_WIDTH) if sys.stdout.isatty() else None


def unbroken(text: str) -> str:
    """*text*, such as a flag and its value, for `wrapped` to keep in one line, as somebody may want to copy it."""
    return text.replace(" ", "\xa0")


def wrapped(text: str, width: int | None) -> list[str]:
    """Lines of *text*, of *width* columns; a word that is longer stays whole."""
    lines = [text] if width is None else textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace("\xa0", " ") for line in lines]
