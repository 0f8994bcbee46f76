"""The verdicts: whether an answer will do, for a preflight and for the request itself, and which headers are readable.

Fetch "CORS check", "CORS-preflight fetch" step 7, "cross-origin resource policy check" and "CORS filtered
response". Every function takes one hop and one answer and returns what is wrong with it, or None. The order of the
checks on a preflight's answer is the browser's (Browser.preflight_order); the rest is in the standard's order.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from ..fetch import (
    FORBIDDEN_RESPONSE_HEADERS,
    NON_WILDCARD_REQUEST_HEADER,
    SAFELISTED_METHODS,
    SAFELISTED_RESPONSE_HEADERS,
    is_token,
    list_of_tokens,
)
from .headers import get, values
from .preflights import Preflight, upload_listener_counts
from .profiles import Browser, Check
from .redirects import follow, is_redirect
from .requests import (
    Answer,
    EmbedderPolicy,
    Failure,
    Hop,
    Tainting,
    Verdict,
    failed,
    unreadable,
)
from .rules import Rule, Stage
from .urls import Url, parse_url

_RESOURCE_POLICIES: Final = (b"same-origin", b"same-site", b"cross-origin")


def cors_check(hop: Hop, answer: Answer, browser: Browser, preflight: Preflight | None = None) -> Failure | None:
    """Fetch "CORS check", of the answer to *preflight*, or to the request itself.

    >>> from corserver.cors.browser import STANDARD, Answer, Request, begin, cors_check, parse_url
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"GET")
    >>> answer = Answer(200, ((b"Access-Control-Allow-Origin", b"https://other.example"),))
    >>> cors_check(begin(request), answer, STANDARD).rule.name
    'ACAO_MISMATCH'
    """
    stage = Stage.ACTUAL if preflight is None else Stage.PREFLIGHT
    origin = hop.origin if preflight is None else preflight.origin
    lines = values(answer.headers, b"access-control-allow-origin")
    value = b", ".join(lines)
    if not lines:
        return failed(hop, Rule.ACAO_MISSING, stage, status=answer.status)
    if value == b"*":
        if not hop.request.is_credentialed:
            return None
        return failed(hop, Rule.ACAO_WILDCARD_WITH_CREDENTIALS, stage, value=value)
    if value != origin:
        return failed(hop, _origin_rule(lines, value, browser), stage, value=value)
    if not hop.request.is_credentialed:
        return None
    credentials = get(answer.headers, b"access-control-allow-credentials", ignoring_empty=browser.ignores_empty_lines)
    return None if credentials == b"true" else failed(hop, Rule.ACAC_NOT_TRUE, stage, value=credentials or b"")


def _origin_rule(lines: list[bytes], value: bytes, browser: Browser) -> Rule:
    """The standard knows one failure, "is not the origin"; consoles say more precisely what the value is instead."""
    is_multiple = len(lines) > 1 if browser.counts_origin_lines else b"," in value or b" " in value
    if is_multiple:
        return Rule.ACAO_MULTIPLE
    is_origin = value == b"null" or parse_url(value.decode("latin-1")) is not None
    return Rule.ACAO_MISMATCH if is_origin else Rule.ACAO_INVALID


def judge_preflight(hop: Hop, preflight: Preflight, answer: Answer, browser: Browser) -> Failure | None:
    """Fetch "CORS-preflight fetch": what is wrong with the answer to *preflight*; None: the request may be sent.

    >>> from corserver.cors.browser import STANDARD, Answer, Request, begin, judge_preflight, parse_url, preflight_for
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"DELETE")
    >>> hop = begin(request)
    >>> answer = Answer(204, ((b"Access-Control-Allow-Origin", b"*"),))
    >>> judge_preflight(hop, preflight_for(hop, STANDARD), answer, STANDARD).rule.name
    'METHOD_NOT_ALLOWED'
    """
    if answer.status == 407 and browser.proxy_authentication_fails:
        return failed(hop, Rule.PROXY_AUTHENTICATION, Stage.PREFLIGHT, status=407)
    for check in browser.preflight_order:
        failure = _CHECKS[check](hop, preflight, answer, browser)
        if failure is not None:
            return failure
    return None


def _check_access(hop: Hop, preflight: Preflight, answer: Answer, browser: Browser) -> Failure | None:
    return cors_check(hop, answer, browser, preflight)


def _check_redirect(hop: Hop, preflight: Preflight, answer: Answer, browser: Browser) -> Failure | None:
    if not is_redirect(answer, browser):
        return None
    return failed(hop, Rule.PREFLIGHT_REDIRECT, Stage.PREFLIGHT, status=answer.status)


def _check_status(hop: Hop, preflight: Preflight, answer: Answer, browser: Browser) -> Failure | None:
    # Fetch "ok status"
    if 200 <= answer.status <= 299:
        return None
    return failed(hop, Rule.PREFLIGHT_STATUS_NOT_OK, Stage.PREFLIGHT, status=answer.status)


def _check_method_syntax(hop: Hop, preflight: Preflight, answer: Answer, browser: Browser) -> Failure | None:
    return _check_syntax(hop, answer, b"access-control-allow-methods", Rule.ACAM_UNPARSABLE)


def _check_header_syntax(hop: Hop, preflight: Preflight, answer: Answer, browser: Browser) -> Failure | None:
    return _check_syntax(hop, answer, b"access-control-allow-headers", Rule.ACAH_UNPARSABLE)


def _check_syntax(hop: Hop, answer: Answer, name: bytes, rule: Rule) -> Failure | None:
    lines = values(answer.headers, name)
    if list_of_tokens(lines) is not None:
        return None
    elements = (element.strip(b"\t ") for line in lines for element in line.split(b","))
    spoiler = next(element for element in elements if element and not is_token(element))
    return failed(hop, rule, Stage.PREFLIGHT, value=spoiler)


def _check_method(hop: Hop, preflight: Preflight, answer: Answer, browser: Browser) -> Failure | None:
    lines = values(answer.headers, b"access-control-allow-methods")
    methods = list_of_tokens(lines) or ()
    if preflight.method in SAFELISTED_METHODS or preflight.method in methods:
        return None
    if b"*" in methods and not hop.request.is_credentialed:
        return None
    if not lines and browser.upload_listener_lists_method and upload_listener_counts(hop.request, browser):
        return None
    return failed(hop, Rule.METHOD_NOT_ALLOWED, Stage.PREFLIGHT, value=b", ".join(lines))


def _check_headers(hop: Hop, preflight: Preflight, answer: Answer, browser: Browser) -> Failure | None:
    lines = values(answer.headers, b"access-control-allow-headers")
    listed = {name.lower() for name in list_of_tokens(lines) or ()}
    missing = [name for name in preflight.names if name not in listed]
    rule, value = Rule.HEADER_NOT_ALLOWED, b", ".join(lines)
    if b"*" in listed and not hop.request.is_credentialed:
        # Fetch "CORS non-wildcard request-header name"
        rule = Rule.AUTHORIZATION_NOT_LISTED
        uncovered = NON_WILDCARD_REQUEST_HEADER if browser.authorization_needs_listing else None
        missing = [name for name in missing if name == uncovered]
    if not missing:
        return None
    return replace(failed(hop, rule, Stage.PREFLIGHT, value=value), names=tuple(dict.fromkeys(missing)))


_CHECKS: Final[Mapping[Check, Callable[[Hop, Preflight, Answer, Browser], Failure | None]]] = {
    Check.ACCESS: _check_access,
    Check.REDIRECT: _check_redirect,
    Check.STATUS: _check_status,
    Check.PARSE_METHODS: _check_method_syntax,
    Check.PARSE_HEADERS: _check_header_syntax,
    Check.METHOD: _check_method,
    Check.HEADERS: _check_headers,
}


def judge_response(hop: Hop, answer: Answer, browser: Browser) -> Hop | Verdict:
    """What comes of the answer to the request itself: the next hop of a redirect, or the end.

    >>> from corserver.cors.browser import STANDARD, Answer, Request, begin, judge_response, parse_url
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"GET")
    >>> answer = Answer(404, ((b"Access-Control-Allow-Origin", b"*"),))
    >>> judge_response(begin(request), answer, STANDARD).status
    404
    """
    failure = check_access(hop, answer, browser)
    if failure is not None:
        return unreadable(failure)
    if is_redirect(answer, browser):
        return follow(hop, answer, browser)
    if hop.tainting is Tainting.OPAQUE:
        return unreadable(failed(hop, Rule.OPAQUE, Stage.ACTUAL, status=answer.status))
    readable = readable_headers(hop, answer)
    present = {name.lower() for name, _ in answer.headers}
    hidden = tuple(sorted(present.difference(readable)))
    return Verdict(readable=True, status=answer.status, headers=readable, hidden=hidden)


def check_access(hop: Hop, answer: Answer, browser: Browser) -> Failure | None:
    """Fetch "HTTP fetch" steps 4 and 5: the check that every response goes through, a redirect's too."""
    if answer.status == 407 and browser.proxy_authentication_fails:
        return failed(hop, Rule.PROXY_AUTHENTICATION, Stage.ACTUAL, status=407)
    match hop.tainting:
        case Tainting.CORS:
            return cors_check(hop, answer, browser)
        case Tainting.OPAQUE:
            return resource_policy_check(hop, answer, browser)
        case Tainting.BASIC:
            return None


def readable_headers(hop: Hop, answer: Answer) -> tuple[bytes, ...]:
    """Fetch "basic filtered response" and "CORS filtered response": the lower-case names a script can read, sorted.

    >>> from corserver.cors.browser import Answer, Request, begin, parse_url, readable_headers
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"GET")
    >>> lines = ((b"ETag", b"7"), (b"X-Total", b"9"), (b"Access-Control-Expose-Headers", b"etag"))
    >>> readable_headers(begin(request), Answer(200, lines))
    (b'etag',)
    """
    present = {name.lower() for name, _ in answer.headers} - FORBIDDEN_RESPONSE_HEADERS
    if hop.tainting is Tainting.BASIC:
        return tuple(sorted(present))
    if hop.tainting is Tainting.OPAQUE:
        return ()
    # one bad token, and nothing is exposed: "extract header list values" fails
    tokens = list_of_tokens(values(answer.headers, b"access-control-expose-headers")) or ()
    exposed = {token.lower() for token in tokens}
    if b"*" in exposed and not hop.request.is_credentialed:
        return tuple(sorted(present))
    return tuple(sorted(present & (SAFELISTED_RESPONSE_HEADERS | exposed)))


def resource_policy_check(hop: Hop, answer: Answer, browser: Browser) -> Failure | None:
    """Fetch "cross-origin resource policy check": whether a no-cors response may enter the page at all.

    >>> from corserver.cors.browser import STANDARD, Answer, Mode, Request, begin, parse_url, resource_policy_check
    >>> url = parse_url("https://api.example/photo.png")
    >>> hop = begin(Request(url=url, origin=b"https://site.example", mode=Mode.NO_CORS))
    >>> answer = Answer(200, ((b"Cross-Origin-Resource-Policy", b"same-origin"),))
    >>> resource_policy_check(hop, answer, STANDARD).rule.name
    'RESOURCE_POLICY'
    """
    value = get(answer.headers, b"cross-origin-resource-policy")
    policy = value if value in _RESOURCE_POLICIES else None
    if policy is None and hop.request.embedder_policy is EmbedderPolicy.REQUIRE_CORP:
        policy = None if value and browser.unknown_resource_policy_passes else b"same-origin"
    if policy is None or policy == b"cross-origin":
        return None
    page = parse_url(hop.request.origin.decode("latin-1"))
    if page is not None and _is_same_site(page, hop.request.url, policy, browser):
        return None
    return failed(hop, Rule.RESOURCE_POLICY, Stage.ACTUAL, value=value or b"")


def _is_same_site(page: Url, url: Url, policy: bytes, browser: Browser) -> bool:
    """HTML "schemelessly same site" without a list of public suffixes: two different hosts never are."""
    if policy == b"same-origin" or page.host != url.host:
        return page.is_same_origin(url)
    is_bare = "." not in page.host or page.host.replace(".", "").isdigit()
    return (page.scheme == "https" or url.scheme != "https") and (browser.bare_hosts_are_sites or not is_bare)
