"""What a browser's console says about a failure, word for word, so that it can be found by searching for it.

Only for the rules that the console names; see `rules`. Chrome puts its preflight phrase before what the CORS check
and the status found, and a piece of advice after some; Firefox may add a second line "CORS request did not succeed",
which is not repeated here.
"""

from typing import Final

from .requests import Failure, Initiator
from .rules import ACCESS_RULES, Rule, Stage

_PREFLIGHT: Final = "Response to preflight request doesn't pass access control check: "
_ADVICE: Final = " Have the server send the header with a valid value."
_XHR_ADVICE: Final = (
    " The credentials mode of requests initiated by the XMLHttpRequest is controlled by the withCredentials attribute."
)
#: Chrome gives its advice, to fetch() only, where a value is wrong.
_ADVISED: Final = frozenset({Rule.ACAO_MULTIPLE, Rule.ACAO_INVALID, Rule.ACAO_MISMATCH})
#: Chrome explains withCredentials, to XMLHttpRequest only, where credentials are the reason.
_XHR_ADVISED: Final = frozenset({Rule.ACAO_WILDCARD_WITH_CREDENTIALS, Rule.ACAC_NOT_TRUE})
#: Firefox appends the status to these.
_WITH_STATUS: Final = frozenset({Rule.ACAO_MISSING, Rule.PREFLIGHT_STATUS_NOT_OK})
#: What fetch() finds out before it asks the network is told in other words, and not as a CORS error.
_CHROME_FETCH_LINES: Final = {
    Rule.SCHEME_NOT_HTTP: 'Fetch API cannot load {url}. URL scheme "{url.scheme}" is not supported.',
    Rule.NO_CORS_REDIRECT_MODE: (
        'Fetch API cannot load {url}. Request mode is "no-cors" but the redirect mode is not "follow".'
    ),
    Rule.MODE_SAME_ORIGIN: (
        'Fetch API cannot load {url}. Request mode is "same-origin" but the URL\'s origin is not same as the request '
        "origin {origin}."
    ),
}
#: DevTools' name of each rule (Network.CorsError).
_CHROME_CODES: Final = {
    Rule.SCHEME_NOT_HTTP: "CorsDisabledScheme",
    Rule.ACAO_MISSING: "MissingAllowOriginHeader",
    Rule.ACAO_MULTIPLE: "MultipleAllowOriginValues",
    Rule.ACAO_INVALID: "InvalidAllowOriginValue",
    Rule.ACAO_MISMATCH: "AllowOriginMismatch",
    Rule.ACAO_WILDCARD_WITH_CREDENTIALS: "WildcardOriginNotAllowed",
    Rule.ACAC_NOT_TRUE: "InvalidAllowCredentials",
    Rule.PREFLIGHT_STATUS_NOT_OK: "InvalidStatus",
    Rule.PREFLIGHT_REDIRECT: "DisallowedRedirect",
    Rule.ACAM_UNPARSABLE: "InvalidAllowMethodsPreflightResponse",
    Rule.ACAH_UNPARSABLE: "InvalidAllowHeadersPreflightResponse",
    Rule.METHOD_NOT_ALLOWED: "MethodDisallowedByPreflightResponse",
    Rule.HEADER_NOT_ALLOWED: "HeaderDisallowedByPreflightResponse",
    Rule.AUTHORIZATION_NOT_LISTED: "HeaderDisallowedByPreflightResponse",
    Rule.REDIRECT_HAS_CREDENTIALS: "RedirectContainsCredentials",
}


def chrome_code(failure: Failure) -> str | None:
    """DevTools' Network.CorsError of *failure*, or None when it has none.

    >>> from corserver.cors.browser import Answer, Request, chrome_code, parse_url, simulate
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"GET")
    >>> chrome_code(simulate(request, lambda message: Answer(200)).failure)
    'MissingAllowOriginHeader'
    """
    if failure.request.initiator is Initiator.FETCH and failure.rule in _CHROME_FETCH_LINES:
        return None
    code = _CHROME_CODES.get(failure.rule)
    is_prefixed = failure.stage is Stage.PREFLIGHT and failure.rule in ACCESS_RULES
    return f"Preflight{code}" if is_prefixed else code


def chrome_line(failure: Failure) -> str | None:
    """The line in Chrome's console, or None when it does not name the rule.

    >>> from corserver.cors.browser import Answer, Request, chrome_line, parse_url, simulate
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"GET")
    >>> print(chrome_line(simulate(request, lambda message: Answer(200)).failure).rpartition(": ")[2])
    No 'Access-Control-Allow-Origin' header is present on the requested resource.
    """
    request = failure.request
    if request.initiator is Initiator.FETCH and failure.rule in _CHROME_FETCH_LINES:
        return _CHROME_FETCH_LINES[failure.rule].format(url=request.url, origin=request.origin.decode("latin-1"))
    if failure.rule.chrome is None:
        return None
    words = failure.rule.chrome.format(**_fields(failure, _chrome_text(failure.value)))
    if failure.stage is Stage.PREFLIGHT and failure.rule in ACCESS_RULES:
        words = _PREFLIGHT + words
    if failure.rule in _ADVISED and request.initiator is Initiator.FETCH:
        words += _ADVICE
    if failure.rule in _XHR_ADVISED and request.initiator is Initiator.XHR:
        words += _XHR_ADVICE
    redirected = f" (redirected from '{failure.first_url}')" if failure.first_url != request.url else ""
    return (
        f"Access to {request.initiator.value} at '{request.url}'{redirected} from origin "
        f"'{request.origin.decode('latin-1')}' has been blocked by CORS policy: {words}"
    )


def firefox_line(failure: Failure) -> str | None:
    """The first line in Firefox's console, or None when it does not name the rule.

    >>> from corserver.cors.browser import Answer, Request, firefox_line, parse_url, simulate
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"GET")
    >>> firefox_line(simulate(request, lambda message: Answer(200)).failure).partition(":")[0]
    'Cross-Origin Request Blocked'
    """
    if failure.rule.firefox is None:
        return None
    words = failure.rule.firefox.format(**_fields(failure, failure.value.decode("utf-8", "replace")))
    url = str(failure.request.url)
    if failure.rule is Rule.ACAO_WILDCARD_WITH_CREDENTIALS:
        url = f"‘{url}’"
    status = f" Status code: {failure.status}." if failure.rule in _WITH_STATUS else ""
    return (
        "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at "
        f"{url}. (Reason: {words}).{status}"
    )


def _fields(failure: Failure, value: str) -> dict[str, object]:
    return {
        "value": value,
        "names": [name.decode("latin-1") for name in failure.names],
        "method": failure.request.method.decode("latin-1"),
    }


def _chrome_text(value: bytes) -> str:
    """Chrome escapes what is not printable ASCII."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\u{byte:04X}" for byte in value)
