"""The assembly: what was found out becomes the report."""

from collections.abc import Iterator
from itertools import pairwise, zip_longest

from corserver.cors.browser import (
    BROWSERS,
    CHROMIUM,
    FIREFOX,
    Browser,
    Failure,
    Rule,
    Stage,
    Verdict,
    chrome_code,
    chrome_line,
    firefox_line,
    is_redirect,
    preflight_lifetime,
)
from corserver.tools.check.causes import before_all, cause
from corserver.tools.check.exchanges import Reply, Trouble
from corserver.tools.check.fetching import Fetched, Turn
from corserver.tools.check.mends import mends, to_expose
from corserver.tools.check.notes import notes
from corserver.tools.check.question import Question
from corserver.tools.check.reasons import preflight_reasons
from corserver.tools.check.report import Comparison, Mend, Note, Outcome, Place, Probe, Report, Snippet, Step
from corserver.tools.check.rows import (
    ALLOW_HEADERS,
    ALLOW_METHODS,
    EXPOSE_HEADERS,
    Row,
    listed,
    preflight_rows,
    response_rows,
)
from corserver.tools.check.snippets import Wish, recognised, snippets
from corserver.tools.words import names, text

#: Faults of the call itself: no server's configuration mends them.
_SCRIPT_RULES = frozenset(
    {
        Rule.REQUEST_INVALID,
        Rule.METHOD_FORBIDDEN,
        Rule.NO_CORS_METHOD,
        Rule.MODE_SAME_ORIGIN,
        Rule.BAD_PORT,
        Rule.SCHEME_NOT_HTTP,
        Rule.NETWORK_ERROR,
        Rule.REDIRECT_TOO_MANY,
        Rule.REDIRECT_URL_INVALID,
        Rule.REDIRECT_NOT_HTTP,
    }
)


def assemble(
    question: Question,
    fetched: Fetched,
    others: tuple[Fetched, ...] = (),
    behind: Reply | Trouble | None = None,
    found: tuple[Note, ...] = (),
    probes: tuple[Probe, ...] = (),
) -> Report:
    """The report on *question*: the fetch, then what was found out about it."""
    verdict = fetched.verdict
    assert verdict is not None, "the browser in question is never stopped"
    steps = tuple(_steps(fetched, verdict))
    unread = tuple(name for name in question.read if verdict.readable and name not in verdict.headers)
    outcome, place = _outcome(fetched, verdict, unread)
    failure = verdict.failure
    chrome, firefox = (_failure_in(browser, fetched, others) for browser in (CHROMIUM, FIREFOX))
    return Report(
        question=question,
        outcome=outcome,
        place=place,
        failure=failure,
        status=verdict.status if failure is None else failure.status,
        reason=_reason(fetched, verdict, unread),
        cause=cause(fetched, behind),
        steps=steps,
        readable=verdict.headers,
        hidden=verdict.hidden,
        lifetimes=_lifetimes(fetched),
        others=tuple(_comparisons(fetched, others)),
        mends=tuple(_mends(question, fetched, verdict, behind, steps)),
        snippets=_snippets(question, fetched, verdict, outcome),
        console=tuple(_console(chrome, firefox)),
        chrome_code=None if chrome is None else chrome_code(chrome),
        notes=tuple(sorted((*notes(question, fetched, verdict), *found), key=lambda note: not note.is_warning)),
        probes=probes,
    )


def _mends(
    question: Question, fetched: Fetched, verdict: Verdict, behind: Reply | Trouble | None, steps: tuple[Step, ...]
) -> Iterator[Mend]:
    first = before_all(fetched, behind)
    if first:
        yield Mend(where="before all else", advice=(first,))
    yield from mends(question, verdict, fetched.turns, steps)


def _outcome(fetched: Fetched, verdict: Verdict, unread: tuple[bytes, ...]) -> tuple[Outcome, Place | None]:
    if fetched.is_unreachable:
        return Outcome.UNREACHABLE, None
    if verdict.readable:
        return (Outcome.BLOCKED, Place.READING) if unread else (Outcome.ALLOWED, None)
    assert verdict.failure is not None
    place = {Stage.BEFORE: Place.BEFORE, Stage.PREFLIGHT: Place.PREFLIGHT}.get(verdict.failure.stage, Place.RESPONSE)
    if place is Place.RESPONSE and _redirects(fetched.turns[-1], fetched):
        place = Place.REDIRECT
    if place is Place.BEFORE and fetched.turns:
        place = Place.REDIRECT
    return Outcome.BLOCKED, place


def _redirects(turn: Turn, fetched: Fetched) -> bool:
    return isinstance(turn.outcome, Reply) and is_redirect(turn.outcome.answer, fetched.browser)


def _reason(fetched: Fetched, verdict: Verdict, unread: tuple[bytes, ...]) -> str:
    if verdict.rule is Rule.NETWORK_ERROR:
        return _trouble(fetched)
    if verdict.failure is not None:
        return verdict.failure.rule.sentence
    if unread:
        hidden = tuple(name for name in unread if name in verdict.hidden)
        if len(hidden or unread) > 1:
            what = "arrive, and the script cannot read them" if hidden else "are not in the answer"
        else:
            what = "arrives, and the script cannot read it" if hidden else "is not in the answer"
        return f"{names(hidden or unread)} {what}"
    return f"the script can read the answer, a {verdict.status}"


def _trouble(fetched: Fetched) -> str:
    turn = fetched.turns[-1]
    url = turn.sending.url
    port = url.port or (443 if url.scheme == "https" else 80)
    return f"{url.host} port {port}: {turn.outcome}"


def _steps(fetched: Fetched, verdict: Verdict) -> Iterator[Step]:
    for turn, following in zip_longest(fetched.turns, fetched.turns[1:]):
        hop, preflight, browser = turn.message.hop, turn.message.preflight, fetched.browser
        rows: tuple[Row, ...] = ()
        if isinstance(turn.outcome, Reply):
            if preflight is not None:
                rows = preflight_rows(hop, preflight, turn.outcome, browser)
            else:
                rows = response_rows(hop, turn.outcome, browser)
        yield Step(
            is_preflight=preflight is not None,
            because=() if preflight is None else preflight_reasons(hop, preflight, browser),
            sending=turn.sending,
            outcome=turn.outcome,
            rows=rows,
            then=_then(turn, following, verdict),
        )


def _then(turn: Turn, following: Turn | None, verdict: Verdict) -> str:
    if following is not None:
        if turn.is_preflight:
            return "Passed: the browser sends the request."
        return f"The browser follows the redirect to {following.sending.url}."
    if verdict.readable:
        return ""
    if turn.is_preflight:
        method, is_first = text(turn.message.hop.request.method), turn.message.hop.redirects == 0
        return f"The {method} itself is never sent." if is_first else f"The {method} is not sent on to this URL."
    return ""


def _lifetimes(fetched: Fetched) -> tuple[tuple[str, int], ...]:
    """How long each browser remembers the last preflight that was followed by its request."""
    turns = fetched.turns
    passed = [t for t, after in pairwise(turns) if t.is_preflight and not after.is_preflight]
    outcome = passed[-1].outcome if passed else None
    if not isinstance(outcome, Reply):
        return ()
    return tuple((browser.name, preflight_lifetime(outcome.answer, browser)) for browser in BROWSERS[1:])


def _comparisons(fetched: Fetched, others: tuple[Fetched, ...]) -> Iterator[Comparison]:
    """The browsers in which the script gets something else."""
    for other in others:
        sentence = _otherwise(fetched, other)
        if sentence:
            yield Comparison(other.browser.name, sentence, other.verdict is None or other.verdict.readable)


def _otherwise(fetched: Fetched, other: Fetched) -> str:
    """What the other browser does that this one does not; empty where they agree on what the script gets."""
    mine, theirs = fetched.verdict, other.verdict
    if mine is None or (theirs is not None and theirs.readable == mine.readable):
        return ""
    if theirs is None:
        # it wants to send what was not sent: it gets further than this one did
        method = "request" if other.unsent is None else text(other.unsent.method)
        return f"accepts the preflight and sends the {method}"
    if theirs.readable:
        return f"lets the script read the answer ({theirs.status})"
    return "blocks it" if theirs.rule is None else f"blocks it: {theirs.rule.sentence}"


def _failure_in(browser: Browser, fetched: Fetched, others: tuple[Fetched, ...]) -> Failure | None:
    """What *browser*'s own console is about: it may blame another rule first, or let pass what others block."""
    own = next((each for each in others if each.browser is browser), fetched)
    return None if own.verdict is None else own.verdict.failure


def _console(chrome: Failure | None, firefox: Failure | None) -> Iterator[tuple[str, str]]:
    lines = {
        "Chrome": None if chrome is None else chrome_line(chrome),
        "Firefox": None if firefox is None else firefox_line(firefox),
    }
    return ((name, line) for name, line in lines.items() if line is not None)


def _snippets(question: Question, fetched: Fetched, verdict: Verdict, outcome: Outcome) -> tuple[Snippet, ...]:
    is_script = verdict.rule in _SCRIPT_RULES or (verdict.readable and not set(question.read) & set(verdict.hidden))
    is_servers = outcome is Outcome.BLOCKED and not is_script
    # a configuration names the page's origin, which is of no use to who asks without one
    is_anonymous = question.origin == b"null" or any(turn.message.hop.origin_is_tainted for turn in fetched.turns)
    if not (is_servers or question.fixes) or is_anonymous:
        return ()
    replies = [turn.outcome for turn in fetched.turns if isinstance(turn.outcome, Reply)]
    return snippets(_wish(question, fetched, verdict), question.fixes, recognised(replies))


def _wish(question: Question, fetched: Fetched, verdict: Verdict) -> Wish:
    """What the question needs, and what the server grants already."""
    made = fetched.turns[0].message.hop.request if fetched.turns else question.request
    methods: list[str] = []
    headers: list[str] = []
    expose: list[str] = []
    for turn in fetched.turns:
        if turn.message.preflight is not None:
            headers += list(map(text, turn.message.preflight.names))
        if isinstance(turn.outcome, Reply):
            methods += listed(turn.outcome, ALLOW_METHODS)
            headers += [name.lower() for name in listed(turn.outcome, ALLOW_HEADERS)]
            expose += [name.lower() for name in listed(turn.outcome, EXPOSE_HEADERS)]
    methods.append(text(made.method).upper())
    return Wish(
        origin=text(question.origin),
        path=question.url.path.partition("?")[0],
        methods=tuple(dict.fromkeys(method for method in methods if method != "*")),
        headers=tuple(
            dict.fromkeys(name for name in headers if name != "*" and not name.startswith("access-control-"))
        ),
        expose=tuple(
            dict.fromkeys(name for name in (*expose, *map(text, to_expose(question, verdict))) if name != "*")
        ),
        credentials=made.is_credentialed,
    )
