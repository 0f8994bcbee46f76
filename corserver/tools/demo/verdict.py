"""Did the browser do what was foretold? Every difference is a sentence."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from corserver.cors.fetch import Field
from corserver.http.log import Entry
from corserver.tools.check.exchanges import Reply
from corserver.tools.check.report import Report
from corserver.tools.demo.record import asked_line
from corserver.tools.demo.runs import COUNT

#: What the server writes on every answer; nothing of it is foretold.
_SERVERS: Final = (b"connection", b"content-length", b"date", b"server")


def got_response(got: Mapping[str, Any]) -> bool:
    """Whether the script got a response, and not an error."""
    return got.get("response") is not None


def disagreements(report: Report, record: Sequence[Entry], got: Mapping[str, Any]) -> list[str]:
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


def _of_wire(report: Report, record: Sequence[Entry]) -> Iterator[str]:
    foretold = [step.sending.line for step in report.steps]
    sent = [asked_line(entry) for entry in record]
    if sent != foretold:
        yield f"B was to see {_listed(foretold)}, and it saw {_listed(sent)}"
        return
    for step, entry in zip(report.steps, record, strict=True):
        reply, told = step.outcome, (entry.status, _own(entry.response_fields))
        if isinstance(reply, Reply) and (reply.status, _own(reply.headers)) != told:
            yield f"B answered the {entry.method.decode('latin-1')} otherwise than was foretold"


def _own(fields: tuple[Field, ...]) -> set[Field]:
    """What B's author or its policy says."""
    return {(name.lower(), value) for name, value in fields if name.lower() not in _SERVERS}


def _listed(lines: Sequence[str]) -> str:
    return ", then ".join(lines) or "nothing"
