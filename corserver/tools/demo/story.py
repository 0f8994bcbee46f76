"""The story of a run: what was foretold, what went over the wire, and what the script got, for the page to draw.

The lanes are the script, the browser and site B. What passes between browser and B is taken from B's record; what the
browser thought of it is the model's word, and is told only as long as the record is what the model foretold.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from corserver.cors.fetch import Field
from corserver.http.log import Entry
from corserver.http.statuses import reason_phrase
from corserver.tools.check.report import Outcome, Report, Step
from corserver.tools.check.rows import Mark, Row
from corserver.tools.demo.record import asked_line
from corserver.tools.demo.runs import COUNT, Script
from corserver.tools.demo.verdict import disagreements, got_response
from corserver.tools.sequence.events import BROWSER, SCRIPT, SERVER, Event, Line, note
from corserver.tools.words import cased, sentence, text

#: The header lines that this is about, beside those that the script set.
_ASKED: Final = (b"origin", b"access-control-request-method", b"access-control-request-headers", b"cookie")
_ANSWERED: Final = (b"vary", b"location", b"allow", b"www-authenticate", COUNT.lower())


def story(script: Script, report: Report, record: Sequence[Entry], got: Mapping[str, Any]) -> dict[str, Any]:
    """The events, the outcome, and whether the browser did as was foretold."""
    differences = disagreements(report, record, got)
    events = [_call(script, report), *_wire(script, report, record), _end(report, got)]
    return {
        "events": [event.as_json() for event in events],
        "readable": got_response(got),
        "headline": _headline(report, got),
        "disagreements": differences,
        **_why(report, record),
    }


def _call(script: Script, report: Report) -> Event:
    words = [f"with {', '.join(name for name, _ in script.headers)}"] if script.headers else []
    words += [f"credentials: {script.credentials.value}"] if "credentials" in script.options else []
    words += ["from a sandboxed frame, whose origin is null"] if script.is_sandboxed else []
    method = text(report.question.method)
    return Event(source=SCRIPT, target=BROWSER, title=f"fetch: {method}", words=tuple(words))


def _wire(script: Script, report: Report, record: Sequence[Entry]) -> Iterator[Event]:
    names = {name.lower().encode("latin-1") for name, _ in script.headers} | set(_ASKED)
    for index, entry in enumerate(record):
        step = _step_of(report, index, entry)
        if step is not None and step.is_preflight:
            yield note("The browser asks B first: a preflight", step.because)
        lines = tuple(Line(cased(name), text(value)) for name, value in entry.request_fields if name.lower() in names)
        yield Event(
            source=BROWSER,
            target=SERVER,
            title=asked_line(entry),
            lines=lines,
            words=_where(report, step),
        )
        yield _answer(entry, () if step is None else step.rows)
        if step is not None:
            yield _judgement(step)


def _where(report: Report, step: Step | None) -> tuple[str, ...]:
    """Said of a request that a redirect took to another origin."""
    if step is None or step.sending.url.origin == report.question.url.origin:
        return ()
    return (f"to another origin, {text(step.sending.url.origin)}: the same server by another name",)


def _answer(entry: Entry, rows: tuple[Row, ...]) -> Event:
    status, decision = entry.status, entry.decision
    title = "no answer" if status is None else f"{status} {reason_phrase(status)}"
    words = "B’s app answers" if decision.status is None else "corserver answers by itself"
    return Event(
        source=SERVER,
        target=BROWSER,
        title=title,
        lines=tuple(_answered_lines(entry.response_fields, rows, title)),
        words=(f"{words}: {decision.sentence}",),
    )


def _answered_lines(received: tuple[Field, ...], rows: tuple[Row, ...], status: str) -> Iterator[Line]:
    """The lines that are there, and those that the browser misses."""
    marks = {row.label: "bad" if row.mark is Mark.BROKEN else "ok" if row.mark is Mark.KEPT else "" for row in rows}
    present = set()
    for name, value in received:
        shown = cased(name)
        present.add(shown)
        if name.lower().startswith(b"access-control-") or name.lower() in _ANSWERED:
            yield Line(shown, text(value), marks.get(shown, ""))
    for row in rows:
        if row.mark is Mark.BROKEN and row.label not in present and row.label != "status":
            yield Line(row.label, f"must be {row.expected}", "bad", is_absent=True)
    if marks.get("status") == "bad":
        yield Line("Status", f"{status}: must be from 200 to 299", "bad")


def _judgement(step: Step) -> Event:
    broken = next((row for row in step.rows if row.mark is Mark.BROKEN), None)
    what = "preflight" if step.is_preflight else "answer"
    if broken is None or broken.rule is None:
        return note(f"CORS check of the {what}: passed", (step.then,), "ok")
    return note(f"CORS check of the {what}: failed", (sentence(broken.rule.sentence), step.then), "bad")


def _end(report: Report, got: Mapping[str, Any]) -> Event:
    if not got_response(got):
        why = "Why is for the console only: the script is not told."
        return Event(source=BROWSER, target=SCRIPT, title=str(got.get("error")), words=(why,), state="bad")
    response = got["response"]
    visible = {name for name, _ in response["headers"]}
    name = COUNT.decode()
    words = [str(response["body"])[:200]]
    if name.lower() in visible:
        words.append(f"{name} is exposed: the script sees 42.")
    elif COUNT.lower() in report.question.read:
        words.append(f"{name} is hidden: the script sees null.")
    title = f"{response['status']} {reason_phrase(response['status'])}"
    return Event(source=BROWSER, target=SCRIPT, title=title, words=tuple(filter(None, words)), state="ok")


def _headline(report: Report, got: Mapping[str, Any]) -> str:
    if not got_response(got):
        return f"Blocked. The script gets {got.get('error')}"
    status = got["response"]["status"]
    visible = {name for name, _ in got["response"]["headers"]}
    unread = [name for name in report.question.read if name.decode("latin-1") not in visible]
    if unread:
        return f"The script reads the answer, a {status}, but not {', '.join(cased(name) for name in unread)}"
    return f"The script reads the answer, a {status}"


def _why(report: Report, record: Sequence[Entry]) -> dict[str, Any]:
    rule = report.rule
    decision = record[-1].decision if record else None
    return {
        "foretold": _foretold(report),
        "browser": report.question.browser.name,
        "why": sentence(report.reason),
        "cause": report.cause,
        "rule": None if rule is None else {"where": rule.where, "url": rule.url},
        "decision": None if decision is None else sentence(decision.sentence),
        "mends": [
            {
                "where": mend.where,
                "send": [mend.status] * bool(mend.status)
                + [f"{text(name)}: {text(value)}" for name, value in mend.send],
                "advice": [*mend.advice, *(f"Leave out: {line}" for line in mend.drop)],
            }
            for mend in report.mends
        ],
        "console": [{"browser": name, "line": line} for name, line in report.console],
    }


def _foretold(report: Report) -> str:
    if report.failure is not None:
        return f"blocked {report.place.value if report.place else ''}".strip()
    if report.outcome is Outcome.BLOCKED:
        return f"the script reads the answer, a {report.status}, but not every header"
    return report.reason


def _step_of(report: Report, index: int, entry: Entry) -> Step | None:
    """The step that was foretold at this place, as long as it is what came."""
    step = report.steps[index] if index < len(report.steps) else None
    return step if step is not None and step.sending.line == asked_line(entry) else None
