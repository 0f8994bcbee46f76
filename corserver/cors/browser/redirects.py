"""Where a fetch begins and where a redirect takes it: main fetch, HTTP-redirect fetch, and `Origin: null`.

`begin` and `follow` give the next hop to send, or the verdict that there is none. A hop's tainting only ever gets
worse: a fetch that was cross-origin once stays so on its way home, and one that was redirected from a foreign origin
to yet another has lost its origin for good (Fetch "redirect-taint").
"""

from dataclasses import replace
from typing import Final

from ..fetch import NON_WILDCARD_REQUEST_HEADER
from .headers import values
from .preflights import preflight_for, unsafe_names
from .profiles import Browser
from .requests import (
    Answer,
    Hop,
    Mode,
    RedirectMode,
    Request,
    Tainting,
    Verdict,
    failed,
    unreadable,
)
from .rules import Rule, Stage
from .urls import Url, parse_url

#: Fetch "redirect status".
REDIRECT_STATUSES: Final = frozenset({301, 302, 303, 307, 308})
#: Fetch "HTTP-redirect fetch": "If request's redirect count is 20, then return a network error".
MAX_REDIRECTS: Final = 20
#: Fetch "request-body-header name": they go when a redirect drops the body.
_BODY_HEADERS: Final = frozenset(b"content-encoding content-language content-location content-type".split())


def begin(request: Request) -> Hop | Verdict:
    """The first hop of *request* (which `construct` has made), or the verdict that nothing is sent.

    >>> from corserver.cors.browser import Request, begin, parse_url
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"GET")
    >>> begin(request).tainting
    <Tainting.CORS: 'cors'>
    """
    return _main_fetch(Hop(request=request, tainting=Tainting.BASIC, first_url=request.url))


def _main_fetch(hop: Hop) -> Hop | Verdict:
    """Fetch "main fetch": how far the response will be tainted."""
    request = hop.request
    if request.url.has_bad_port:
        return unreadable(failed(hop, Rule.BAD_PORT, Stage.BEFORE))
    is_home = hop.tainting is Tainting.BASIC and request.origin == request.url.origin != b"null"
    if is_home and request.url.is_http:
        return hop
    if request.mode is Mode.SAME_ORIGIN:
        return unreadable(failed(hop, Rule.MODE_SAME_ORIGIN, Stage.BEFORE))
    if request.mode is Mode.NO_CORS:
        if request.redirect is not RedirectMode.FOLLOW:
            return unreadable(failed(hop, Rule.NO_CORS_REDIRECT_MODE, Stage.BEFORE))
        return replace(hop, tainting=Tainting.OPAQUE)
    if not request.url.is_http:
        return unreadable(failed(hop, Rule.SCHEME_NOT_HTTP, Stage.BEFORE))
    return replace(hop, tainting=Tainting.CORS)


def is_redirect(answer: Answer, browser: Browser) -> bool:
    """Whether *answer* points elsewhere: a redirect status and a Location. Without both it is like any other.

    >>> from corserver.cors.browser import STANDARD, Answer, is_redirect
    >>> is_redirect(Answer(302, ((b"Location", b"/"),)), STANDARD), is_redirect(Answer(302), STANDARD)
    (True, False)
    """
    locations = values(answer.headers, b"location")
    if answer.status not in REDIRECT_STATUSES or not locations:
        return False
    return bool(locations[0]) or not browser.empty_location_is_none


def follow(hop: Hop, answer: Answer, browser: Browser) -> Hop | Verdict:
    """Fetch "HTTP-redirect fetch". The answer has passed its own CORS check already.

    >>> from corserver.cors.browser import STANDARD, Answer, Request, begin, follow, parse_url
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"GET")
    >>> follow(begin(request), Answer(307, ((b"Location", b"/items/8"),)), STANDARD).request.url.path
    '/items/8'
    """
    request = hop.request
    if request.redirect is RedirectMode.ERROR:
        return unreadable(failed(hop, Rule.REDIRECT_MODE_ERROR, Stage.ACTUAL, status=answer.status))
    if request.redirect is RedirectMode.MANUAL:
        return unreadable(failed(hop, Rule.OPAQUE_REDIRECT, Stage.ACTUAL, status=answer.status))
    locations = set(values(answer.headers, b"location"))
    location = locations.pop()
    # two equal lines count as one in every browser; different ones are no location
    url = None if locations else parse_url(location.decode("latin-1"), request.url)
    if url is None:
        return unreadable(failed(hop, Rule.REDIRECT_URL_INVALID, Stage.ACTUAL, value=location, status=answer.status))
    rule = _redirect_rule(hop, url, browser)
    if rule is not None:
        return unreadable(failed(hop, rule, Stage.ACTUAL, value=location, status=answer.status))
    return _main_fetch(_redirected(hop, answer.status, url, browser))


def _redirect_rule(hop: Hop, url: Url, browser: Browser) -> Rule | None:
    """The steps of "HTTP-redirect fetch" that end in a network error."""
    if not url.is_http:
        return Rule.REDIRECT_NOT_HTTP
    if hop.redirects == MAX_REDIRECTS:
        return Rule.REDIRECT_TOO_MANY
    if not url.userinfo:
        return None
    if hop.tainting is Tainting.CORS or (hop.request.mode is Mode.CORS and url.origin != hop.request.origin):
        return Rule.REDIRECT_HAS_CREDENTIALS
    return Rule.SAME_ORIGIN_REDIRECT_HAS_CREDENTIALS if browser.refuses_same_origin_userinfo else None


def _redirected(hop: Hop, status: int, url: Url, browser: Browser) -> Hop:
    request = hop.request
    method, headers, has_body = request.method, request.headers, request.has_body
    if (status in (301, 302) and method == b"POST") or (status == 303 and method not in (b"GET", b"HEAD")):
        method, has_body = b"GET", False
        headers = tuple(field for field in headers if field[0].lower() not in _BODY_HEADERS)
    leaves = not request.url.is_same_origin(url)
    if leaves:
        headers = tuple(field for field in headers if field[0].lower() != NON_WILDCARD_REQUEST_HEADER)
    return replace(
        hop,
        request=replace(request, url=url, method=method, headers=headers, has_body=has_body),
        redirects=hop.redirects + 1,
        origin_is_tainted=hop.origin_is_tainted or (leaves and request.url.origin != request.origin),
        owes_preflight=browser.preflight_is_sticky and _needed_preflight(hop, browser),
    )


def _needed_preflight(hop: Hop, browser: Browser) -> bool:
    """Whether a preflight sticks to the request: it had one, or headers that would have called for one elsewhere."""
    if hop.owes_preflight or preflight_for(hop, browser) is not None:
        return True
    return hop.request.mode is Mode.CORS and bool(unsafe_names(hop.request.headers, browser)[0])
