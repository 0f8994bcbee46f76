"""Whether the output is coloured, and how wide it may be."""

import os
import shutil
import sys
from typing import TextIO

#: Wider prose is tiring to read.
MAX_WIDTH = 100


def wants_colour(stream: TextIO) -> bool:
    """no-color.org and force-color.org; otherwise as *stream* is a terminal or not."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


def width() -> int | None:
    """The columns of the terminal that stdout is; None where it is none, and nothing is to be wrapped."""
    return min(shutil.get_terminal_size().columns, MAX_WIDTH) if sys.stdout.isatty() else None
