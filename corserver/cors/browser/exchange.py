"""A whole fetch as a generator: it says what to send, is told what came back, and ends with the verdict.

It does no I/O, so a blocking client, an async one and a table of answers drive it alike:

    fetching = exchange(request, browser)
    message = next(fetching)                       # what to send
    while True:
        message = fetching.send(await send(message))   # an Answer, or None when none came
    # StopIteration.value is the Verdict

Each step is a function of its own (`begin`, `preflight_for`, `judge_preflight`, `judge_response`) for whoever needs
to look at one.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from ..fetch import Field
from .construct import construct
from .judging import judge_preflight, judge_response
from .preflights import Preflight, preflight_for
from .profiles import STANDARD, Browser
from .redirects import begin
from .requests import Answer, Hop, Request, Tainting, Verdict, failed, unreadable
from .rules import Rule, Stage


@dataclass(frozen=True, slots=True)
class Message:
    """One request on the wire: a preflight, or, when *preflight* is None, the request itself.

    >>> from corserver.cors.browser import Request, exchange, parse_url
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"DELETE")
    >>> message = next(exchange(request))
    >>> message.method, message.origin, message.preflight is not None
    (b'OPTIONS', b'https://site.example', True)
    """

    hop: Hop
    preflight: Preflight | None = None

    @property
    def method(self) -> bytes:
        """What stands first in the request line."""
        return self.hop.request.method if self.preflight is None else b"OPTIONS"

    @property
    def origin(self) -> bytes | None:
        """Fetch "append a request `Origin` header": None where it is left out."""
        if self.preflight is not None:
            return self.preflight.origin
        is_silent = self.hop.tainting is not Tainting.CORS and self.method in (b"GET", b"HEAD")
        return None if is_silent else self.hop.origin

    @property
    def headers(self) -> tuple[Field, ...]:
        """The header lines to send, beside Host and what the transport needs."""
        if self.preflight is not None:
            return self.preflight.headers
        lines = () if self.origin is None else ((b"Origin", self.origin),)
        return (*self.hop.request.headers, *lines)


def exchange(request: Request, browser: Browser = STANDARD) -> Generator[Message, Answer | None, Verdict]:
    """Fetch *request* as *browser* does: yields each message, takes its answer, returns the verdict.

    >>> from corserver.cors.browser import Answer, Request, exchange, parse_url
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"DELETE")
    >>> allowing = ((b"Access-Control-Allow-Origin", b"*"), (b"Access-Control-Allow-Methods", b"DELETE"))
    >>> fetching = exchange(request)
    >>> next(fetching).method
    b'OPTIONS'
    >>> fetching.send(Answer(204, allowing)).method
    b'DELETE'
    >>> try:
    ...     fetching.send(Answer(200, allowing))
    ... except StopIteration as end:
    ...     print(end.value.readable)
    True
    """
    made = construct(request)
    step = made if isinstance(made, Verdict) else begin(made)
    while isinstance(step, Hop):
        preflight = preflight_for(step, browser)
        if preflight is not None:
            answer = yield Message(step, preflight)
            if answer is None:
                return unreadable(failed(step, Rule.NETWORK_ERROR, Stage.PREFLIGHT))
            failure = judge_preflight(step, preflight, answer, browser)
            if failure is not None:
                return unreadable(failure)
        answer = yield Message(step)
        if answer is None:
            return unreadable(failed(step, Rule.NETWORK_ERROR, Stage.ACTUAL))
        step = judge_response(step, answer, browser)
    return step


def simulate(request: Request, answer: Callable[[Message], Answer | None], browser: Browser = STANDARD) -> Verdict:
    """Drive `exchange` with a function that answers.

    >>> from corserver.cors.browser import Answer, Request, parse_url, simulate
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"GET")
    >>> simulate(request, lambda message: Answer(200)).rule.name
    'ACAO_MISSING'
    """
    fetching = exchange(request, browser)
    try:
        message = next(fetching)
        while True:
            message = fetching.send(answer(message))
    except StopIteration as end:
        verdict: Verdict = end.value
        return verdict
