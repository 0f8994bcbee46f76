"""Every outcome there is, each with its sentence, what mends it, and its place in the standard."""

from enum import Enum, unique

FETCH = "https://fetch.spec.whatwg.org/"


class Outcome(Enum):
    """What a decision means for the script that asked.

    >>> from corserver.cors import Outcome, Reason
    >>> Reason.ORIGIN_NOT_ALLOWED.outcome is Outcome.DENIED
    True
    """

    #: CORS plays no part: the response is what the app makes it.
    UNRELATED = "unrelated"
    #: The script may read the response (or, after a preflight, send the request).
    ALLOWED = "allowed"
    #: The browser will keep the response (or the request) from the script.
    DENIED = "denied"


@unique
class Reason(Enum):
    """Why a decision is what it is.

    *sentence* completes "because"; `{detail}` in it is filled by `Decision.sentence`. *change* says what to change
    if the outcome is not wanted, *flag* how to on the command line, if it can be there; *fix* is both. *source* is
    where the standard says so.

    >>> from corserver.cors import Reason
    >>> Reason.ORIGIN_NOT_ALLOWED.source
    'https://fetch.spec.whatwg.org/#cors-check'
    """

    outcome: Outcome
    sentence: str
    change: str
    flag: str
    source: str

    def __init__(self, outcome: Outcome, sentence: str, change: str, anchor: str, flag: str = "") -> None:
        self.outcome = outcome
        self.sentence = sentence
        self.change = change
        self.flag = flag
        self.source = FETCH + anchor

    @property
    def fix(self) -> str:
        """What to change, on the command line too."""
        return f"{self.change} (on the command line: {self.flag})" if self.flag else self.change

    NOT_CORS = (Outcome.UNRELATED, "the request has no Origin", "nothing to do", "#cors-request")
    SAME_ORIGIN = (
        Outcome.UNRELATED,
        "the page and the server are the same origin",
        "nothing to do: a browser asks no permission here",
        "#cors-request",
    )
    NO_POLICY = (
        Outcome.UNRELATED,
        "no policy governs this path",
        "give the app, the mount or the route a policy",
        "#http-responses",
        "--cors {origin}",
    )
    OPTIONS_NOT_PREFLIGHT = (
        Outcome.UNRELATED,
        "an OPTIONS without both Origin and Access-Control-Request-Method is no preflight",
        "nothing to do: the app answers it",
        "#cors-preflight-request",
    )

    UPGRADE = (
        Outcome.UNRELATED,
        "the policy lets pages of every origin open WebSockets, which CORS does not guard",
        "take dangerously_allow_any_websocket_origin out of the policy",
        "#websocket-protocol",
    )
    PNA_HEADER_IGNORED = (
        Outcome.UNRELATED,
        "Access-Control-Request-Private-Network is ignored: Private Network Access was withdrawn",
        "nothing to do: Local Network Access, which took its place, asks the user and has no headers",
        "#http-cors-protocol",
    )

    ALLOWED_ANY = (Outcome.ALLOWED, "the policy allows any origin", "name the origins instead of `*`", "#cors-check")
    ALLOWED_EXACT = (Outcome.ALLOWED, "the policy names the origin", "take it off the list", "#cors-check")
    ALLOWED_SUBDOMAIN = (
        Outcome.ALLOWED,
        "the policy allows the subdomains of `{detail}`",
        "name the subdomains instead of `*.`",
        "#cors-check",
    )
    ALLOWED_PORT = (
        Outcome.ALLOWED,
        "the policy allows every port of `{detail}`",
        "name the ports instead of `:*`",
        "#cors-check",
    )
    ALLOWED_PREDICATE = (Outcome.ALLOWED, "the policy's predicate allows the origin", "change it", "#cors-check")

    ORIGIN_DUPLICATED = (
        Outcome.DENIED,
        "the request has more than one Origin line",
        "find what adds the second one: no browser does",
        "#origin-header",
    )
    ORIGIN_TOO_LONG = (
        Outcome.DENIED,
        "the Origin is longer than an origin can be",
        "no browser sends it",
        "#origin-header",
    )
    ORIGIN_MALFORMED = (
        Outcome.DENIED,
        "the Origin is not as a browser writes one: {detail}",
        "send scheme://host[:port] in lower case, with no path and no default port",
        "#origin-header",
    )
    ORIGIN_NULL = (
        Outcome.DENIED,
        "the page's origin is `null`: a sandboxed frame, a file: or data: page, or a cross-origin redirect",
        "serve the page from a real origin; `null` is anybody, so only a policy of `*` serves it",
        "#cors-check",
    )
    ORIGIN_NOT_ALLOWED = (
        Outcome.DENIED,
        "origin not in the policy; allowed: {detail}",
        "add {origin} to the policy's origins",
        "#cors-check",
        "--cors {origin}",
    )
    PREDICATE_DENIED = (
        Outcome.DENIED,
        "origin not in the policy, and its predicate says no; allowed: {detail}",
        "add {origin} to the policy's origins, or let the predicate allow it",
        "#cors-check",
    )
    PREDICATE_ERROR = (
        Outcome.DENIED,
        "the policy's predicate raised an exception",
        "mend the predicate: it is given the origin as a str and returns a bool",
        "#cors-check",
    )

    ACRM_INVALID = (
        Outcome.DENIED,
        "Access-Control-Request-Method is not one method",
        "send one method: a browser does",
        "#http-access-control-request-method",
    )
    METHOD_FORBIDDEN = (
        Outcome.DENIED,
        "no script may use {detail}",
        "use another method",
        "#forbidden-method",
    )
    METHOD_CASE_MISMATCH = (
        Outcome.DENIED,
        "methods are compared with their case, and {detail}",
        "write the method in upper case in the script: fetch() does not do it for PATCH",
        "#concept-method-normalize",
    )
    METHOD_NOT_ALLOWED = (
        Outcome.DENIED,
        "method not in the policy; allowed: {detail}",
        "add the method to the policy's methods",
        "#cors-preflight-fetch-0",
        "--cors-methods",
    )
    ACRH_TOO_LARGE = (
        Outcome.DENIED,
        "Access-Control-Request-Headers is longer than corserver reads",
        "send fewer headers: at most 128 names and 8192 bytes",
        "#http-access-control-request-headers",
    )
    ACRH_MALFORMED = (
        Outcome.DENIED,
        "Access-Control-Request-Headers is not a list of header names",
        "send a list of names: a browser does",
        "#http-access-control-request-headers",
    )
    AUTHORIZATION_NEEDS_EXPLICIT_ALLOW = (
        Outcome.DENIED,
        "`*` does not cover Authorization",
        'name it beside the `*`: headers=["*", "authorization"]',
        "#cors-non-wildcard-request-header-name",
    )
    SAFELISTED_HEADER_UNSAFE_VALUE = (
        Outcome.DENIED,
        "the value of {detail} is beyond what may be sent unasked (a JSON content type, or over 128 bytes)",
        "add the name to the policy's headers",
        "#cors-safelisted-request-header",
        "--cors-headers",
    )
    HEADER_NOT_ALLOWED = (
        Outcome.DENIED,
        "request header not in the policy: {detail}",
        "add the name to the policy's headers",
        "#cors-preflight-fetch-0",
        "--cors-headers",
    )
