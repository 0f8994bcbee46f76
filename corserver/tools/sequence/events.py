"""What a sequence picture is made of: events at three lanes, with the header lines that they are about."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

#: The lanes.
SCRIPT: Final = "script"
BROWSER: Final = "browser"
SERVER: Final = "b"


@dataclass(frozen=True, slots=True)
class Line:
    """A header line; *state* is `ok` or `bad` where the browser looks at it, *is_absent* where it should have been."""

    name: str
    value: str
    state: str = ""
    is_absent: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "value": self.value, "state": self.state, "absent": self.is_absent}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens at a lane, or passes from one to another: a title, header lines, words below it."""

    source: str
    target: str
    title: str
    lines: tuple[Line, ...] = ()
    words: tuple[str, ...] = ()
    state: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the page."""
        return {
            "from": self.source,
            "to": self.target,
            "title": self.title,
            "lines": [line.as_json() for line in self.lines],
            "words": list(self.words),
            "state": self.state,
        }


def note(title: str, words: Iterable[str], state: str = "") -> Event:
    """What the browser thinks of it."""
    return Event(source=BROWSER, target=BROWSER, title=title, words=tuple(filter(None, words)), state=state)
