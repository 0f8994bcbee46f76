"""The other end: what a browser does with an answer. The Fetch standard's client side as pure functions.

Values in, values out: no I/O, no clock, no knowledge of policies. A fetch is a chain of steps, and each is a
function:

    construct(request)                                -> Request | Verdict       what the API refuses and normalises
    begin(request)                                    -> Hop | Verdict           same-origin, CORS or no-cors
    preflight_for(hop, browser)                       -> Preflight | None        needed? because of what?
    judge_preflight(hop, preflight, answer, browser)  -> Failure | None          which rule fails
    judge_response(hop, answer, browser)              -> Hop | Verdict           the next hop of a redirect, or the end
    preflight_lifetime(answer, browser)               -> int                     seconds in the preflight cache

`exchange` strings them together as a generator that says what to send; `simulate` drives it with a function.
`chrome_line` and `firefox_line` give a failure's console words.

The browser is a value, `Browser`, whose default is the standard; CHROMIUM, FIREFOX and SAFARI set the fields in which
they differ.

Known limits: no service workers, no HTTP cache and no preflight cache (it computes the lifetime only), no Content
Security Policy, mixed content or Local Network Access, no subresource integrity, no list of public suffixes for
`same-site`.

A page on one origin writes to an API on another, which answers every message with the same header line:

>>> from corserver.cors.browser import Answer, Request, parse_url, simulate
>>> request = Request(url=parse_url("https://api.example/"), origin=b"https://site.example", method=b"PUT")
>>> verdict = simulate(request, lambda message: Answer(200, ((b"Access-Control-Allow-Origin", b"*"),)))
>>> verdict.readable, verdict.rule.name
(False, 'METHOD_NOT_ALLOWED')
>>> from corserver.cors.browser import BROWSERS, CHROMIUM, FIREFOX, SAFARI, STANDARD
>>> BROWSERS == (STANDARD, CHROMIUM, FIREFOX, SAFARI)
True
>>> from corserver.cors.browser import BAD_PORTS, DEFAULT_MAX_AGE
>>> 6000 in BAD_PORTS, DEFAULT_MAX_AGE
(True, 5)
"""

from .console import chrome_code, chrome_line, firefox_line
from .construct import construct
from .exchange import Message, exchange, simulate
from .judging import (
    cors_check,
    judge_preflight,
    judge_response,
    readable_headers,
    resource_policy_check,
)
from .preflights import (
    DEFAULT_MAX_AGE,
    Preflight,
    Trigger,
    preflight_for,
    preflight_lifetime,
    unsafe_names,
)
from .profiles import BROWSERS, CHROMIUM, FIREFOX, SAFARI, STANDARD, Browser, Check
from .redirects import begin, follow, is_redirect
from .requests import (
    Answer,
    Credentials,
    EmbedderPolicy,
    Failure,
    Hop,
    Initiator,
    Mode,
    RedirectMode,
    Request,
    Tainting,
    Verdict,
)
from .rules import Rule, Stage
from .urls import BAD_PORTS, Url, parse_url

__all__ = [
    "BAD_PORTS",
    "BROWSERS",
    "CHROMIUM",
    "DEFAULT_MAX_AGE",
    "FIREFOX",
    "SAFARI",
    "STANDARD",
    "Answer",
    "Browser",
    "Check",
    "Credentials",
    "EmbedderPolicy",
    "Failure",
    "Hop",
    "Initiator",
    "Message",
    "Mode",
    "Preflight",
    "RedirectMode",
    "Request",
    "Rule",
    "Stage",
    "Tainting",
    "Trigger",
    "Url",
    "Verdict",
    "begin",
    "chrome_code",
    "chrome_line",
    "construct",
    "cors_check",
    "exchange",
    "firefox_line",
    "follow",
    "is_redirect",
    "judge_preflight",
    "judge_response",
    "parse_url",
    "preflight_for",
    "preflight_lifetime",
    "readable_headers",
    "resource_policy_check",
    "simulate",
    "unsafe_names",
]
