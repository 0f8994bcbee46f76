"""The fetch itself: the browser's model drives, and what each of its messages got is kept.

A generator: it yields what to send and is told what came back. Whoever drives it does the I/O, or has a table of
answers, or a policy. What was sent once is not sent again: other browsers are judged by the answers that are known.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TypeVar

from corserver.cors.browser import Browser, Message, Rule, Verdict, exchange
from corserver.tools.check.exchanges import Reply, Sending, Trouble
from corserver.tools.check.question import Question

_T = TypeVar("_T")
#: What a part of the investigation is: yields requests, takes what came of them, ends with what it found.
Asking = Generator[Sending, Reply | Trouble, _T]


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the browser's, as it was sent, and what came of it."""

    message: Message
    sending: Sending
    outcome: Reply | Trouble

    @property
    def is_preflight(self) -> bool:
        return self.message.preflight is not None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A fetch as *browser* did it. *verdict* is None where it was not carried on: *unsent* was not to be sent."""

    browser: Browser
    turns: tuple[Turn, ...]
    verdict: Verdict | None
    unsent: Sending | None = None

    @property
    def is_unreachable(self) -> bool:
        return self.verdict is not None and self.verdict.rule is Rule.NETWORK_ERROR


@dataclass(slots=True)
class Known:
    """What was sent already, and what came of it."""

    outcomes: dict[Sending, Reply | Trouble] = field(default_factory=dict)

    def ask(self, sending: Sending) -> Asking[Reply | Trouble]:
        """What comes of *sending*, which is sent once only."""
        if sending not in self.outcomes:
            self.outcomes[sending] = yield sending
        return self.outcomes[sending]


def fetch(question: Question, browser: Browser, known: Known, *, only_safe: bool = False) -> Asking[Fetched]:
    """Fetch what is asked as *browser* does. *only_safe*: nothing that could change anything is sent anew."""
    steps = exchange(question.request, browser)
    turns: list[Turn] = []
    answer = None
    while True:
        try:
            message = steps.send(answer)
        except StopIteration as end:
            return Fetched(browser, tuple(turns), end.value)
        sending = Sending.of(message, question.body, question.cookie)
        if only_safe and not sending.is_safe and sending not in known.outcomes:
            return Fetched(browser, tuple(turns), None, sending)
        outcome = yield from known.ask(sending)
        outcome = outcome.read_by(browser) if isinstance(outcome, Reply) else outcome
        turns.append(Turn(message, sending, outcome))
        answer = outcome.answer if isinstance(outcome, Reply) else None
