"""What was served, in a few lines for the end: how much, what CORS denied and why, and the flag that would allow it.

The memory is bounded whatever is asked: decisions are counted by identity, as the server keeps them, and summed up when
there are many; of what was denied, the first `MOST_DENIED` kinds are named and the rest is a number.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from corserver.cli.output.terminal import unbroken
from corserver.config import allowing_flag
from corserver.cors.decision import Decision, Kind, Outcome, Reason, printable
from corserver.http.log import Entry

#: How many kinds of denials (origin and what would allow it) are told apart, and how many of them are shown.
MOST_DENIED: Final = 100
_SHOWN: Final = 5
#: How many decisions are counted by their identity.
_DECISIONS: Final = 256


class Denied(NamedTuple):
    """What was denied: to whom, why, and what would allow it: a flag, or where there is none, words."""

    origin: str
    reason: str
    flag: str
    change: str


_ALLOW_ORIGIN: Final = b"\r\naccess-control-allow-origin:"
#: A decision, and how often it was taken.
_Taken = list[Any]


@dataclass(slots=True)
class Tally:
    """Counts exchanges; a reader of `AccessLog`. *unnamed* is how many were denied that `denied` has no room for.

    What it has is complete once it was told to `settle`.
    """

    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    preflights_allowed: int = 0
    preflights_denied: Counter[str] = field(default_factory=Counter)
    denied: Counter[Denied] = field(default_factory=Counter)
    unnamed: int = 0
    _pending: dict[int, _Taken] = field(default_factory=dict, repr=False)
    #: One for each kind of denial. They get their words in the end: nobody makes us find those for each of a flood.
    _to_name: dict[tuple[Any, ...], _Taken] = field(default_factory=dict, repr=False)

    def __call__(self, entries: Sequence[Entry]) -> None:
        self.requests += len(entries)
        pending = self._pending
        for entry in entries:
            status = entry.status
            if status is None or status >= 400:
                self.statuses["cut short" if status is None else f"{status // 100}xx"] += 1
            decision = entry.decision
            if decision.rules is None and _ALLOW_ORIGIN in entry.response_head.lower():
                continue  # The app says itself what it allows.
            known = pending.get(id(decision))
            if known is None:
                pending[id(decision)] = [decision, 1]
            else:
                known[1] += 1
        if len(pending) > _DECISIONS:
            self._sum_up()

    def settle(self) -> "Tally":
        """Sum up, and find the words for what was denied."""
        self._sum_up()
        to_name, self._to_name = self._to_name, {}
        for decision, count in to_name.values():
            self._name(_denied(decision), count)
        return self

    def _sum_up(self) -> None:
        pending, self._pending = self._pending, {}
        for decision, count in pending.values():
            self._count(decision, count)

    def _count(self, decision: Decision, count: int) -> None:
        reason, request = decision.reason, decision.request
        if request.kind is Kind.PREFLIGHT and decision.allowed:
            self.preflights_allowed += count
        if reason.outcome is Outcome.DENIED or (reason is Reason.NO_POLICY and request.origin != request.own_origin):
            if request.kind is Kind.PREFLIGHT:
                self.preflights_denied[_label(reason)] += count
            key = reason, request.origins, request.requested_methods, request.requested_headers
            if key in self._to_name:
                self._to_name[key][1] += count
            elif len(self._to_name) < MOST_DENIED:
                self._to_name[key] = [decision, count]
            else:
                self.unnamed += count

    def _name(self, denied: Denied, count: int) -> None:
        if denied in self.denied or len(self.denied) < MOST_DENIED:
            self.denied[denied] += count
        else:
            self.unnamed += count

    def add(self, other: "Tally") -> None:
        """Count what *other*, which is settled, has counted, too."""
        self.requests += other.requests
        self.statuses += other.statuses
        self.preflights_allowed += other.preflights_allowed
        self.preflights_denied += other.preflights_denied
        self.unnamed += other.unnamed
        for denied, count in other.denied.items():
            self._name(denied, count)

    def as_json(self) -> dict[str, Any]:
        """For another process."""
        self.settle()
        return {
            "requests": self.requests,
            "statuses": dict(self.statuses),
            "preflights_allowed": self.preflights_allowed,
            "preflights_denied": dict(self.preflights_denied),
            "denied": [[*denied, count] for denied, count in self.denied.items()],
            "unnamed": self.unnamed,
        }

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> "Tally":
        """What `as_json` said."""
        return cls(
            requests=value["requests"],
            statuses=Counter(value["statuses"]),
            preflights_allowed=value["preflights_allowed"],
            preflights_denied=Counter(value["preflights_denied"]),
            denied=Counter({Denied(*parts): count for *parts, count in value["denied"]}),
            unnamed=value["unnamed"],
        )


def summary(tally: Tally) -> Iterator[tuple[str, str]]:
    """Labels and texts, none where nothing was asked."""
    tally.settle()
    if not tally.requests:
        return
    failed = ", ".join(f"{status}: {count:,}" for status, count in sorted(tally.statuses.items()))
    yield "Served", f"{_counted(tally.requests, 'request')}{f' ({failed})' if failed else ''}"
    denied = tally.preflights_denied
    if tally.preflights_allowed or denied:
        why = ", ".join(f"{count:,} {reason}" for reason, count in denied.most_common())
        said = f"{denied.total():,} denied ({why})" if denied else "none denied"
        yield "CORS", f"{_counted(tally.preflights_allowed, 'preflight')} allowed, {said}"
    for what, count in tally.denied.most_common(_SHOWN):
        mend = f"to allow it: {unbroken(what.flag)}" if what.flag else f"to mend it: {what.change}"
        yield "Denied", f"{what.origin} {_counted(count, 'time')} ({what.reason}), {mend}"
    more = len(tally.denied) - _SHOWN
    unnamed = f"{_counted(tally.unnamed, 'request')} of others" if tally.unnamed else ""
    kinds = _counted(more, "kind") + " of denials more" if more > 0 else ""
    if kinds or unnamed:
        yield "", f"and {' and '.join(filter(None, (kinds, unnamed)))}"


def _denied(decision: Decision) -> Denied:
    origin = ", ".join(map(printable, decision.request.origins))
    return Denied(origin, _label(decision.reason), allowing_flag(decision), decision.change)


def _label(reason: Reason) -> str:
    return reason.name.lower().replace("_", " ")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
