"""The CORS story of one exchange, as the server knows it: its line in the list, and the picture with why and the mend.

What the browser does with the answer is not seen from here. It follows from the answer for a `fetch()` without
credentials, and that is what is told.
"""

from collections.abc import Iterator
from typing import Any, Final

from corserver.config import allowing_flag
from corserver.cors.decision import Decision, Kind, Outcome, Reason, printable
from corserver.http.log import Entry, asked_method, kind_words, shown_method, shown_target
from corserver.http.statuses import reason_phrase
from corserver.tools.sequence.events import BROWSER, SCRIPT, SERVER, Event, Line, note
from corserver.tools.words import cased, sentence, text

_FAILED: Final = "TypeError: Failed to fetch"
_SWITCHING: Final = 101
#: Which line of an answer a denial is about; all others are about the origin.
_ABOUT: Final = {
    Reason.ACRM_INVALID: b"access-control-allow-methods",
    Reason.METHOD_FORBIDDEN: b"access-control-allow-methods",
    Reason.METHOD_CASE_MISMATCH: b"access-control-allow-methods",
    Reason.METHOD_NOT_ALLOWED: b"access-control-allow-methods",
    Reason.ACRH_TOO_LARGE: b"access-control-allow-headers",
    Reason.ACRH_MALFORMED: b"access-control-allow-headers",
    Reason.AUTHORIZATION_NEEDS_EXPLICIT_ALLOW: b"access-control-allow-headers",
    Reason.SAFELISTED_HEADER_UNSAFE_VALUE: b"access-control-allow-headers",
    Reason.HEADER_NOT_ALLOWED: b"access-control-allow-headers",
}
_ORIGIN_LINE: Final = b"access-control-allow-origin"
_NO_FETCH: Final = (
    "Unless no fetch() sent it: forms, navigations and requests with the mode no-cors have an Origin, too, and need no "
    "permission."
)


def line(number: int, entry: Entry) -> dict[str, Any]:
    """An exchange in the list."""
    decision = entry.decision
    return {
        "id": number,
        "time": round(entry.time * 1000),
        "method": shown_method(asked_method(decision) or entry.method),
        "target": shown_target(entry.target),
        "status": entry.status,
        "ms": entry.seconds * 1000,
        "kind": kind_words(decision),
        "state": state(decision),
        "origin": _origin(decision),
        "failure": entry.failure,
    }


def state(decision: Decision) -> str:
    """What CORS did: `allowed`, `denied`, `off` where no policy governs; empty where it plays no part."""
    reason, request = decision.reason, decision.request
    if reason is Reason.NO_POLICY and request.origin != request.own_origin:
        return "off"
    return "" if reason.outcome is Outcome.UNRELATED else reason.outcome.value


def story(number: int, entry: Entry) -> dict[str, Any]:
    """An exchange on its own: its line, the picture's events, why, and what mends it."""
    decision = entry.decision
    what = state(decision)
    flag = allowing_flag(decision) if what in ("denied", "off") else ""
    return {
        **line(number, entry),
        "client": entry.client[0] if isinstance(entry.client, tuple) else "",
        "sent": entry.sent,
        "headline": _headline(decision, what),
        "events": [event.as_json() for event in _events(entry, what)],
        "why": sentence(decision.sentence),
        "hint": sentence(decision.hint) if decision.hint else "",
        "mend": sentence(decision.change) if what in ("denied", "off") else "",
        "flag": flag,
        "source": decision.source if what else "",
    }


def _headline(decision: Decision, what: str) -> str:
    kind, origin = decision.request.kind, _origin(decision)
    match what:
        case "denied" if _is_websocket(decision):
            return f"Denied. {origin} may open no WebSocket here"
        case "allowed" if _is_websocket(decision):
            return f"Allowed. {origin} may open a WebSocket here"
        case "denied" if kind is Kind.PREFLIGHT:
            return f"Denied. The browser does not send the {_asked(decision)} of {origin}"
        case "denied":
            return f"Denied. {origin} cannot read the answer"
        case "allowed" if kind is Kind.PREFLIGHT:
            return f"Allowed. The browser may send the {_asked(decision)} of {origin}"
        case "allowed":
            return f"Allowed. {origin} can read the answer"
        case "off":
            return f"CORS is off here, and {origin} is another origin"
    return "CORS plays no part"


def _events(entry: Entry, what: str) -> Iterator[Event]:
    decision = entry.decision
    request, is_preflight = decision.request, decision.request.kind is Kind.PREFLIGHT
    if what:
        names = [printable(value) for value in request.requested_headers]
        words = (f"with {', '.join(names)}",) if names else ()
        call = "new WebSocket()" if _is_websocket(decision) else f"fetch: {_asked(decision)}"
        yield Event(source=SCRIPT, target=BROWSER, title=call, words=words)
    if what and is_preflight:
        yield note("The browser asks first: a preflight", ())
    title = f"{shown_method(entry.method)} {shown_target(entry.target)}"
    lines = tuple(Line(cased(name), printable(value)) for name, value in request.fields)
    if _is_websocket(decision):
        lines = (*lines, Line("Upgrade", "websocket"))
    yield Event(source=BROWSER, target=SERVER, title=title, lines=lines)
    yield _answer(entry, what)
    if what and _is_websocket(decision):
        yield from _end_of_handshake(decision, what, entry.status)
    elif what:
        yield from _end(decision, what, is_preflight=is_preflight, status=entry.status)


def _answer(entry: Entry, what: str) -> Event:
    decision, status = entry.decision, entry.status
    title = "no answer" if status is None else f"{status} {reason_phrase(status)}"
    by = "The app answers" if decision.status is None else "corserver answers by itself"
    words = [f"{by}: {decision.sentence}" if what else by]
    if entry.failure:
        words.append(f"cut short: {entry.failure}")
    return Event(
        source=SERVER,
        target=BROWSER,
        title=title,
        lines=tuple(_answered_lines(entry, what)),
        words=tuple(words),
    )


def _end(decision: Decision, what: str, *, is_preflight: bool, status: int | None) -> Iterator[Event]:
    if what == "off":
        yield note("What the app itself says of CORS counts", ("Without Access-Control-Allow-Origin: blocked.",))
        return
    checked = "preflight" if is_preflight else "answer"
    if what == "denied":
        then = f"The {_asked(decision)} itself is never sent." if is_preflight else _NO_FETCH
        yield note(f"CORS check of the {checked}: failed", (sentence(decision.sentence), then), "bad")
        yield Event(source=BROWSER, target=SCRIPT, title=_FAILED, state="bad")
    elif is_preflight:
        yield note("CORS check of the preflight: passed", (f"The {_asked(decision)} is a request of its own.",), "ok")
    else:
        yield note("CORS check of the answer: passed", (), "ok")
        yield Event(source=BROWSER, target=SCRIPT, title=f"{status} {reason_phrase(status or 0)}", state="ok")


def _end_of_handshake(decision: Decision, what: str, status: int | None) -> Iterator[Event]:
    if what == "denied":
        yield note("The handshake was refused", (sentence(decision.sentence),), "bad")
    elif what == "off":
        yield note("CORS does not guard WebSockets", ("Without a policy, only the app itself can refuse an origin.",))
    is_open = status == _SWITCHING
    yield Event(source=BROWSER, target=SCRIPT, title="open" if is_open else "error", state="ok" if is_open else "bad")


def _answered_lines(entry: Entry, what: str) -> Iterator[Line]:
    """The lines that CORS is about, and the one that is missing."""
    decision = entry.decision
    about = _ABOUT.get(decision.reason, _ORIGIN_LINE) if what == "denied" and not _is_websocket(decision) else b""
    present = {name.lower() for name, _ in entry.response_fields}
    for name, value in entry.response_fields:
        if name.lower().startswith(b"access-control-") or name.lower() == b"vary":
            is_bad, is_ok = name.lower() == about, what in ("allowed", "denied") and name.lower() == _ORIGIN_LINE
            yield Line(cased(name), text(value), "bad" if is_bad else "ok" if is_ok else "")
    if about and about not in present and entry.status is not None:
        must = f"must be {_origin(decision)}" if about == _ORIGIN_LINE else f"must have {_asked_for(decision, about)}"
        yield Line(cased(about), must, "bad", is_absent=True)


def _asked_for(decision: Decision, about: bytes) -> str:
    request = decision.request
    values = request.requested_headers if about == b"access-control-allow-headers" else request.requested_methods
    return ", ".join(map(printable, values))


def _is_websocket(decision: Decision) -> bool:
    return kind_words(decision) == "websocket"


def _asked(decision: Decision) -> str:
    return shown_method(decision.request.governed_method)


def _origin(decision: Decision) -> str:
    return ", ".join(map(printable, decision.request.origins))
