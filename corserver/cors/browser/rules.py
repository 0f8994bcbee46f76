"""Every way in which a browser keeps a response from a script: the rule, its place in the standard, consoles' words.

`Rule` is closed: what `judging` and `redirects` can answer is listed here and nowhere else. A rule's `chrome` and
`firefox` are format templates of the sentence that the console prints about it; `console` adds what is around it.
They were compared with the recorded consoles of Chromium 156 and Firefox ESR 153. None means that the console says
nothing that names the rule (a TypeError thrown by the API, a bare `net::ERR_FAILED`, Firefox's "CORS request did not
succeed").

The fields of a template: {value} what the server sent, {names} the names that are missing, {method} the request's
method.
"""

from enum import Enum
from typing import Final


class Stage(Enum):
    """When a rule failed.

    >>> from corserver.cors.browser import Stage
    >>> [stage.name for stage in Stage]
    ['BEFORE', 'PREFLIGHT', 'ACTUAL']
    """

    #: before any byte was sent
    BEFORE = "before the request"
    #: by the answer to a preflight
    PREFLIGHT = "preflight"
    #: by the answer to the request itself
    ACTUAL = "response"


class Rule(Enum):
    """One rule that was not kept: code, sentence, place in the Fetch standard, Chrome's words, Firefox's words.

    >>> from corserver.cors.browser import Rule
    >>> Rule.ACAO_MISSING.url
    'https://fetch.spec.whatwg.org/#concept-cors-check'
    """

    def __init__(self, sentence: str, where: str, chrome: str | None = None, firefox: str | None = None) -> None:
        self.sentence = sentence
        self.where = where
        self.chrome = chrome
        self.firefox = firefox

    # -- before anything is sent
    REQUEST_INVALID = ("the API refuses the request: bad method, header or option", "new Request()")
    METHOD_FORBIDDEN = ("CONNECT, TRACE and TRACK are forbidden methods", "forbidden method")
    NO_CORS_METHOD = ("mode no-cors sends GET, HEAD and POST only", "new Request()")
    SCHEME_NOT_HTTP = (
        "only http and https URLs take part in the CORS protocol",
        "main fetch",
        "Cross origin requests are only supported for protocol schemes: chrome, "
        "chrome-experimental-site-token-provider, chrome-extension, chrome-untrusted, data, http, https, isolated-app.",
        "CORS request not http",
    )
    BAD_PORT = ("browsers do not connect to this port", "block bad port")
    MODE_SAME_ORIGIN = ("mode same-origin does not leave the origin", "main fetch")
    NO_CORS_REDIRECT_MODE = ("mode no-cors must follow redirects", "main fetch")

    # -- any answer of a CORS request: CORS check
    ACAO_MISSING = (
        "the response has no Access-Control-Allow-Origin",
        "CORS check",
        "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
        "CORS header ‘Access-Control-Allow-Origin’ missing",
    )
    ACAO_MULTIPLE = (
        "Access-Control-Allow-Origin holds several values; it must hold one",
        "CORS check",
        "The 'Access-Control-Allow-Origin' header contains multiple values '{value}', but only one is allowed.",
        "Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed",
    )
    ACAO_INVALID = (
        "Access-Control-Allow-Origin is neither an origin nor `*` nor `null`",
        "CORS check",
        "The 'Access-Control-Allow-Origin' header contains the invalid value '{value}'.",
        "CORS header ‘Access-Control-Allow-Origin’ does not match ‘{value}’",
    )
    ACAO_MISMATCH = (
        "Access-Control-Allow-Origin is not, byte for byte, the request's Origin",
        "CORS check",
        "The 'Access-Control-Allow-Origin' header has a value '{value}' that is not equal to the supplied origin.",
        "CORS header ‘Access-Control-Allow-Origin’ does not match ‘{value}’",
    )
    ACAO_WILDCARD_WITH_CREDENTIALS = (
        "`*` in Access-Control-Allow-Origin does not do for a request with credentials",
        "CORS check",
        "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the "
        "request's credentials mode is 'include'.",
        "Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’",
    )
    ACAC_NOT_TRUE = (
        "a request with credentials needs Access-Control-Allow-Credentials to be exactly `true`",
        "CORS check",
        "The value of the 'Access-Control-Allow-Credentials' header in the response is '{value}' which must be 'true' "
        "when the request's credentials mode is 'include'.",
        "expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’",
    )

    # -- the answer to a preflight
    PREFLIGHT_STATUS_NOT_OK = (
        "a preflight must be answered with a status from 200 to 299",
        "CORS-preflight fetch",
        "It does not have HTTP ok status.",
        "CORS preflight response did not succeed",
    )
    PREFLIGHT_REDIRECT = (
        "a preflight must not be redirected",
        "CORS-preflight fetch",
        "Redirect is not allowed for a preflight request.",
        "CORS request external redirect not allowed",
    )
    ACAM_UNPARSABLE = (
        "Access-Control-Allow-Methods is not a list of tokens",
        "CORS-preflight fetch",
        "Cannot parse Access-Control-Allow-Methods response header field in preflight response.",
        "invalid token ‘{value}’ in CORS header ‘Access-Control-Allow-Methods’",
    )
    ACAH_UNPARSABLE = (
        "Access-Control-Allow-Headers is not a list of tokens",
        "CORS-preflight fetch",
        "Cannot parse Access-Control-Allow-Headers response header field in preflight response.",
        "invalid token ‘{value}’ in CORS header ‘Access-Control-Allow-Headers’",
    )
    METHOD_NOT_ALLOWED = (
        "the method is not in Access-Control-Allow-Methods (which is case-sensitive)",
        "CORS-preflight fetch",
        "Method {method} is not allowed by Access-Control-Allow-Methods in preflight response.",
        "Did not find method in CORS header ‘Access-Control-Allow-Methods’",
    )
    HEADER_NOT_ALLOWED = (
        "a request header is not in Access-Control-Allow-Headers",
        "CORS-preflight fetch",
        "Request header field {names[0]} is not allowed by Access-Control-Allow-Headers in preflight response.",
        "header ‘{names[0]}’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight "
        "response",
    )
    AUTHORIZATION_NOT_LISTED = (
        "`*` in Access-Control-Allow-Headers does not cover Authorization",
        "CORS-preflight fetch",
        "Request header field {names[0]} is not allowed by Access-Control-Allow-Headers in preflight response.",
        "header ‘{names[0]}’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight "
        "response",
    )

    # -- redirects
    REDIRECT_HAS_CREDENTIALS = (
        "a redirect to a URL with a username or password is refused",
        "HTTP-redirect fetch",
        # Chromium 156 leaves the location out
        "Redirect location '' contains a username and password, which is disallowed for cross-origin requests.",
    )
    SAME_ORIGIN_REDIRECT_HAS_CREDENTIALS = (
        "the browser refuses a redirect to a URL with a username or password even within the page's origin",
        "HTTP-redirect fetch",
    )
    REDIRECT_MODE_ERROR = ("the request's redirect mode is error", "HTTP fetch")
    REDIRECT_URL_INVALID = ("Location is not a URL", "HTTP-redirect fetch")
    REDIRECT_NOT_HTTP = ("a redirect must lead to an http or https URL", "HTTP-redirect fetch")
    REDIRECT_TOO_MANY = ("more than 20 redirects", "HTTP-redirect fetch")

    # -- neither CORS nor readable
    NETWORK_ERROR = ("no response arrived", "network error")
    PROXY_AUTHENTICATION = ("the browser takes a 407 for a proxy's and fails", "HTTP-network-or-cache fetch")
    RESOURCE_POLICY = ("Cross-Origin-Resource-Policy keeps this page out", "cross-origin resource policy check")
    OPAQUE = ("mode no-cors: the response arrives, and nothing of it can be read", "opaque filtered response")
    OPAQUE_REDIRECT = (
        "redirect mode manual: the redirect arrives, and cannot be read",
        "opaque-redirect filtered response",
    )

    @property
    def url(self) -> str:
        """The rule's place in the standard, as a link."""
        return f"https://fetch.spec.whatwg.org/#{_ANCHORS[self.where]}"


_ANCHORS: Final = {
    "new Request()": "dom-request",
    "forbidden method": "forbidden-method",
    "main fetch": "concept-main-fetch",
    "block bad port": "block-bad-port",
    "CORS check": "concept-cors-check",
    "CORS-preflight fetch": "cors-preflight-fetch",
    "HTTP-redirect fetch": "concept-http-redirect-fetch",
    "HTTP fetch": "concept-http-fetch",
    "network error": "concept-network-error",
    "HTTP-network-or-cache fetch": "concept-http-network-or-cache-fetch",
    "cross-origin resource policy check": "cross-origin-resource-policy-check",
    "opaque filtered response": "concept-filtered-response-opaque",
    "opaque-redirect filtered response": "concept-filtered-response-opaque-redirect",
}

#: The rules that Chrome's console introduces by "Response to preflight request doesn't pass access control check".
ACCESS_RULES: Final = frozenset(
    {
        Rule.ACAO_MISSING,
        Rule.ACAO_MULTIPLE,
        Rule.ACAO_INVALID,
        Rule.ACAO_MISMATCH,
        Rule.ACAO_WILDCARD_WITH_CREDENTIALS,
        Rule.ACAC_NOT_TRUE,
        Rule.PREFLIGHT_STATUS_NOT_OK,
        Rule.PREFLIGHT_REDIRECT,
    }
)
