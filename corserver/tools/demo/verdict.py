"""Did the browser do what was foretold? Every difference is a sentence."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from corserver.tools.check.exchanges import Reply
from corserver.tools.check.report import Report
from corserver.tools.demo.record import Exchanged
from corserver.tools.demo.runs import COUNT


def got_response(got: Mapping[str, Any]) -> bool:
    """Whether the script got a response, and not an error."""
    return got.get("response") is not None


def disagreements(report: Report, record: Sequence[Exchanged], got: Mapping[str, Any]) -> list[str]:
    """What the browser did otherwise than *report* foretold; empty where they agree."""
    return [*_of_script(report, got), *_of_wire(report, record)]


def _of_script(report: Report, got: Mapping[str, Any]) -> Iterator[str]:
    foretold = report.failure is None and report.steps != ()
    if got_response(got) != foretold:
        yield f"the script was to {'get the answer' if foretold else 'get an error'}, and it did not"
        return
    if not foretold:
        return
    response = got["response"]
    if response["status"] != report.status:
        yield f"the script was to read the status {report.status}, and it reads {response['status']}"
    name = COUNT.lower()
    is_visible = any(given == name.decode() for given, _ in response["headers"])
    if is_visible != (name in report.readable):
        yield f"{COUNT.decode()} was to be {'hidden' if is_visible else 'visible'}, and it is not"


def _of_wire(report: Report, record: Sequence[Exchanged]) -> Iterator[str]:
    foretold = [step.sending.line for step in report.steps]
    sent = [f"{exchanged.method} {exchanged.target}" for exchanged in record]
    if sent != foretold:
        yield f"B was to see {_listed(foretold)}, and it saw {_listed(sent)}"
        return
    for step, exchanged in zip(report.steps, record, strict=True):
        if isinstance(step.outcome, Reply) and _answer(step.outcome) != (exchanged.status, set(exchanged.received)):
            yield f"B answered the {exchanged.method} otherwise than was foretold"


def _answer(reply: Reply) -> tuple[int | None, set[tuple[bytes, bytes]]]:
    return reply.status, set(reply.headers)


def _listed(lines: Sequence[str]) -> str:
    return ", then ".join(lines) or "nothing"
