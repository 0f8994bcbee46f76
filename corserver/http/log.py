"""What a finished exchange says in the log."""

from dataclasses import dataclass

from corserver.cors.decision import Decision, Kind, Outcome, Reason
from corserver.cors.decision.decision import printable
from corserver.http.messages import Address


@dataclass(frozen=True, slots=True)
class Entry:
    """One exchange. *time* is Unix time at its start, *seconds* its duration, *sent* the bytes of the response's body.

    *method* and *target* are as received, escaped where they are shown. *status* is None where nothing was answered;
    *failure* says why the exchange was cut short.
    """

    time: float
    client: Address
    method: bytes
    target: bytes
    status: int | None
    sent: int
    seconds: float
    decision: Decision
    failure: str = ""


def parts(entry: Entry) -> tuple[str, str, str]:
    """A line for people in three parts: method and target, the status, and what CORS did and why.

    A preflight's line shows the method that it asks for: `PUT /items/7`, `204`, `preflight allowed http://site.example`.
    """
    decision = entry.decision
    method = decision.request.governed_method if decision.request.kind is Kind.PREFLIGHT else entry.method
    request = f"{printable(method, 32) or '-'} {printable(entry.target, 2000) or '-'}"
    cut = f"cut short: {entry.failure}" if entry.failure else ""
    return request, str(entry.status or "-"), " ".join(word for word in (_cors(decision), cut) if word)


def text(entry: Entry) -> str:
    """The three `parts` as one line."""
    return " ".join(part for part in parts(entry) if part)


def _cors(decision: Decision) -> str:
    kind, reason = decision.request.kind, decision.reason
    origin = ", ".join(printable(origin) for origin in decision.request.origins)
    if reason is Reason.NO_POLICY:
        return f"{kind.value} off {origin} ({decision.sentence})"
    if kind is Kind.NOT_CORS or reason.outcome is Outcome.UNRELATED:
        return ""
    if reason.outcome is Outcome.ALLOWED:
        return f"{kind.value} allowed {origin}"
    return f"{kind.value} denied {origin} ({decision.sentence})"
