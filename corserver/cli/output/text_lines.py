"""The access log's lines for people: columns that stay where they are, then the request, then what CORS did and why.

What has a width of its own comes first, so that a long target moves nothing. On a terminal that is too narrow for the
rest, the words on CORS go on a line of their own, below the status.
"""

import functools
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from corserver.cli.output.heads import head_lines
from corserver.cli.output.terminal import unbroken, wrapped
from corserver.config import allowing_flag
from corserver.cors.decision import Decision, Outcome, Reason
from corserver.http.log import Entry, asked_method, cors_words, shown_method, shown_target
from corserver.http.memory import Memory
from corserver.tools.looks import Look, styled

#: How many decisions' words are remembered.
_DECISIONS: Final = 512
#: What the parts of a line that are remembered weigh beside its bytes.
_WEIGHT: Final = 300
#: Where a target begins, and the words on CORS that are on a line of their own.
_TARGET: Final = 33
_INDENT: Final = " " * 10
#: How wide the column of targets is where there is room, and how wide a terminal then is.
_COLUMN: Final = 24
_WIDE: Final = 110
_NARROWEST: Final = 30


@dataclass(frozen=True, slots=True)
class _Words:
    """What is said of a decision: the method that a preflight asks for; beside the request, or on lines of its own; how
    to mend it. Keeps the decision."""

    decision: Decision
    method: str
    length: int
    beside: str
    below: str
    mend: str


#: What of a line depends on no clock: the decision, what is before the duration, what is behind it, how to mend it. By
#: all that it depends on: method, target, status and the decision's identity.
_Key = tuple[bytes, bytes, int | None, int]
_Parts = tuple[Decision, str, str, str]


class TextLines:
    """Makes the lines. *width* is the terminal's, None for one line however long it is, 0 for the terminal's at the
    moment. *verbose*: what would mend a denial is on lines below it, then both heads."""

    def __init__(self, *, coloured: bool, width: int | None = None, verbose: bool = False) -> None:
        self._coloured = coloured
        self._wanted_width = width
        self._width = width or None
        self._verbose = verbose
        self._known: Memory[_Key, _Parts] = Memory()
        self._words: dict[int, _Words] = {}
        #: What the clock shows, and from when till when, in numbers that a time is compared with fast.
        self._clock, self._second, self._next_second = "", 0.0, 0.0
        self._status = functools.lru_cache(maxsize=64)(self._status_of)
        self._seconds = functools.lru_cache(maxsize=1024)(self._seconds_of)
        self._method = functools.lru_cache(maxsize=64)(_method)

    def __call__(self, entry: Entry) -> str:
        """The line of *entry*, or its lines."""
        moment, _, method, target, status, _, seconds, decision, failure, _, _, _ = entry  # Faster than by name.
        if not self._second <= moment < self._next_second:
            self._tell_the_time(int(moment))
        key = method, target, status, id(decision)
        _, before, behind, mend = self._known.get(key) or self._remembered(key, entry)
        line = f"{self._clock}{before}{self._seconds(int(seconds * 100_000))}{behind}"
        if failure:
            line += f"  {self._style(f'cut short: {failure}', Look.STRONG)}"
        if self._verbose:
            line += mend + "".join(f"\n{self._below(*each, hang='  ')}" for each in self._heads(entry))
        return line

    def _remembered(self, key: _Key, entry: Entry) -> _Parts:
        decision = entry.decision
        words = self._words.get(id(decision)) or self._words_of(decision)
        target = shown_target(entry.target)
        behind = f"  {words.method or self._method(entry.method)}  {target}"
        if words.length:
            behind += self._placed(words, _TARGET + len(target))
        parts = decision, f"  {self._status(entry.status)}  ", behind, words.mend
        self._known.put(key, parts, len(entry.target) + len(behind) + _WEIGHT)
        return parts

    def _heads(self, entry: Entry) -> Iterator[tuple[str, Look | None]]:
        return ((line, None if is_about_cors else Look.FAINT) for line, is_about_cors in head_lines(entry))

    def _placed(self, words: _Words, at: int) -> str:
        width = self._width
        if width is None or width >= _WIDE:
            gap = max(2, _TARGET + _COLUMN + 2 - at)
            if width is None or at + gap + words.length <= width:
                return f"{' ' * gap}{words.beside}"
        elif at + 2 + words.length <= width:
            return f"  {words.beside}"
        return f"\n{words.below}"

    def _words_of(self, decision: Decision) -> _Words:
        # The server takes the same decision again and again, and keeps it: so do we, by its identity.
        plain = cors_words(decision)
        is_denied = bool(plain) and decision.reason.outcome is not Outcome.ALLOWED
        mend = _mend(decision) if self._verbose and is_denied else ()
        asked = asked_method(decision)
        words = _Words(
            decision,
            "" if asked is None else self._method(asked),
            len(plain),
            self._marked(plain),
            self._marked(self._below(plain)),
            "".join(f"\n{self._below(*each)}" for each in mend),
        )
        if len(self._words) >= _DECISIONS:
            self._words.clear()
        self._words[id(decision)] = words
        return words

    def _marked(self, words: str) -> str:
        """*words* on CORS with what did not go well marked, once."""
        for word, look in ((" denied ", Look.BAD), (" off ", Look.STRONG)):
            before, found, after = words.partition(word)
            if found:
                return f"{before} {self._style(word.strip(), look)} {after}"
        return words

    def _below(self, plain: str, look: Look | None = None, hang: str = "") -> str:
        room = max((self._width or 10_000) - len(_INDENT) - 1, _NARROWEST)
        return f"\n{hang}".join(f"{_INDENT}{self._style(line, look)}" for line in wrapped(plain, room - len(hang)))

    def _tell_the_time(self, second: int) -> None:
        if self._wanted_width == 0:  # Once a second is soon enough for a terminal that changes its size.
            width = shutil.get_terminal_size().columns
            if width != self._width:
                self._width = width
                self._words.clear()
                self._known.clear()
        self._clock = self._style(time.strftime("%H:%M:%S", time.localtime(second)), Look.FAINT)
        self._second, self._next_second = float(second), second + 1.0

    def _status_of(self, status: int | None) -> str:
        text = str(status or "-")
        return self._style(f"{text:>3}", {"4": Look.STRONG, "5": Look.BAD}.get(text[:1]))

    def _seconds_of(self, tens_of_microseconds: int) -> str:
        return self._style(f"{duration(tens_of_microseconds / 100_000):>7}", Look.FAINT)

    def _style(self, text: str, look: Look | None) -> str:
        return styled(text, look if self._coloured else None)


def duration(seconds: float) -> str:
    """At most seven characters, in three digits: `0.02 ms`, `1.23 ms`, `12.3 ms`, `123 ms`, `1.23 s`, `12.3 min`."""
    if seconds < 0.9995:
        return f"{_three_digits(seconds * 1000)} ms"
    return f"{_three_digits(seconds)} s" if seconds < 999.5 else f"{seconds / 60:.0f} min"


def _three_digits(number: float) -> str:
    return f"{number:.2f}" if number < 9.995 else f"{number:.1f}" if number < 99.95 else f"{number:.0f}"


def _method(method: bytes) -> str:
    return f"{shown_method(method):<7}"


def _mend(decision: Decision) -> Iterator[tuple[str, Look | None]]:
    """Lines and their looks: in what an allowed origin is another, what mends it, where the standard says so."""
    flag = allowing_flag(decision)
    mend = f"to allow it: {unbroken(flag)}" if flag else f"to mend it: {decision.change}"
    if decision.hint:
        yield decision.hint, None
    yield mend, None
    if decision.reason is not Reason.NO_POLICY:
        yield f"see {decision.source}", Look.FAINT
