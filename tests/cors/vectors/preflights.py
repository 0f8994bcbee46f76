"""Preflights, and the whole answer to each."""

from typing import Final

from corserver.cors.decision import Reason
from corserver.cors.fetch import Field

from .lines import (
    CREDENTIALS,
    EVIL,
    GOOD,
    P1_PREFLIGHT,
    VARY,
    VARY_HEADERS,
    VARY_METHOD,
    acrh,
    acrm,
    allow_headers,
    allow_methods,
    allow_origin,
    max_age,
)
from .origins import NOT_ALLOWED
from .vector import Vector


def _preflight(
    family: str,
    policy: str,
    lines: tuple[Field, ...],
    expected: tuple[Field, ...],
    reason: Reason,
    *,
    status: int = 204,
    target: bytes = b"/",
    on_the_wire: bool = True,
) -> Vector:
    return Vector(
        id=family,
        policy=policy,
        method=b"OPTIONS",
        lines=lines,
        expected=expected,
        reason=reason,
        status=status,
        target=target,
        on_the_wire=on_the_wire,
    )


EXACT = Reason.ALLOWED_EXACT
PUT = acrm(b"PUT")
ANY = allow_origin(b"*")
_STAR_PREFLIGHT: Final = (ANY, allow_methods(b"*"), allow_headers(b"*"))
ORIGIN = allow_origin(b"https://example.com")
_ECHO_VARY: Final = (VARY, VARY_METHOD, VARY_HEADERS)

#: Forms of one list of requested headers, which all ask for x-a and content-type.
_SAME_HEADERS: Final = (
    (b"content-type,x-a",),
    (b"x-a,content-type",),
    (b"X-A,Content-Type",),
    (b"x-a, x-a,content-type",),
    (b"x-a , \t content-type",),
    (b",,x-a,,content-type,",),
    (b"x-a", b"content-type"),
    (b"x-a,", b"", b"CONTENT-TYPE"),
)

PREFLIGHTS: Final = (
    _preflight("F01", "P1", (GOOD, PUT), P1_PREFLIGHT, EXACT),
    _preflight("F01-names-in-any-case", "P1", ((b"ORIGIN", b"https://example.com"), PUT), P1_PREFLIGHT, EXACT),
    _preflight("F07", "P1", (GOOD, acrm(b"PATCH")), P1_PREFLIGHT, EXACT),
    _preflight("F08", "P1", (GOOD, acrm(b"patch")), P1_PREFLIGHT, Reason.METHOD_CASE_MISMATCH),
    _preflight("F08-mixed", "P1", (GOOD, acrm(b"Put")), P1_PREFLIGHT, Reason.METHOD_CASE_MISMATCH),
    _preflight("F08-safelisted", "P1", (GOOD, acrm(b"post")), P1_PREFLIGHT, Reason.METHOD_CASE_MISMATCH),
    _preflight("F09", "P1", (GOOD, acrm(b"POST")), P1_PREFLIGHT, EXACT),
    _preflight("F09-get", "P1", (GOOD, acrm(b"GET")), P1_PREFLIGHT, EXACT),
    _preflight("F09-delete", "P1", (GOOD, acrm(b"DELETE")), P1_PREFLIGHT, Reason.METHOD_NOT_ALLOWED),
    _preflight("F10", "P1", (GOOD, acrm(b"TRACE")), P1_PREFLIGHT, Reason.METHOD_FORBIDDEN),
    _preflight("F10-any-case", "P1", (GOOD, acrm(b"connect")), P1_PREFLIGHT, Reason.METHOD_FORBIDDEN),
    *(
        _preflight(f"F11-F12-{number}", "P1", (GOOD, PUT, *map(acrh, values)), P1_PREFLIGHT, EXACT)
        for number, values in enumerate(_SAME_HEADERS)
    ),
    _preflight(
        "F12-second-line", "P1", (GOOD, PUT, acrh(b"x-a"), acrh(b"x-evil")), P1_PREFLIGHT, Reason.HEADER_NOT_ALLOWED
    ),
    _preflight("F14", "P1", (GOOD, PUT, acrh(b"x-evil")), P1_PREFLIGHT, Reason.HEADER_NOT_ALLOWED),
    _preflight("F15", "P1", (GOOD, PUT, acrh(b"accept")), P1_PREFLIGHT, Reason.SAFELISTED_HEADER_UNSAFE_VALUE),
    _preflight(
        "F15-json",
        "P2",
        (_FOO := (b"Origin", b"https://foo.com"), acrm(b"POST"), acrh(b"content-type")),
        (allow_origin(b"https://foo.com"), CREDENTIALS, VARY),
        Reason.SAFELISTED_HEADER_UNSAFE_VALUE,
    ),
    _preflight(
        "F16",
        "P1",
        (GOOD, PUT, acrh(b"x-a\r\nSet-Cookie: y")),
        P1_PREFLIGHT,
        Reason.ACRH_MALFORMED,
        on_the_wire=False,
    ),
    _preflight("F16-nul", "P1", (GOOD, PUT, acrh(b"x-a\0")), P1_PREFLIGHT, Reason.ACRH_MALFORMED, on_the_wire=False),
    _preflight("F16-token", "P1", (GOOD, PUT, acrh(b"x-a, x(y)")), P1_PREFLIGHT, Reason.ACRH_MALFORMED),
    _preflight("F16-method", "P1", (GOOD, acrm(b"PUT\r\nX: y")), P1_PREFLIGHT, Reason.ACRM_INVALID, on_the_wire=False),
    _preflight("F17", "P1", (GOOD, PUT, acrm(b"DELETE")), P1_PREFLIGHT, Reason.ACRM_INVALID),
    _preflight("F17-list", "P1", (GOOD, acrm(b"PUT, DELETE")), P1_PREFLIGHT, Reason.ACRM_INVALID),
    _preflight("F17-empty", "P1", (GOOD, acrm(b"")), P1_PREFLIGHT, Reason.ACRM_INVALID),
    _preflight("F19", "P1", (GOOD, PUT), P1_PREFLIGHT, EXACT, target=b"/directory"),
    _preflight("F20", "P1", (GOOD, PUT), P1_PREFLIGHT, EXACT, target=b"/nowhere/at/all?q=1"),
    _preflight("F23", "P1", (GOOD, PUT, (b"Access-Control-Request-Private-Network", b"true")), P1_PREFLIGHT, EXACT),
    _preflight("F24", "P1", (EVIL, PUT, acrh(b"x-a")), (VARY,), NOT_ALLOWED, status=403),
    _preflight("F24-null", "P1", ((b"Origin", b"null"), PUT), (VARY,), Reason.ORIGIN_NULL, status=403),
    _preflight("F24-two", "P1", (GOOD, GOOD, PUT), (VARY,), Reason.ORIGIN_DUPLICATED, status=403),
    _preflight("F25-zero", "max-age-0", (GOOD, acrm(b"GET")), (ORIGIN, max_age(b"0"), VARY), EXACT),
    _preflight("F25-unset", "max-age-unset", (GOOD, acrm(b"GET")), (ORIGIN, VARY), EXACT),
    _preflight("any", "P*", (EVIL, acrm(b"DELETE"), acrh(b"x-any")), _STAR_PREFLIGHT, Reason.ALLOWED_ANY),
    _preflight("any-null", "P*", ((b"Origin", b"null"), PUT), _STAR_PREFLIGHT, Reason.ALLOWED_ANY),
    _preflight("any-two", "P*", (GOOD, EVIL, PUT), _STAR_PREFLIGHT, Reason.ALLOWED_ANY),
    _preflight("any-lower", "P*", (EVIL, acrm(b"patch")), _STAR_PREFLIGHT, Reason.ALLOWED_ANY),
    _preflight(
        "W09-unnamed",
        "P*",
        (EVIL, PUT, acrh(b"authorization,x-a")),
        _STAR_PREFLIGHT,
        Reason.AUTHORIZATION_NEEDS_EXPLICIT_ALLOW,
    ),
    _preflight(
        "W09",
        "P*-authorization",
        (EVIL, PUT, acrh(b"authorization,x-a")),
        (ANY, allow_methods(b"*"), allow_headers(b"*, authorization")),
        Reason.ALLOWED_ANY,
    ),
    _preflight(
        "echo",
        "echo",
        (GOOD, acrm(b"patch"), acrh(b"X-B,x-a,x-b")),
        (ORIGIN, CREDENTIALS, allow_methods(b"patch"), allow_headers(b"x-a, x-b"), *_ECHO_VARY),
        EXACT,
    ),
    _preflight(
        "echo-no-headers", "echo", (GOOD, PUT), (ORIGIN, CREDENTIALS, allow_methods(b"PUT"), *_ECHO_VARY), EXACT
    ),
    _preflight(
        "echo-authorization",
        "echo",
        (GOOD, PUT, acrh(b"authorization,x-a")),
        (ORIGIN, CREDENTIALS, allow_methods(b"PUT"), allow_headers(b"x-a"), *_ECHO_VARY),
        Reason.AUTHORIZATION_NEEDS_EXPLICIT_ALLOW,
    ),
    _preflight(
        "echo-authorization-named",
        "echo-headers",
        (GOOD, PUT, acrh(b"authorization")),
        (ORIGIN, CREDENTIALS, allow_headers(b"authorization"), allow_methods(b"PUT"), VARY, VARY_HEADERS),
        EXACT,
    ),
    _preflight(
        "echo-methods",
        "echo-methods",
        (GOOD, acrm(b"QUERY"), acrh(b"x-b")),
        (ORIGIN, CREDENTIALS, allow_methods(b"QUERY"), allow_headers(b"x-a"), max_age(b"5"), VARY, VARY_METHOD),
        Reason.HEADER_NOT_ALLOWED,
    ),
    _preflight(
        "echo-not-a-token",
        "echo",
        (GOOD, acrm(b"PUT, DELETE"), acrh(b"x-a, <script>")),
        (ORIGIN, CREDENTIALS, *_ECHO_VARY),
        Reason.ACRM_INVALID,
    ),
    _preflight(
        "echo-bad-header",
        "echo",
        (GOOD, PUT, acrh(b"x-a, x\xe9")),
        (ORIGIN, CREDENTIALS, allow_methods(b"PUT"), *_ECHO_VARY),
        Reason.ACRH_MALFORMED,
    ),
    _preflight(
        "echo-forbidden", "echo", (GOOD, acrm(b"TRACE")), (ORIGIN, CREDENTIALS, *_ECHO_VARY), Reason.METHOD_FORBIDDEN
    ),
    _preflight(
        "echo-too-long",
        "echo",
        (GOOD, acrm(b"X" * 65)),
        (ORIGIN, CREDENTIALS, *_ECHO_VARY),
        Reason.METHOD_NOT_ALLOWED,
    ),
    _preflight(
        "echo-too-many",
        "echo",
        (GOOD, PUT, acrh(b",".join(b"x-%d" % n for n in range(129)))),
        (ORIGIN, CREDENTIALS, allow_methods(b"PUT"), *_ECHO_VARY),
        Reason.ACRH_TOO_LARGE,
    ),
    _preflight("echo-denied", "echo", (EVIL, PUT, acrh(b"x-a")), (VARY,), NOT_ALLOWED, status=403),
)
