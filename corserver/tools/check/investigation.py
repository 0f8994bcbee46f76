"""The investigation: a generator that says what to send, is told what came, and ends with the report.

    asking = investigate(question)
    sending = next(asking)
    while True:
        sending = asking.send(outcome)     # a Reply or a Trouble
    # StopIteration.value is the Report

It does no I/O: `sending.py` drives it over the network, `explain` with a policy, the tests with recordings. The fetch
comes first, as the browser in question does it. Then what is needed to say why: the other browsers, by the same
answers; a GET behind a preflight that failed; the same as another origin and as none. A request that could change
anything is sent once only, and only if the browser in question sends it.
"""

from collections.abc import Callable
from typing import TypeVar

from corserver.cors.browser import BROWSERS, Rule, Stage
from corserver.tools.check.assembly import assemble
from corserver.tools.check.exchanges import Reply, Sending, Trouble
from corserver.tools.check.fetching import Asking, Fetched, Known, fetch
from corserver.tools.check.probes import probe_security, probe_vary
from corserver.tools.check.question import Question
from corserver.tools.check.report import Probe, Report

_T = TypeVar("_T")


def investigate(question: Question) -> Asking[Report]:
    """Find out what becomes of *question*, and why."""
    known = Known()
    fetched = yield from fetch(question, question.browser, known)
    if fetched.is_unreachable or not fetched.turns:
        return assemble(question, fetched)
    others = yield from _others(question, known)
    behind = yield from _look_behind(fetched, known)
    found = yield from probe_vary(fetched, known)
    probes: tuple[Probe, ...] = ()
    if question.security:
        probes = yield from probe_security(fetched, known)
    return assemble(question, fetched, others, behind, found, probes)


def run(asking: Asking[_T], answer: Callable[[Sending], Reply | Trouble]) -> _T:
    """Drive *asking* with a function that answers."""
    try:
        sending = next(asking)
        while True:
            sending = asking.send(answer(sending))
    except StopIteration as end:
        result: _T = end.value
        return result


def _others(question: Question, known: Known) -> Asking[tuple[Fetched, ...]]:
    """The same fetch by the other browsers, as far as it goes without changing anything."""
    found = []
    for browser in BROWSERS:
        if browser is not question.browser:
            other = yield from fetch(question, browser, known, only_safe=True)
            found.append(other)
    return tuple(found)


def _look_behind(fetched: Fetched, known: Known) -> Asking[Reply | Trouble | None]:
    """A GET to where a preflight failed by its status or its silence: does the path exist, does it know CORS?"""
    failure = None if fetched.verdict is None else fetched.verdict.failure
    if failure is None or failure.stage is not Stage.PREFLIGHT:
        return None
    if failure.rule not in (Rule.ACAO_MISSING, Rule.PREFLIGHT_STATUS_NOT_OK, Rule.PREFLIGHT_REDIRECT):
        return None
    turn = fetched.turns[-1]
    origin = (b"Origin", turn.message.origin or b"null")
    return (yield from known.ask(Sending(b"GET", turn.sending.url, ((b"Accept", b"*/*"), origin))))
