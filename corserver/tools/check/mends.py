"""What mends it: the literal header lines, for every rule that was not kept, and not for the first one only."""

from collections.abc import Iterable
from dataclasses import replace

from corserver.cors.browser import Hop, Rule, Tainting, Verdict
from corserver.cors.fetch import CORS_RESPONSE_HEADERS, FORBIDDEN_RESPONSE_HEADERS, SAFELISTED_RESPONSE_HEADERS, Field
from corserver.tools.check.exchanges import Reply
from corserver.tools.check.fetching import Turn
from corserver.tools.check.question import Question
from corserver.tools.check.report import Mend, Step
from corserver.tools.check.rows import (
    ALLOW_CREDENTIALS,
    ALLOW_HEADERS,
    ALLOW_METHODS,
    ALLOW_ORIGIN,
    EXPOSE_HEADERS,
    Mark,
    Row,
    listed,
)
from corserver.tools.words import text

_ORIGIN_RULES = frozenset(
    {Rule.ACAO_MISSING, Rule.ACAO_MULTIPLE, Rule.ACAO_INVALID, Rule.ACAO_MISMATCH, Rule.ACAO_WILDCARD_WITH_CREDENTIALS}
)
_STATUS_RULES = frozenset({Rule.PREFLIGHT_STATUS_NOT_OK, Rule.PREFLIGHT_REDIRECT, Rule.PROXY_AUTHENTICATION})
#: What no header of the server's mends: the script must be changed.
_SCRIPT_MENDS = {
    Rule.REQUEST_INVALID: "Mend the call: a method is one word, a header has no line break.",
    Rule.METHOD_FORBIDDEN: "Use another method: no script can send this one.",
    Rule.NO_CORS_METHOD: "Leave out `mode: 'no-cors'`: it sends GET, HEAD and POST only, and nothing can be read.",
    Rule.OPAQUE: "Leave out `mode: 'no-cors'` in the script, and let the server send the CORS headers.",
    Rule.MODE_SAME_ORIGIN: "Leave out `mode: 'same-origin'` in the script.",
    Rule.BAD_PORT: "Let the server listen on another port: browsers refuse this one.",
    Rule.SCHEME_NOT_HTTP: "Ask for an http or https URL.",
    Rule.REDIRECT_HAS_CREDENTIALS: "Redirect to a URL without a user name and password.",
    Rule.REDIRECT_TOO_MANY: "End the loop of redirects.",
    Rule.REDIRECT_NOT_HTTP: "Redirect to an http or https URL.",
    Rule.REDIRECT_URL_INVALID: "Send one Location that is a URL.",
    Rule.RESOURCE_POLICY: "Send `Cross-Origin-Resource-Policy: cross-origin`.",
}
_SCRIPT_METHOD = "In the script write the method in upper case: `method: '{}'`."


def mends(question: Question, verdict: Verdict, turns: tuple[Turn, ...], steps: tuple[Step, ...]) -> tuple[Mend, ...]:
    """What to change so that the script can read the answer; empty where it can."""
    advice = _script_advice(question, verdict)
    found = [Mend(where="in the script", advice=(advice,))] if advice else []
    if not verdict.readable and steps:
        found += _of_step(turns[-1], steps[-1], to_expose(question, verdict))
    unread = tuple(name for name in question.read if verdict.readable and name in verdict.hidden)
    if unread:
        found += _exposing(turns[-1], unread, question)
    return tuple(mend for mend in found if mend.status or mend.send or mend.drop or mend.advice)


def to_expose(question: Question, verdict: Verdict) -> tuple[bytes, ...]:
    """The response headers that the script is after and that it sees only if they are exposed."""
    if verdict.readable:
        return tuple(
            name for name in question.read if name in verdict.hidden and name not in FORBIDDEN_RESPONSE_HEADERS
        )
    seen_or_never = SAFELISTED_RESPONSE_HEADERS | FORBIDDEN_RESPONSE_HEADERS
    return tuple(name for name in question.read if name not in seen_or_never)


def _script_advice(question: Question, verdict: Verdict) -> str:
    rule = verdict.rule
    method = question.method
    if rule is Rule.REQUEST_INVALID and question.url.userinfo:
        return "Take user name and password out of the URL: fetch() refuses it. An Authorization header can hold them."
    if rule is Rule.REQUEST_INVALID and question.body is not None and method.upper() in (b"GET", b"HEAD"):
        return f"Leave out the body, which a {text(method.upper())} does not have, or use another method, such as POST."
    if rule is Rule.METHOD_NOT_ALLOWED and method != method.upper():
        return _SCRIPT_METHOD.format(text(method.upper()))
    return _SCRIPT_MENDS.get(rule, "") if rule is not None else ""


def _of_step(turn: Turn, step: Step, expose: tuple[bytes, ...]) -> list[Mend]:
    reply, hop = turn.outcome, turn.message.hop
    if not isinstance(reply, Reply) or hop.tainting is not Tainting.CORS:
        return []
    broken = [row for row in step.rows if row.mark is Mark.BROKEN]
    if not broken:
        return []
    if not step.is_preflight:
        every = _mend_of(f"every answer to {turn.sending.line}, errors too", reply, turn, broken)
        exposing = [_list_line(EXPOSE_HEADERS, listed(reply, EXPOSE_HEADERS), tuple(map(text, expose)), hop)]
        return [replace(every, send=(*every.send, *(exposing if expose and every.send else ())))]
    answer = _mend_of(f"the answer to {turn.sending.line}", reply, turn, broken)
    if not any(row.label in (ALLOW_ORIGIN, ALLOW_CREDENTIALS) for row in broken):
        return [answer]
    later = f"every answer to {text(hop.request.method)} {hop.request.url.path}, errors too"
    lines = _access_lines(hop, hop.origin, credentials=hop.request.is_credentialed)
    exposed = [(EXPOSE_HEADERS.encode(), b", ".join(expose))] if expose else []
    return [answer, Mend(where=later, send=(*lines, *exposed))]


def _mend_of(where: str, reply: Reply, turn: Turn, broken: list[Row]) -> Mend:
    hop = turn.message.hop
    status = ""
    send: list[Field] = []
    drop: list[str] = []
    advice: list[str] = []
    for row in broken:
        rule = row.rule
        if rule in _ORIGIN_RULES:
            if hop.origin_is_tainted:
                advice.append(f"Or ask for {hop.request.url} directly: then the browser says who asks.")
            elif hop.request.origin == b"null":
                advice.append("Or open the page by http instead of file:, so that it has an origin to allow.")
            send += _access_lines(hop, turn.message.origin or hop.origin, credentials=False)
            if rule is Rule.ACAO_MULTIPLE:
                drop += _lines_of(reply, ALLOW_ORIGIN)[1:]
                advice.append("Let one place send the header: the app or the proxy before it, not both.")
        elif rule is Rule.ACAC_NOT_TRUE:
            send.append((ALLOW_CREDENTIALS.encode(), b"true"))
        elif rule in _STATUS_RULES:
            status = "HTTP/1.1 204 No Content"
        elif row.label == ALLOW_METHODS and not _only_case(hop.request.method, listed(reply, ALLOW_METHODS)):
            send.append(_list_line(ALLOW_METHODS, listed(reply, ALLOW_METHODS), (text(hop.request.method),), hop))
        elif row.label == ALLOW_HEADERS:
            line = _header_line(row, reply, turn)
            send += [] if line is None else [line]
            drop += _lines_of(reply, ALLOW_HEADERS) if line is None and row.rule is Rule.ACAH_UNPARSABLE else []
            advice += _header_advice(row)
    return Mend(where=where, status=status, send=tuple(send), drop=tuple(drop), advice=tuple(advice))


def _access_lines(hop: Hop, origin: bytes, *, credentials: bool) -> tuple[Field, ...]:
    allow = ALLOW_ORIGIN.encode()
    if origin == b"null" and not hop.request.is_credentialed:
        return ((allow, b"*"),)
    lines = [(allow, origin), (b"Vary", b"Origin")]
    return (lines[0], (ALLOW_CREDENTIALS.encode(), b"true"), lines[1]) if credentials else tuple(lines)


def _only_case(method: bytes, methods: Iterable[str]) -> bool:
    upper = text(method.upper())
    return text(method) != upper and upper in methods


def _list_line(label: str, present: tuple[str, ...], wanted: tuple[str, ...], hop: Hop) -> Field:
    kept = [token for token in present if token != "*" or not hop.request.is_credentialed]
    return label.encode(), ", ".join(dict.fromkeys([*kept, *wanted])).encode()


def _header_line(row: Row, reply: Reply, turn: Turn) -> Field | None:
    """The names that are allowed already and those that are missing; None where none is needed."""
    preflight = turn.message.preflight
    wanted = () if preflight is None else preflight.names
    if row.failure is not None and row.failure.names:
        wanted = row.failure.names
    missing = tuple(text(name) for name in wanted if name not in CORS_RESPONSE_HEADERS)
    return _list_line(ALLOW_HEADERS, listed(reply, ALLOW_HEADERS), missing, turn.message.hop) if missing else None


def _header_advice(row: Row) -> list[str]:
    names = () if row.failure is None else row.failure.names
    return [
        f"In the script leave out the request header {text(name)}: it is the server that must send it."
        for name in names
        if name in CORS_RESPONSE_HEADERS
    ]


def _lines_of(reply: Reply, name: str) -> list[str]:
    """The lines called *name*, as they came."""
    lower = name.lower().encode()
    return [f"{name}: {text(value)}" for line, value in reply.headers if line.lower() == lower]


def _exposing(turn: Turn, unread: tuple[bytes, ...], question: Question) -> list[Mend]:
    names = tuple(text(name) for name in unread if name not in FORBIDDEN_RESPONSE_HEADERS)
    forbidden = [text(name) for name in unread if name in FORBIDDEN_RESPONSE_HEADERS]
    advice = tuple(f"No script can read {name}, exposed or not." for name in forbidden)
    reply = turn.outcome
    send: tuple[Field, ...] = ()
    if names and isinstance(reply, Reply):
        send = (_list_line(EXPOSE_HEADERS, listed(reply, EXPOSE_HEADERS), names, turn.message.hop),)
    return [Mend(where=f"every answer to {turn.sending.line}", send=send, advice=advice)]
