"""A command on a pseudo-terminal, as a user runs it, and a picture of what the terminal shows in the end."""

import fcntl
import io
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text


def _rgb(text: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(text)
    return red, green, blue


#: How long is waited for something to be shown, in seconds.
_PATIENCE: Final = 30.0
#: What a terminal is coloured like: dark, so that it looks like one on any page.
_THEME: Final = TerminalTheme(
    _rgb("0d1117"),
    _rgb("c9d1d9"),
    list(map(_rgb, ("484f58", "ff7b72", "3fb950", "d29922", "58a6ff", "bc8cff", "39c5cf", "b1bac4"))),
    list(map(_rgb, ("6e7681", "ffa198", "56d364", "e3b341", "79c0ff", "d2a8ff", "56d4dd", "ffffff"))),
)
#: rich's own frame, but for the fonts: it would load them from elsewhere.
_FORMAT: Final = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font: {char_height}px/{line_height}px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}}
.{unique_id}-title {{ font: 600 16px system-ui, sans-serif }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class Terminal:
    """A command that runs on a terminal of its own: what it has written, and how to wait for more of it."""

    def __init__(self, words: Sequence[str], directory: Path, columns: int) -> None:
        self.words = words
        self.columns = columns
        self.output = ""
        with warnings.catch_warnings():  # To fork with threads may go wrong, unless the child execs at once.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._pid, self._fd = pty.fork()
        if self._pid == 0:
            _become(words, directory)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first match in all that is shown, as soon as it is there."""
        until = time.monotonic() + _PATIENCE
        while (found := re.search(pattern, self.output)) is None:
            if time.monotonic() > until or not self._read(0.2):
                raise TimeoutError(f"{self.words} did not show {pattern!r}, but:\n{self.output}")
        return found

    def end(self, key: bytes = b"\x03") -> None:
        """Press *key* (Ctrl-C), and wait for the end."""
        if key:
            os.write(self._fd, key)
        while self._read(_PATIENCE):
            pass

    def close(self) -> None:
        """End it, if it has not ended, and give the terminal back."""
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._fd)

    def _read(self, seconds: float) -> bool:
        """Whether there may be more."""
        if not select.select([self._fd], [], [], seconds)[0]:
            return True
        try:
            self.output += os.read(self._fd, 65536).decode()
        except OSError:  # EIO: nobody has the other end any more.
            return False
        return True

    def picture(self, name: str) -> str:
        """An SVG of the command as it was typed, and of what it wrote."""
        console = Console(record=True, width=self.columns, file=io.StringIO(), color_system="truecolor")
        typed = Text.assemble(("$ ", "bright_black"), (" ".join(["corserver", *self.words]), "bold"))
        for line in (typed, *map(Text.from_ansi, self.output.rstrip().split("\r\n"))):
            console.print(line, soft_wrap=True)
        return console.export_svg(title="corserver", theme=_THEME, code_format=_FORMAT, unique_id=name)


def _become(words: Sequence[str], directory: Path) -> None:
    os.chdir(directory)
    unwanted = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
    environment = {name: value for name, value in os.environ.items() if name not in unwanted}
    os.execve(sys.executable, [sys.executable, "-m", "corserver", *words], {**environment, "TERM": "xterm-256color"})


@contextmanager
def terminal(*words: str, directory: Path, columns: int = 116) -> Iterator[Terminal]:
    """`corserver` with these *words* in *directory*, until the block is left."""
    running = Terminal(words, directory, columns)
    try:
        yield running
    finally:
        running.close()
