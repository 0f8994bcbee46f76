"""Where the command line's logs go: a line for each exchange to stdout, warnings and errors to stderr."""

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, unique
from typing import TextIO

from corserver.cli.output.access_log import AccessLog, Lines, Reader
from corserver.cli.output.room import PIECE, has_room
from corserver.cli.output.terminal import wants_colour
from corserver.cli.output.text_lines import TextLines
from corserver.http.log import Entry, common, json_line
from corserver.http.repeated import Repeated
from corserver.tools.words import plain


@unique
class LogFormat(Enum):
    """How an exchange is written."""

    #: For people, coloured where it is a terminal, with the time of day.
    TEXT = "text"
    #: The Common Log Format.
    CLF = "clf"
    #: A JSON object a line.
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Output:
    """What is written. *lines* is whether each exchange is; *quiet* leaves out everything but warnings and errors;
    *verbose* shows the heads, and says of what was denied how to mend it.

    *ready_line*: another program has started this one, and reads stdout: a JSON object once it serves, then the log if
    that is for programs.
    """

    format: LogFormat = LogFormat.TEXT
    lines: bool = True
    quiet: bool = False
    verbose: bool = False
    ready_line: bool = False

    def access_log(self, *readers: Reader, hidden: Sequence[str] = ()) -> AccessLog | None:
        """What `serve` calls after every exchange, for *readers* and the lines; None where nobody wants to know.

        What is at a *hidden* path, which ends in `/*`, is left out.
        """
        line = self._line()
        everybody: tuple[Reader, ...] = readers if line is None else (Lines(line), *readers)
        prefixes = tuple(path.removesuffix("*").encode("ascii") for path in hidden)
        return AccessLog(*everybody, hidden=prefixes) if everybody else None

    def _line(self) -> Callable[[Entry], str] | None:
        if not self.has_lines:
            return None
        match self.format:
            case LogFormat.CLF:
                return common
            case LogFormat.JSON:
                return json_line
        width = 0 if sys.stdout.isatty() else None
        return TextLines(coloured=wants_colour(sys.stdout), width=width, verbose=self.verbose)

    @property
    def has_lines(self) -> bool:
        """Whether there is a line for each exchange."""
        return self.lines and not self.quiet and not (self.ready_line and self.format is LogFormat.TEXT)

    @property
    def is_for_people(self) -> bool:
        """Whether there are a banner, a summary, and words on what happens."""
        return not (self.quiet or self.ready_line)

    @property
    def banner_is_aside(self) -> bool:
        """Whether what is said for people goes to stderr, so that a program can read every line of stdout."""
        return self.format is not LogFormat.TEXT


class PlainFormatter(logging.Formatter):
    """`LEVEL message`, further lines and a traceback indented below it. Control characters are escaped, also the line
    feeds of what is put into a message, so that nobody forges a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        lines = [record.getMessage()] if record.args else str(record.msg).split("\n")
        if record.exc_info:
            lines += self.formatException(record.exc_info).split("\n")
        return f"{record.levelname} " + "\n  ".join(map(plain, lines))


class PatientHandler(logging.StreamHandler[TextIO]):
    """Writes to stderr as far as there is room. What was not written whole is counted, and said once there is."""

    _lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write *record*."""
        try:
            text = self.format(record) + self.terminator
            if self._lost:
                text = f"\nWARNING {self._lost} messages are missing here: whoever reads them is slow\n{text}"
            self._lost += 1
            for start in range(0, len(text), PIECE):
                if not has_room(self.stream):
                    return
                self.stream.write(text[start : start + PIECE])
                self.flush()
            self._lost = 0
        except Exception:
            self.handleError(record)


def log_to_stderr() -> Repeated:
    """Write what corserver and trio log to stderr, repeated messages counted instead of written."""
    repeated = Repeated()
    handler = PatientHandler()
    handler.setFormatter(PlainFormatter())
    handler.addFilter(repeated)
    for name in ("corserver", "trio"):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.propagate = False
    return repeated


def log_rest(repeated: Repeated) -> None:
    """Say what was left out and not said yet."""
    for sentence in repeated.rest():
        logging.getLogger("corserver").warning("%s", sentence)
