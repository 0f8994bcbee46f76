"""The report as JSON: the same facts as `text`, under names that stay."""

from typing import Any

from corserver.cors.fetch import Field
from corserver.tools.check.curl import commands
from corserver.tools.check.exchanges import Reply, Trouble
from corserver.tools.check.question import Question
from corserver.tools.check.report import Mend, Note, Probe, Report, Step


def as_json(report: Report, *, insecure: bool = False) -> dict[str, Any]:
    """*report* as values that `json.dumps` takes. Bytes are latin-1: a character is a byte."""
    rule = report.rule
    return {
        "verdict": report.outcome.value.lower(),
        "place": None if report.place is None else report.place.value,
        "rule": None if rule is None else {"name": rule.name, "sentence": rule.sentence, "source": rule.url},
        "reason": report.reason,
        "cause": report.cause or None,
        "request": _request(report.question),
        "status": report.status,
        "readable": list(map(_text, report.readable)),
        "hidden": list(map(_text, report.hidden)),
        "steps": [_step(step) for step in report.steps],
        "preflight_seconds": dict(report.lifetimes),
        "mends": [_mend(mend) for mend in report.mends],
        "snippets": {snippet.name: snippet.code for snippet in report.snippets},
        "notes": [_note(note) for note in report.notes],
        "other_browsers": [
            {"browser": other.browser, "allowed": other.is_allowed, "sentence": other.sentence}
            for other in report.others
        ],
        "security": [_probe(probe) for probe in report.probes],
        "console": dict(report.console),
        "chrome_code": report.chrome_code,
        "curl": commands(report, insecure=insecure),
    }


def _request(question: Question) -> dict[str, Any]:
    return {
        "url": str(question.url),
        "origin": _text(question.origin),
        "method": _text(question.method),
        "headers": _fields(question.headers),
        "credentials": question.credentials.value,
        "mode": question.mode.value,
        "browser": question.browser.name,
    }


def _mend(mend: Mend) -> dict[str, Any]:
    return {
        "where": mend.where,
        "status": mend.status or None,
        "send": _fields(mend.send),
        "drop": list(mend.drop),
        "advice": list(mend.advice),
    }


def _note(note: Note) -> dict[str, Any]:
    return {
        "topic": note.topic.value,
        "warning": note.is_warning,
        "sentence": note.sentence,
        "send": _fields(note.send),
    }


def _probe(probe: Probe) -> dict[str, Any]:
    return {
        "probe": probe.name,
        "origin": None if probe.origin is None else _text(probe.origin),
        "allowed": probe.is_allowed,
        "credentials": probe.credentials,
        "danger": probe.is_danger,
        "sentence": probe.sentence,
    }


def _step(step: Step) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": "preflight" if step.is_preflight else "request",
        "because": list(step.because),
        "sent": {
            "method": _text(step.sending.method),
            "url": str(step.sending.url),
            "headers": _fields(step.sending.headers),
        },
        "received": _outcome(step.outcome),
        "rules": [
            {
                "what": row.label,
                "result": row.mark.name.lower(),
                "observed": row.observed,
                "expected": row.expected,
                "rule": None if row.rule is None else row.rule.name,
            }
            for row in step.rows
        ],
        "then": step.then or None,
    }
    if step.spoken is not None:
        spoken = step.spoken
        found["decision"] = {
            "verdict": spoken.verdict,
            "reason": spoken.reason,
            "sentence": spoken.sentence,
            "hint": spoken.hint or None,
            "fix": spoken.fix,
            "source": spoken.source,
        }
    return found


def _outcome(outcome: Reply | Trouble) -> dict[str, Any]:
    if isinstance(outcome, Trouble):
        return {"trouble": outcome.kind.name, "sentence": str(outcome)}
    return {
        "status": outcome.status,
        "headers": _fields(outcome.headers),
        "body": outcome.body.decode("utf-8", "replace"),
        "address": outcome.address,
        "malformed": outcome.malformed,
    }


def _fields(fields: tuple[Field, ...]) -> list[list[str]]:
    return [[_text(name), _text(value)] for name, value in fields]


def _text(value: bytes) -> str:
    return value.decode("latin-1")
