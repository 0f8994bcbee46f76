"""The rules that one answer is held against, each with what was observed and what is expected.

The verdict is the browser's and ends at the first rule that is not kept. Here every rule is looked at, each by itself,
in the standard's order, so that all that is wrong can be mended in one go. The judging is `corserver.cors.browser`'s:
a rule by itself is a browser that checks nothing else.
"""

import re
from dataclasses import dataclass, replace
from enum import Enum, unique

from corserver.cors.browser import Answer, Browser, Check, Failure, Hop, Preflight, Rule, cors_check, judge_preflight
from corserver.cors.browser.headers import values
from corserver.cors.browser.judging import check_access
from corserver.cors.browser.requests import Tainting
from corserver.cors.fetch import SAFELISTED_METHODS, is_token
from corserver.tools.check.exchanges import Reply
from corserver.tools.words import text

ALLOW_ORIGIN = "Access-Control-Allow-Origin"
ALLOW_CREDENTIALS = "Access-Control-Allow-Credentials"
ALLOW_METHODS = "Access-Control-Allow-Methods"
ALLOW_HEADERS = "Access-Control-Allow-Headers"
EXPOSE_HEADERS = "Access-Control-Expose-Headers"


@unique
class Mark(Enum):
    """How an answer fared by a rule."""

    KEPT = "ok"
    BROKEN = "FAIL"
    #: the rule asks nothing of this request
    UNNEEDED = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: *observed* is None where the header is absent; *expected* completes "must be"."""

    label: str
    mark: Mark
    observed: str | None
    expected: str
    failure: Failure | None = None

    @property
    def rule(self) -> Rule | None:
        return None if self.failure is None else self.failure.rule


def preflight_rows(hop: Hop, preflight: Preflight, reply: Reply, browser: Browser) -> tuple[Row, ...]:
    """The answer to a preflight (Fetch "CORS-preflight fetch", step 7)."""
    answer = reply.answer
    return (
        *_access_rows(hop, answer, browser, preflight),
        _status_row(hop, preflight, reply, browser),
        _methods_row(hop, preflight, answer, browser),
        *_headers_rows(hop, preflight, answer, browser),
    )


def response_rows(hop: Hop, reply: Reply, browser: Browser) -> tuple[Row, ...]:
    """The answer to the request itself (Fetch "HTTP fetch", step 4); nothing is asked within the page's own origin."""
    if hop.tainting is Tainting.CORS:
        return _access_rows(hop, reply.answer, browser, None)
    failure = check_access(hop, reply.answer, browser)
    if failure is None:
        return ()
    observed = _observed(reply.answer, "Cross-Origin-Resource-Policy")
    return (Row("Cross-Origin-Resource-Policy", Mark.BROKEN, observed, "`cross-origin`, or absent", failure),)


def _access_rows(hop: Hop, answer: Answer, browser: Browser, preflight: Preflight | None) -> tuple[Row, ...]:
    origin = hop.origin if preflight is None else preflight.origin
    failure = cors_check(hop, answer, browser, preflight)
    if failure is not None and failure.rule is Rule.ACAC_NOT_TRUE:
        failure = None
    credentialed = hop.request.is_credentialed
    expected = text(origin) if credentialed else f"{text(origin)} or `*`"
    rows = [_row(ALLOW_ORIGIN, answer, expected, failure)]
    if credentialed:
        # with the right origin, only the credentials are left to be judged
        others = tuple(line for line in answer.headers if line[0].lower() != b"access-control-allow-origin")
        righted = Answer(answer.status, (*others, (b"Access-Control-Allow-Origin", origin)))
        failure = cors_check(hop, righted, browser, preflight)
        rows.append(_row(ALLOW_CREDENTIALS, answer, "true", failure))
    return tuple(rows)


def _status_row(hop: Hop, preflight: Preflight, reply: Reply, browser: Browser) -> Row:
    failure = _judge(hop, preflight, reply.answer, browser, Check.REDIRECT, Check.STATUS)
    mark = Mark.KEPT if failure is None else Mark.BROKEN
    return Row("status", mark, reply.status_text, "from 200 to 299", failure)


def _methods_row(hop: Hop, preflight: Preflight, answer: Answer, browser: Browser) -> Row:
    failure = _judge(hop, preflight, answer, browser, Check.PARSE_METHODS, Check.METHOD)
    method = text(preflight.method)
    if failure is None and preflight.method in SAFELISTED_METHODS:
        return Row(ALLOW_METHODS, Mark.UNNEEDED, _observed(answer, ALLOW_METHODS), f"anything: {method} needs no leave")
    expected = "a list of tokens" if _is_syntax(failure) else f"a list with {method}"
    return _row(ALLOW_METHODS, answer, expected + _or_any(hop, failure), failure)


def _headers_rows(hop: Hop, preflight: Preflight, answer: Answer, browser: Browser) -> tuple[Row, ...]:
    failure = _judge(hop, preflight, answer, browser, Check.PARSE_HEADERS, Check.HEADERS)
    if failure is None and not preflight.names:
        return ()
    names = ", ".join(dict.fromkeys(map(text, preflight.names)))
    beside = b"authorization" in preflight.names and browser.authorization_needs_listing
    any_header = " (`*` does not cover Authorization)" if beside else _or_any(hop, failure)
    expected = "a list of tokens" if _is_syntax(failure) else f"a list with {names}{any_header}"
    return (_row(ALLOW_HEADERS, answer, expected, failure),)


def _judge(hop: Hop, preflight: Preflight, answer: Answer, browser: Browser, *checks: Check) -> Failure | None:
    failure = judge_preflight(hop, preflight, answer, replace(browser, preflight_order=checks))
    is_elsewhere = failure is not None and failure.rule is Rule.PROXY_AUTHENTICATION and Check.STATUS not in checks
    return None if is_elsewhere else failure


def _or_any(hop: Hop, failure: Failure | None) -> str:
    if not hop.request.is_credentialed:
        return " or `*`"
    # Fetch "CORS protocol and credentials"
    return " (with credentials `*` is a mere name)" if failure is not None and b"*" in failure.value else ""


def _is_syntax(failure: Failure | None) -> bool:
    return failure is not None and failure.rule in (Rule.ACAM_UNPARSABLE, Rule.ACAH_UNPARSABLE)


def _row(label: str, answer: Answer, expected: str, failure: Failure | None) -> Row:
    mark = Mark.KEPT if failure is None else Mark.BROKEN
    return Row(label, mark, _observed(answer, label), expected, failure)


def _observed(answer: Answer, name: str) -> str | None:
    lines = values(answer.headers, name.lower().encode())
    if len(lines) > 1:
        return f"{len(lines)} lines: " + " | ".join(map(text, lines))
    return text(lines[0]) if lines else None


def listed(reply: Reply, name: str) -> tuple[str, ...]:
    """The tokens of a list that *reply* holds, between whatever stands there instead of commas."""
    lines = values(reply.headers, name.lower().encode())
    elements = [element for line in lines for element in re.split(rb"[,;\s]+", line)]
    return tuple(text(element) for element in elements if is_token(element))
