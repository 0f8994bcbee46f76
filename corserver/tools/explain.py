"""`explain`: what a policy would answer, and what a browser would make of it, without a network.

The same investigation as `check`, with a policy in the place of the server. What the policy decided, and why, stands
beside each answer, and the mend is a change of the policy.
"""

from collections.abc import Iterator
from dataclasses import replace

from corserver.cors.browser import Rule
from corserver.cors.decision import CORSRequest, Decision, Kind, Outcome
from corserver.cors.fetch import FORBIDDEN_RESPONSE_HEADERS, SAFELISTED_RESPONSE_HEADERS, Field
from corserver.cors.policy import Policy
from corserver.http.statuses import reason_phrase
from corserver.tools.check.exchanges import Reply, Sending
from corserver.tools.check.investigation import investigate, run
from corserver.tools.check.question import Question
from corserver.tools.check.report import Mend, Report, Spoken
from corserver.tools.words import names, sentence, text

_VERDICTS = {
    Outcome.ALLOWED: "corserver allows it",
    Outcome.DENIED: "corserver denies it",
    Outcome.UNRELATED: "corserver leaves it alone",
}
#: What a browser refuses although the policy allows the origin: the policy's own words for the mend.
_POLICY_MENDS = {
    Rule.ACAC_NOT_TRUE: "add credentials=True to the policy (on the command line: --cors-credentials)",
    Rule.ACAO_WILDCARD_WITH_CREDENTIALS: (
        "name the origins that need credentials, and add credentials=True (on the command line: --cors {origin} "
        "--cors-credentials)"
    ),
}


def explain(policy: Policy | None, question: Question, *, status: int = 200) -> Report:
    """What comes of *question* where *policy* governs and the app answers with *status*."""

    def answer(sending: Sending) -> Reply:
        return _answer(policy, question, status, sending)

    report = run(investigate(question), answer)
    steps = tuple(replace(step, spoken=_spoken(_decide(policy, step.sending))) for step in report.steps)
    return replace(
        report,
        steps=steps,
        cause=_cause(policy, report),
        mends=_mends(policy, question, report),
        snippets=(),
    )


def _decide(policy: Policy | None, sending: Sending) -> Decision:
    request = CORSRequest.read(sending.method, sending.headers, sending.url.origin)
    return Decision.ungoverned(request) if policy is None else policy.decide(request)


def _answer(policy: Policy | None, question: Question, status: int, sending: Sending) -> Reply:
    decision = _decide(policy, sending)
    if decision.status is not None:
        return _reply(decision.status, decision.decorate(()))
    if decision.request.kind is Kind.PREFLIGHT:
        # Nobody answers for the app: an app that knows no OPTIONS says so.
        return _reply(405, decision.decorate(((b"Allow", b"GET, HEAD"),)))
    return _reply(status, decision.decorate(_app_lines(question)))


def _app_lines(question: Question) -> tuple[Field, ...]:
    """What an app's answer may hold: something that any script can read, and what this one wants to."""
    wanted = (name for name in question.read if name != b"content-type")
    return ((b"Content-Type", b"application/json"), *((name, b"x") for name in wanted))


def _reply(status: int, headers: tuple[Field, ...]) -> Reply:
    return Reply(status=status, reason=reason_phrase(status).encode(), headers=headers)


def _spoken(decision: Decision) -> Spoken:
    reason = decision.reason
    return Spoken(
        verdict=_VERDICTS[reason.outcome],
        reason=reason.name,
        sentence=decision.sentence,
        fix=decision.fix,
        source=decision.source,
        hint=decision.hint,
    )


def _cause(policy: Policy | None, report: Report) -> str:
    """Why, in the policy's own words, where the policy is why; from outside it could only be guessed."""
    if not report.steps or report.is_allowed:
        return report.cause
    decision = _decide(policy, report.steps[-1].sending)
    if decision.reason.outcome is Outcome.ALLOWED:
        return report.cause
    return " ".join(sentence(part) for part in (decision.sentence, decision.hint) if part)


def _mends(policy: Policy | None, question: Question, report: Report) -> tuple[Mend, ...]:
    """What is to be changed in the script stays; what is to be sent is a matter of the policy."""
    if report.is_allowed:
        return ()
    kept = tuple(mend for mend in report.mends if mend.where == "in the script")
    advice = () if kept else tuple(_policy_advice(policy, question, report))
    return (*kept, Mend(where="in the policy", advice=advice)) if advice else kept


def _policy_advice(policy: Policy | None, question: Question, report: Report) -> Iterator[str]:
    if report.rule in _POLICY_MENDS:
        yield sentence(_POLICY_MENDS[report.rule].format(origin=question.origin.decode("latin-1")))
    elif report.rule is None:
        yield from _reading_advice(question, report)
    elif report.steps:
        yield sentence(_decide(policy, report.steps[-1].sending).fix)


def _reading_advice(question: Question, report: Report) -> Iterator[str]:
    never = [name for name in question.read if name in FORBIDDEN_RESPONSE_HEADERS]
    exposed = [name for name in question.read if name not in SAFELISTED_RESPONSE_HEADERS and name not in never]
    missing = [name for name in exposed if name not in report.readable]
    if missing:
        # The flag takes the place of what is exposed without it, so it names what is read already, too.
        flag = f"--cors-expose {','.join(map(text, exposed))}"
        yield f"Add {names(missing)} to the policy's expose (on the command line: {flag})."
    if never:
        yield f"No script can read {names(never)}, exposed or not."
