"""What corserver should cost beside its peers, and whether it does."""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Final

from bench.figures import Result, Table, ratio

SUBJECT: Final = "corserver"


@unique
class Verdict(Enum):
    """How a target stands."""

    MET = "met"
    NOT_MET = "not met"
    #: The peer was not measured.
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Target:
    """At most *factor* times the *peer*'s figure, *plus* something in the scenario's unit; or *plus* alone."""

    peer: str
    factor: float
    plus: float = 0.0

    def __str__(self) -> str:
        if not self.peer:
            return f"<= {self.plus:g}"
        return f"<= {self.factor:g} x" + (f" + {self.plus:g}" if self.plus else "")


def fixed(limit: float) -> Target:
    """A figure of its own, which no peer moves."""
    return Target("", 0.0, limit)


def is_ours(name: str) -> bool:
    """Whether a server of that name is corserver, as it is or with something added."""
    return name.partition("+")[0] == SUBJECT or name.startswith(f"{SUBJECT}-")


def subject_of(table: Table) -> Result | None:
    """What the targets of a scenario are about: corserver, or what of it hosts an app."""
    found = table.result(SUBJECT)
    return found or next((result for result in table.results if is_ours(result.name)), None)


def judge(target: Target, table: Table) -> Verdict:
    """Whether the median of corserver's figure is within the *target*."""
    subject = subject_of(table)
    if subject is None:
        return Verdict.OPEN
    if not target.peer:
        return _verdict(subject.spread.median <= target.plus)
    peer = table.result(target.peer)
    if peer is None:
        return Verdict.OPEN
    if target.plus:
        return _verdict(subject.spread.median <= target.factor * peer.spread.median + target.plus)
    return _verdict(ratio(subject, peer).median <= target.factor)


def _verdict(met: bool) -> Verdict:
    return Verdict.MET if met else Verdict.NOT_MET
