"""What a browser will do with a case, said before looking: the prediction that is compared with the recording.

*readable* means that the script gets the response itself: fetch() resolves with a response of type `cors` or `basic`,
an XMLHttpRequest fires `load`. An opaque response (mode no-cors, redirect mode manual) arrives but is not readable:
of status 0, without headers or body. *status* is what the script can see as a status: null where the promise is
rejected or the call throws, 0 on an XMLHttpRequest that failed and on an opaque response.
"""

from dataclasses import dataclass
from typing import Any

from corserver.cors.browser import (
    Answer,
    Browser,
    Initiator,
    Message,
    Request,
    Rule,
    Verdict,
    chrome_code,
    chrome_line,
    firefox_line,
    simulate,
)
from tests.oracle.cases import Case, ScriptedServer, Thrown, Unmodelled, is_element, request_of, suits

#: One preflight: Access-Control-Request-Method and Access-Control-Request-Headers.
Preflights = tuple[tuple[str, str | None], ...]

_OPAQUE = (Rule.OPAQUE, Rule.OPAQUE_REDIRECT)
#: An XMLHttpRequest throws these at open() or setRequestHeader(), and has no status then.
_THROWN = (Rule.REQUEST_INVALID, Rule.METHOD_FORBIDDEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What a script and a server see of the first step of a case."""

    readable: bool
    status: int | None = None
    headers: tuple[str, ...] = ()
    preflights: Preflights = ()
    chrome: str | None = None
    chrome_code: str | None = None
    firefox: str | None = None
    rule: Rule | None = None

    def as_json(self) -> dict[str, Any]:
        """The four facts that a prediction is judged by."""
        return {
            "readable": self.readable,
            "status": self.status,
            "headers": list(self.headers),
            "preflights": [list(preflight) for preflight in self.preflights],
        }


def predict(case: Case, browser: Browser) -> Prediction:
    """What *browser* does with *case*; raises `Unmodelled` where that is not a matter of CORS."""
    try:
        request = request_of(case)
    except Thrown:
        return Prediction(readable=False, rule=Rule.REQUEST_INVALID)
    server = ScriptedServer(case, browser)
    preflights: list[tuple[str, str | None]] = []
    seen: set[str] = set()
    answers: list[Answer] = []

    def answer(message: Message) -> Answer | None:
        if message.preflight is not None:
            url = str(message.hop.request.url)
            if url in seen:
                raise Unmodelled("a redirect loop that meets its own preflight in the preflight cache")
            seen.add(url)
            preflights.append((message.preflight.method.decode("latin-1"), _text(message.preflight.request_headers)))
        answered = server.answer(message)
        answers.extend([] if answered is None else [answered])
        return answered

    verdict = simulate(request, answer, browser)
    failure = verdict.failure
    element = is_element(case)
    # an element uses what is opaque, too
    is_used = verdict.readable or (element and verdict.rule is Rule.OPAQUE)
    if element and is_used and not suits(request.initiator, answers[-1]):
        raise Unmodelled("an element that has no use for a response of this type or status")
    return Prediction(
        readable=is_used,
        status=None if element else _visible_status(request, verdict),
        headers=() if element else tuple(name.decode("latin-1") for name in verdict.headers),
        preflights=tuple(preflights),
        chrome=None if failure is None else chrome_line(failure),
        chrome_code=None if failure is None else chrome_code(failure),
        firefox=None if failure is None else firefox_line(failure),
        rule=verdict.rule,
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _visible_status(request: Request, verdict: Verdict) -> int | None:
    if verdict.readable:
        return verdict.status
    if verdict.rule in _OPAQUE:
        return 0
    return 0 if request.initiator is Initiator.XHR and verdict.rule not in _THROWN else None
