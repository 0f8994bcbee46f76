"""Where the command line's logs go: a line for each exchange to stdout, warnings and errors to stderr."""

import logging
import sys
from dataclasses import dataclass
from enum import Enum, unique

from corserver.cli.access_log import AccessLog, TextLines
from corserver.cli.colour import wants_colour
from corserver.http.log import Repeated, common, json_line


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
    """What is written. *lines* is whether each exchange is; *quiet* leaves out everything but warnings and errors."""

    format: LogFormat = LogFormat.TEXT
    lines: bool = True
    quiet: bool = False

    def access_log(self) -> AccessLog | None:
        """What `serve` calls after every exchange."""
        if self.quiet or not self.lines:
            return None
        match self.format:
            case LogFormat.CLF:
                return AccessLog(common)
            case LogFormat.JSON:
                return AccessLog(json_line)
        return AccessLog(TextLines(coloured=wants_colour(sys.stdout)))

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
        return f"{record.levelname} " + "\n  ".join(map(_escaped, lines))


def log_to_stderr() -> Repeated:
    """Write what corserver and trio log to stderr, repeated messages counted instead of written."""
    repeated = Repeated()
    handler = logging.StreamHandler()
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


def _escaped(text: str) -> str:
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )
