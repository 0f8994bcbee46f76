"""A policy compiled: what it grants, in the form in which a request is compared with it.

The answer to a preflight is static (Fetch §HTTP responses: "can provide a static response"), chosen by origin alone;
the browser compares the method and the headers itself. What stands here about methods and headers foretells what the
browser will conclude, for the log and for people. It never changes the answer, and runs only when somebody reads it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .. import fetch
from ..origins import MAX_ORIGIN, OriginPattern, OriginSet, parse_origin
from .reason import Reason

#: Beyond these no requested header is looked at, in bytes and in names.
MAX_REQUESTED_BYTES = 8192
MAX_REQUESTED_NAMES = 128
#: With credentials a policy of any method grants no longer one, in bytes, unless it is named.
MAX_ECHOED_METHOD = 64

#: A predicate is given a well-formed origin other than `null`, and says whether it is allowed.
OriginPredicate = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Rules:
    """*origins* is None where any origin is allowed (`*`). Methods and header names are bytes, names lower-case."""

    origins: OriginSet | None
    predicate: OriginPredicate | None
    methods: frozenset[bytes]
    any_method: bool
    headers: frozenset[bytes]
    any_header: bool
    credentials: bool
    expose_all: bool

    def judge_origin(self, value: bytes) -> tuple[Reason, OriginPattern | None]:
        """Whether the one Origin *value* is allowed, why, and by which pattern."""
        if self.origins is None:
            return Reason.ALLOWED_ANY, None
        pattern = self.origins.match(value)
        if pattern is not None:
            if pattern.is_exact:
                return Reason.ALLOWED_EXACT, pattern
            return (Reason.ALLOWED_SUBDOMAIN if pattern.subdomains else Reason.ALLOWED_PORT), pattern
        if value == b"null":
            return Reason.ORIGIN_NULL, None
        if len(value) > MAX_ORIGIN:
            return Reason.ORIGIN_TOO_LONG, None
        if parse_origin(value) is None:
            return Reason.ORIGIN_MALFORMED, None
        return (Reason.ORIGIN_NOT_ALLOWED if self.predicate is None else _ask(self.predicate, value)), None

    def judge_method(self, requested: tuple[bytes, ...]) -> Reason | None:
        """Why a browser will refuse the requested method, or None (Fetch "CORS-preflight fetch", step 7.5)."""
        if len(requested) != 1 or not fetch.is_token(requested[0]):
            return Reason.ACRM_INVALID
        method = requested[0]
        if fetch.is_forbidden_method(method):
            return Reason.METHOD_FORBIDDEN
        if method in self.methods or method in fetch.SAFELISTED_METHODS:
            return None
        if self.any_method:
            return Reason.METHOD_NOT_ALLOWED if self.credentials and len(method) > MAX_ECHOED_METHOD else None
        return Reason.METHOD_CASE_MISMATCH if self.in_other_case(method) else Reason.METHOD_NOT_ALLOWED

    def in_other_case(self, method: bytes) -> bytes:
        """The allowed method that *method* differs from in case only, or nothing."""
        allowed = sorted(self.methods | fetch.SAFELISTED_METHODS)
        return next((other for other in allowed if other.upper() == method.upper()), b"")

    def judge_headers(self, requested: tuple[bytes, ...]) -> tuple[Reason, tuple[bytes, ...]] | None:
        """Why a browser will refuse the requested headers, and which, or None (Fetch, there, steps 7.6 and 7.7)."""
        names = requested_names(requested)
        if isinstance(names, Reason):
            return names, ()
        authorization = fetch.NON_WILDCARD_REQUEST_HEADER
        if self.any_header:
            covered = authorization not in names or authorization in self.headers
            return None if covered else (Reason.AUTHORIZATION_NEEDS_EXPLICIT_ALLOW, (authorization,))
        missing = tuple(name for name in names if name not in self.headers)
        if not missing:
            return None
        by_value = _SAFELISTED_BY_VALUE.issuperset(missing)
        return (Reason.SAFELISTED_HEADER_UNSAFE_VALUE if by_value else Reason.HEADER_NOT_ALLOWED), missing


_SAFELISTED_BY_VALUE = frozenset({b"accept", b"accept-language", b"content-language", b"content-type", b"range"})


def requested_names(lines: tuple[bytes, ...]) -> tuple[bytes, ...] | Reason:
    """The header names of Access-Control-Request-Headers, lower-case, sorted, once each; or why they are not read."""
    # Empty elements count too: a list that is mostly commas is not worth taking apart.
    if sum(map(len, lines)) > MAX_REQUESTED_BYTES or sum(line.count(b",") for line in lines) > 2 * MAX_REQUESTED_NAMES:
        return Reason.ACRH_TOO_LARGE
    names = fetch.list_of_tokens(lines)
    if names is None:
        return Reason.ACRH_MALFORMED
    if len(names) > MAX_REQUESTED_NAMES:
        return Reason.ACRH_TOO_LARGE
    return tuple(sorted({name.lower() for name in names}))


def _ask(predicate: OriginPredicate, value: bytes) -> Reason:
    try:
        return Reason.ALLOWED_PREDICATE if predicate(value.decode("ascii")) is True else Reason.PREDICATE_DENIED
    except Exception:  # The predicate is the user's: whatever it raises means no, never a 500 (see E12 in the tests).
        return Reason.PREDICATE_ERROR
