"""What is known to have gone wrong with CORS in other servers, as tables: requests in, header lines out.

The numbers (O01, F08 ...) are the families: O origins, F preflights, V Vary, W credentials and wildcards, E errors and
the app's own headers, M paths. A `Vector` says everything that a connection needs to run it too: method, target and
header lines in; the status where the server itself answers (None where the app does), and the exact
`Access-Control-*` and `Vary` lines out. `on_the_wire` is False where such a line cannot travel.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from corserver.cors.decision import Outcome, Reason
from corserver.cors.fetch import Field
from corserver.cors.policy import Fault, Policy
from corserver.cors.scopes import INHERIT, Inherit


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A request to a path that *policy* (a key of `POLICIES`) governs, and what must come of it."""

    id: str
    policy: str
    lines: tuple[Field, ...]
    expected: tuple[Field, ...]
    reason: Reason
    method: bytes = b"GET"
    target: bytes = b"/"
    status: int | None = None
    app_headers: tuple[Field, ...] = ()
    on_the_wire: bool = True


# ---------------------------------------------------------------------------------------------------------- policies


def _sometimes_raising(origin: str) -> bool:
    if "raise" in origin:
        raise RuntimeError(origin)
    return origin.endswith(".asked.example")


def _truthy(origin: str) -> Any:
    return origin


_P1: Final[dict[str, Any]] = {
    "origins": ["https://example.com"],
    "methods": ["PUT", "PATCH"],
    "headers": ["content-type", "x-a", "authorization"],
    "expose": ["etag", "x-id"],
    "credentials": True,
    "max_age": 600,
}
_ECHO: Final[dict[str, Any]] = {"origins": ["https://example.com"], "credentials": True}

POLICIES: Final[dict[str, Policy | None]] = {
    "P1": Policy(**_P1),
    "P1-api": Policy(**{**_P1, "origins": ["https://api.example.com"]}),
    "P1-punycode": Policy(**{**_P1, "origins": ["https://xn--exmple-cua.com"]}),
    "P2": Policy(["https://foo.com", "https://bar.com"], credentials=True),
    "PS": Policy(["https://*.example.com"], credentials=True),
    "PP": Policy(["http://localhost:*"]),
    "P*": Policy(["*"], ["*"], ["*"], ["*"]),
    "P*-authorization": Policy(["*"], ["*"], ["*", "authorization"]),
    "PN": None,
    "IPv6": Policy(["http://[::1]:3000"]),
    "IPv4": Policy(["https://93.184.216.34"]),
    "extension": Policy(["chrome-extension://abcdefgh"]),
    "echo": Policy(**_ECHO, methods=["*"], headers=["*"]),
    "echo-methods": Policy(**_ECHO, methods=["*"], headers=["x-a"], max_age=5),
    "echo-headers": Policy(**_ECHO, methods=["PUT"], headers=["*", "authorization"]),
    "expose-all": Policy(**_ECHO, expose=["*"]),
    "max-age-0": Policy(["https://example.com"], max_age=0),
    "max-age-unset": Policy(["https://example.com"]),
    "predicate": Policy(["https://example.com"], predicate=_sometimes_raising),
    "truthy": Policy(predicate=_truthy),
}

# ------------------------------------------------------------------------------------------------- lines in, lines out

VARY: Final[Field] = (b"Vary", b"Origin")
VARY_METHOD: Final[Field] = (b"Vary", b"Access-Control-Request-Method")
VARY_HEADERS: Final[Field] = (b"Vary", b"Access-Control-Request-Headers")
CREDENTIALS: Final[Field] = (b"Access-Control-Allow-Credentials", b"true")
GOOD: Final[Field] = (b"Origin", b"https://example.com")
EVIL: Final[Field] = (b"Origin", b"https://evil.net")


def allow_origin(value: bytes) -> Field:
    return (b"Access-Control-Allow-Origin", value)


def allow_methods(value: bytes) -> Field:
    return (b"Access-Control-Allow-Methods", value)


def allow_headers(value: bytes) -> Field:
    return (b"Access-Control-Allow-Headers", value)


def expose(value: bytes) -> Field:
    return (b"Access-Control-Expose-Headers", value)


def max_age(value: bytes) -> Field:
    return (b"Access-Control-Max-Age", value)


def acrm(value: bytes) -> Field:
    return (b"Access-Control-Request-Method", value)


def acrh(value: bytes) -> Field:
    return (b"Access-Control-Request-Headers", value)


#: What a script on an allowed origin is told on an actual response, after Access-Control-Allow-Origin.
_READABLE: Final[Mapping[str, tuple[Field, ...]]] = {
    "P1": (CREDENTIALS, expose(b"etag, x-id")),
    "P1-api": (CREDENTIALS, expose(b"etag, x-id")),
    "P1-punycode": (CREDENTIALS, expose(b"etag, x-id")),
    "P2": (CREDENTIALS,),
    "PS": (CREDENTIALS,),
}
_P1_GRANTS: Final = (
    CREDENTIALS,
    allow_methods(b"PUT, PATCH"),
    allow_headers(b"content-type, x-a, authorization"),
    max_age(b"600"),
)
#: And on a preflight.
_GRANTED: Final[Mapping[str, tuple[Field, ...]]] = {
    "P1": _P1_GRANTS,
    "P1-api": _P1_GRANTS,
    "P1-punycode": _P1_GRANTS,
    "P2": (CREDENTIALS,),
    "PS": (CREDENTIALS,),
}
P1_PREFLIGHT: Final = (allow_origin(b"https://example.com"), *_P1_GRANTS, VARY)
P1_ACTUAL: Final = (allow_origin(b"https://example.com"), CREDENTIALS, expose(b"etag, x-id"), VARY)

# ------------------------------------------------------------------------------------------------------------- origins

_BAD = Reason.ORIGIN_MALFORMED
_NOT = Reason.ORIGIN_NOT_ALLOWED
_DOMAIN_SPLITTING: Final = b"`{}!$&'()*+,;=^~|\"%<>\\@"

#: Family, policy, the Origin lines, and what is concluded of them.
ORIGINS: Final[tuple[tuple[str, str, tuple[bytes, ...], Reason], ...]] = (
    ("O01", "P1", (b"https://example.com",), Reason.ALLOWED_EXACT),
    ("O02", "P1", (b"https://example.com.evil.net",), _NOT),
    ("O03", "P1", (b"https://evilexample.com",), _NOT),
    ("O04", "P1", (b"https://evil-example.com",), _NOT),
    ("O05", "P1-api", (b"https://apixexample.com",), _NOT),
    ("O06", "P1", (b"null",), Reason.ORIGIN_NULL),
    ("O07", "P1", (b"http://example.com",), _NOT),
    ("O08", "P1", (b"https://example.com_.evil.net",), _NOT),
    *(("O09", "P1", (b"https://example.com%c.evil.net" % char,), _BAD) for char in _DOMAIN_SPLITTING),
    ("O09", "P1", (b"https://example.com%60.evil.net",), _BAD),
    ("O10", "P1", (b"https://example.com.",), _NOT),
    ("O11", "P1", (b"https://Example.com",), _BAD),
    ("O11", "P1", (b"HTTPS://example.com",), _BAD),
    ("O11", "P1", (b"HTTPS://EXAMPLE.COM",), _BAD),
    ("O12", "P1", (b"https://example.com:443",), _BAD),
    ("O13", "P1", (b"https://example.com/",), _BAD),
    ("O13", "P1", (b"https://example.com/x",), _BAD),
    ("O13", "P1", (b"https://example.com?x",), _BAD),
    ("O13", "P1", (b"https://example.com#x",), _BAD),
    ("O13", "P1", (b"https://evil.net/example.com",), _BAD),
    ("O14", "P1", (b"https://user@example.com",), _BAD),
    ("O14", "P1", (b"https://example.com@evil.net",), _BAD),
    ("O14", "P1", (b"https://example.com:80@evil.net",), _BAD),
    ("O15", "P1", (b"https://example.com https://evil.net",), _BAD),
    ("O15", "P1", (b"https://example.com, https://evil.net",), _BAD),
    ("O16", "P1", (b"https://example.com", b"https://evil.net"), Reason.ORIGIN_DUPLICATED),
    ("O16", "P1", (b"https://evil.net", b"https://example.com"), Reason.ORIGIN_DUPLICATED),
    ("O16", "P1", (b"https://example.com", b"https://example.com"), Reason.ORIGIN_DUPLICATED),
    ("O17", "P1", (b"",), _BAD),
    ("O18", "P1", (b"https://" + b"a" * 10_000,), Reason.ORIGIN_TOO_LONG),
    ("O18", "PS", (b"https://" + b"a." * 5000 + b"example.com",), Reason.ORIGIN_TOO_LONG),
    ("O19", "P1", (b"https://exa\tmple.com",), _BAD),
    ("O19", "P1", (b"https://exampl\xe9.com",), _BAD),
    ("O19", "P1", ("https://exámple.com".encode(),), _BAD),
    ("O19", "P1", (b"https://\xff\xfeexample.com",), _BAD),
    *(
        ("O20", "P1", (b"https://example.com:" + port,), _BAD)
        for port in (b"", b"8_0", b"+80", b" 80", b"-1", b"080", b"0", b"65536", b"99999999", b"8a", "٣".encode())
    ),
    ("O20", "P1", (b"https://example.com:65535",), _NOT),
    ("O21", "P1-punycode", (b"https://xn--exmple-cua.com",), Reason.ALLOWED_EXACT),
    ("O21", "P1-punycode", ("https://exämple.com".encode(),), _BAD),
    ("O21", "P1-punycode", (b"https://exmple.com",), _NOT),
    ("O22", "P2", (b"https://barfoo.com",), _NOT),
    ("O22", "P2", (b"https://foobar.com",), _NOT),
    ("O22", "P2", (b"https://foo.com",), Reason.ALLOWED_EXACT),
    ("O22", "P2", (b"https://bar.com",), Reason.ALLOWED_EXACT),
    ("O23", "PS", (b"https://a.example.com",), Reason.ALLOWED_SUBDOMAIN),
    ("O23", "PS", (b"https://a.b.example.com",), Reason.ALLOWED_SUBDOMAIN),
    ("O24", "PS", (b"https://example.com",), _NOT),
    ("O24", "PS", (b"https://.example.com",), _BAD),
    ("O24", "PS", (b"https://a..example.com",), _BAD),
    ("O24", "PS", (b"https://..example.com",), _BAD),
    ("O25", "PS", (b"https://evil.net/.example.com",), _BAD),
    ("O25", "PS", (b"https://evil.net#.example.com",), _BAD),
    ("O25", "PS", (b"https://evil.net?.example.com",), _BAD),
    ("O25", "PS", (b"https://evil.net\\.example.com",), _BAD),
    ("O25", "PS", (b"https://evil@a.example.com",), _BAD),
    ("O25", "PS", (b"https://a.example.com.evil.net",), _NOT),
    ("O25", "PS", (b"https://aexample.com",), _NOT),
    ("O26", "PS", (b"http://a.example.com",), _NOT),
    ("O26", "PS", (b"https://a.example.com:8443",), _NOT),
    ("O26", "PS", (b"https://a.example.com:443",), _BAD),
    ("O27", "PS", (b"https://a_b.example.com",), Reason.ALLOWED_SUBDOMAIN),
    ("O28", "PS", (b"https://a%2eexample.com",), _BAD),
    ("O28", "PS", (b"https://a`.example.com",), _BAD),
    ("O28", "PS", (b"https://*.example.com",), _BAD),
    ("O29", "PS", (b"https://" + b"a" * 63 + b".example.com",), Reason.ALLOWED_SUBDOMAIN),
    ("O29", "PS", (b"https://" + b"a" * 64 + b".example.com",), _BAD),
    ("O29", "PS", (b"https://" + b"a." * 121 + b"example.com",), Reason.ALLOWED_SUBDOMAIN),
    ("O29", "PS", (b"https://" + b"a." * 122 + b"example.com",), _BAD),
    ("O30", "PP", (b"http://localhost",), Reason.ALLOWED_PORT),
    ("O30", "PP", (b"http://localhost:5173",), Reason.ALLOWED_PORT),
    ("O30", "PP", (b"http://localhost:443",), Reason.ALLOWED_PORT),
    ("O31", "PP", (b"http://localhost:",), _BAD),
    ("O31", "PP", (b"http://localhost:80",), _BAD),
    ("O31", "PP", (b"http://localhost:*",), _BAD),
    ("O31", "PP", (b"http://localhost:5173/",), _BAD),
    ("O31", "PP", (b"http://localhost.evil.net:5173",), _NOT),
    ("O31", "PP", (b"http://localhost:5173.evil.net",), _BAD),
    ("O31", "PP", (b"http://evil.localhost:5173",), _NOT),
    ("O31", "PP", (b"https://localhost:5173",), _NOT),
    ("O32", "IPv6", (b"http://[::1]:3000",), Reason.ALLOWED_EXACT),
    ("O33", "IPv6", (b"http://1:3000",), _BAD),
    ("O33", "IPv6", (b"http://::1:3000",), _BAD),
    ("O33", "IPv6", (b"http://[0:0:0:0:0:0:0:1]:3000",), _BAD),
    ("O33", "IPv6", (b"http://[::1%25eth0]:3000",), _BAD),
    ("O33", "IPv6", (b"http://[::1%eth0]:3000",), _BAD),
    ("O33", "IPv6", (b"http://[::2]:3000",), _NOT),
    ("O35", "P1", (b"https://example.community",), _NOT),
    ("O35", "P1", (b"https://example.co",), _NOT),
    ("O36", "extension", (b"chrome-extension://abcdefgh",), Reason.ALLOWED_EXACT),
    ("O36", "extension", (b"chrome-extension://abcdefghi",), _NOT),
    ("O37", "IPv4", (b"https://93.184.216.34",), Reason.ALLOWED_EXACT),
    ("O37", "IPv4", (b"https://1572395042",), _BAD),
    ("O37", "IPv4", (b"https://93.184.216.034",), _BAD),
    ("O37", "IPv4", (b"https://0x5d.0xb8.0xd8.0x22",), _BAD),
    ("O37", "IPv4", (b"https://93.184.55330",), _BAD),
    ("E12", "predicate", (b"https://a.asked.example",), Reason.ALLOWED_PREDICATE),
    ("E12", "predicate", (b"https://b.example",), Reason.PREDICATE_DENIED),
    ("E12", "predicate", (b"https://raise.asked.example",), Reason.PREDICATE_ERROR),
    ("E12", "truthy", (b"https://a.example",), Reason.PREDICATE_DENIED),
    ("W02", "predicate", (b"null",), Reason.ORIGIN_NULL),
    ("W02", "predicate", (b"https://raise.example/",), _BAD),
    ("W03", "P1", (b"https://evil",), _NOT),
)


def _of_origin(number: int, family: str, policy: str, origins: tuple[bytes, ...], reason: Reason) -> list[Vector]:
    lines = tuple((b"Origin", origin) for origin in origins)
    wire = all(origin == origin.strip() for origin in origins)
    allowed = reason.outcome is Outcome.ALLOWED
    origin = (allow_origin(origins[0]),) if allowed else ()
    return [
        Vector(
            id=f"{family}-{number}",
            policy=policy,
            lines=lines,
            expected=(*origin, *(_READABLE.get(policy, ()) if allowed else ()), VARY),
            reason=reason,
            on_the_wire=wire,
        ),
        Vector(
            id=f"{family}-{number}-preflight",
            policy=policy,
            method=b"OPTIONS",
            lines=(*lines, acrm(b"POST")),
            status=204 if allowed else 403,
            expected=(*origin, *(_GRANTED.get(policy, ()) if allowed else ()), VARY),
            reason=reason,
            on_the_wire=wire,
        ),
    ]


ORIGIN_VECTORS: Final = tuple(vector for number, row in enumerate(ORIGINS) for vector in _of_origin(number, *row))

# ---------------------------------------------------------------------------------------------------------- preflights


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


_EXACT = Reason.ALLOWED_EXACT
_PUT = acrm(b"PUT")
_ANY = allow_origin(b"*")
_STAR_PREFLIGHT: Final = (_ANY, allow_methods(b"*"), allow_headers(b"*"))
_ORIGIN = allow_origin(b"https://example.com")
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
    _preflight("F01", "P1", (GOOD, _PUT), P1_PREFLIGHT, _EXACT),
    _preflight("F01-names-in-any-case", "P1", ((b"ORIGIN", b"https://example.com"), _PUT), P1_PREFLIGHT, _EXACT),
    _preflight("F07", "P1", (GOOD, acrm(b"PATCH")), P1_PREFLIGHT, _EXACT),
    _preflight("F08", "P1", (GOOD, acrm(b"patch")), P1_PREFLIGHT, Reason.METHOD_CASE_MISMATCH),
    _preflight("F08-mixed", "P1", (GOOD, acrm(b"Put")), P1_PREFLIGHT, Reason.METHOD_CASE_MISMATCH),
    _preflight("F08-safelisted", "P1", (GOOD, acrm(b"post")), P1_PREFLIGHT, Reason.METHOD_CASE_MISMATCH),
    _preflight("F09", "P1", (GOOD, acrm(b"POST")), P1_PREFLIGHT, _EXACT),
    _preflight("F09-get", "P1", (GOOD, acrm(b"GET")), P1_PREFLIGHT, _EXACT),
    _preflight("F09-delete", "P1", (GOOD, acrm(b"DELETE")), P1_PREFLIGHT, Reason.METHOD_NOT_ALLOWED),
    _preflight("F10", "P1", (GOOD, acrm(b"TRACE")), P1_PREFLIGHT, Reason.METHOD_FORBIDDEN),
    _preflight("F10-any-case", "P1", (GOOD, acrm(b"connect")), P1_PREFLIGHT, Reason.METHOD_FORBIDDEN),
    *(
        _preflight(f"F11-F12-{number}", "P1", (GOOD, _PUT, *map(acrh, values)), P1_PREFLIGHT, _EXACT)
        for number, values in enumerate(_SAME_HEADERS)
    ),
    _preflight(
        "F12-second-line", "P1", (GOOD, _PUT, acrh(b"x-a"), acrh(b"x-evil")), P1_PREFLIGHT, Reason.HEADER_NOT_ALLOWED
    ),
    _preflight("F14", "P1", (GOOD, _PUT, acrh(b"x-evil")), P1_PREFLIGHT, Reason.HEADER_NOT_ALLOWED),
    _preflight("F15", "P1", (GOOD, _PUT, acrh(b"accept")), P1_PREFLIGHT, Reason.SAFELISTED_HEADER_UNSAFE_VALUE),
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
        (GOOD, _PUT, acrh(b"x-a\r\nSet-Cookie: y")),
        P1_PREFLIGHT,
        Reason.ACRH_MALFORMED,
        on_the_wire=False,
    ),
    _preflight("F16-nul", "P1", (GOOD, _PUT, acrh(b"x-a\0")), P1_PREFLIGHT, Reason.ACRH_MALFORMED, on_the_wire=False),
    _preflight("F16-token", "P1", (GOOD, _PUT, acrh(b"x-a, x(y)")), P1_PREFLIGHT, Reason.ACRH_MALFORMED),
    _preflight("F16-method", "P1", (GOOD, acrm(b"PUT\r\nX: y")), P1_PREFLIGHT, Reason.ACRM_INVALID, on_the_wire=False),
    _preflight("F17", "P1", (GOOD, _PUT, acrm(b"DELETE")), P1_PREFLIGHT, Reason.ACRM_INVALID),
    _preflight("F17-list", "P1", (GOOD, acrm(b"PUT, DELETE")), P1_PREFLIGHT, Reason.ACRM_INVALID),
    _preflight("F17-empty", "P1", (GOOD, acrm(b"")), P1_PREFLIGHT, Reason.ACRM_INVALID),
    _preflight("F19", "P1", (GOOD, _PUT), P1_PREFLIGHT, _EXACT, target=b"/directory"),
    _preflight("F20", "P1", (GOOD, _PUT), P1_PREFLIGHT, _EXACT, target=b"/nowhere/at/all?q=1"),
    _preflight("F23", "P1", (GOOD, _PUT, (b"Access-Control-Request-Private-Network", b"true")), P1_PREFLIGHT, _EXACT),
    _preflight("F24", "P1", (EVIL, _PUT, acrh(b"x-a")), (VARY,), _NOT, status=403),
    _preflight("F24-null", "P1", ((b"Origin", b"null"), _PUT), (VARY,), Reason.ORIGIN_NULL, status=403),
    _preflight("F24-two", "P1", (GOOD, GOOD, _PUT), (VARY,), Reason.ORIGIN_DUPLICATED, status=403),
    _preflight("F25-zero", "max-age-0", (GOOD, acrm(b"GET")), (_ORIGIN, max_age(b"0"), VARY), _EXACT),
    _preflight("F25-unset", "max-age-unset", (GOOD, acrm(b"GET")), (_ORIGIN, VARY), _EXACT),
    _preflight("any", "P*", (EVIL, acrm(b"DELETE"), acrh(b"x-any")), _STAR_PREFLIGHT, Reason.ALLOWED_ANY),
    _preflight("any-null", "P*", ((b"Origin", b"null"), _PUT), _STAR_PREFLIGHT, Reason.ALLOWED_ANY),
    _preflight("any-two", "P*", (GOOD, EVIL, _PUT), _STAR_PREFLIGHT, Reason.ALLOWED_ANY),
    _preflight("any-lower", "P*", (EVIL, acrm(b"patch")), _STAR_PREFLIGHT, Reason.ALLOWED_ANY),
    _preflight(
        "W09-unnamed",
        "P*",
        (EVIL, _PUT, acrh(b"authorization,x-a")),
        _STAR_PREFLIGHT,
        Reason.AUTHORIZATION_NEEDS_EXPLICIT_ALLOW,
    ),
    _preflight(
        "W09",
        "P*-authorization",
        (EVIL, _PUT, acrh(b"authorization,x-a")),
        (_ANY, allow_methods(b"*"), allow_headers(b"*, authorization")),
        Reason.ALLOWED_ANY,
    ),
    _preflight(
        "echo",
        "echo",
        (GOOD, acrm(b"patch"), acrh(b"X-B,x-a,x-b")),
        (_ORIGIN, CREDENTIALS, allow_methods(b"patch"), allow_headers(b"x-a, x-b"), *_ECHO_VARY),
        _EXACT,
    ),
    _preflight(
        "echo-no-headers", "echo", (GOOD, _PUT), (_ORIGIN, CREDENTIALS, allow_methods(b"PUT"), *_ECHO_VARY), _EXACT
    ),
    _preflight(
        "echo-authorization",
        "echo",
        (GOOD, _PUT, acrh(b"authorization,x-a")),
        (_ORIGIN, CREDENTIALS, allow_methods(b"PUT"), allow_headers(b"x-a"), *_ECHO_VARY),
        Reason.AUTHORIZATION_NEEDS_EXPLICIT_ALLOW,
    ),
    _preflight(
        "echo-authorization-named",
        "echo-headers",
        (GOOD, _PUT, acrh(b"authorization")),
        (_ORIGIN, CREDENTIALS, allow_headers(b"authorization"), allow_methods(b"PUT"), VARY, VARY_HEADERS),
        _EXACT,
    ),
    _preflight(
        "echo-methods",
        "echo-methods",
        (GOOD, acrm(b"QUERY"), acrh(b"x-b")),
        (_ORIGIN, CREDENTIALS, allow_methods(b"QUERY"), allow_headers(b"x-a"), max_age(b"5"), VARY, VARY_METHOD),
        Reason.HEADER_NOT_ALLOWED,
    ),
    _preflight(
        "echo-not-a-token",
        "echo",
        (GOOD, acrm(b"PUT, DELETE"), acrh(b"x-a, <script>")),
        (_ORIGIN, CREDENTIALS, *_ECHO_VARY),
        Reason.ACRM_INVALID,
    ),
    _preflight(
        "echo-bad-header",
        "echo",
        (GOOD, _PUT, acrh(b"x-a, x\xe9")),
        (_ORIGIN, CREDENTIALS, allow_methods(b"PUT"), *_ECHO_VARY),
        Reason.ACRH_MALFORMED,
    ),
    _preflight(
        "echo-forbidden", "echo", (GOOD, acrm(b"TRACE")), (_ORIGIN, CREDENTIALS, *_ECHO_VARY), Reason.METHOD_FORBIDDEN
    ),
    _preflight(
        "echo-too-long",
        "echo",
        (GOOD, acrm(b"X" * 65)),
        (_ORIGIN, CREDENTIALS, *_ECHO_VARY),
        Reason.METHOD_NOT_ALLOWED,
    ),
    _preflight(
        "echo-too-many",
        "echo",
        (GOOD, _PUT, acrh(b",".join(b"x-%d" % n for n in range(129)))),
        (_ORIGIN, CREDENTIALS, allow_methods(b"PUT"), *_ECHO_VARY),
        Reason.ACRH_TOO_LARGE,
    ),
    _preflight("echo-denied", "echo", (EVIL, _PUT, acrh(b"x-a")), (VARY,), _NOT, status=403),
)

# ------------------------------------------------------------------------------------------------ all other requests

_STAR_ACTUAL: Final = (_ANY, expose(b"*"))

ACTUALS: Final = (
    Vector(id="F02", policy="P1", method=b"OPTIONS", lines=(), expected=(VARY,), reason=Reason.NOT_CORS),
    Vector(id="F03", policy="P1", method=b"OPTIONS", lines=(GOOD,), expected=P1_ACTUAL, reason=_EXACT),
    Vector(
        id="F04", policy="P1", method=b"OPTIONS", lines=(_PUT,), expected=(VARY,), reason=Reason.OPTIONS_NOT_PREFLIGHT
    ),
    Vector(id="F05", policy="P1", lines=(GOOD, _PUT, acrh(b"x-a")), expected=P1_ACTUAL, reason=_EXACT),
    Vector(id="F05-put", policy="P1", method=b"PUT", lines=(GOOD,), expected=P1_ACTUAL, reason=_EXACT),
    Vector(id="F05-unlisted", policy="P1", method=b"DELETE", lines=(GOOD,), expected=P1_ACTUAL, reason=_EXACT),
    Vector(id="V01-V13", policy="P2", lines=(), expected=(VARY,), reason=Reason.NOT_CORS),
    Vector(id="V02", policy="P2", lines=(EVIL,), expected=(VARY,), reason=_NOT),
    Vector(id="V03", policy="P*", lines=(), expected=_STAR_ACTUAL, reason=Reason.NOT_CORS),
    Vector(id="V03-origin", policy="P*", lines=(EVIL,), expected=_STAR_ACTUAL, reason=Reason.ALLOWED_ANY),
    Vector(
        id="V04",
        policy="P1",
        lines=(GOOD,),
        app_headers=((b"Vary", b"Accept-Encoding"),),
        expected=((b"Vary", b"Accept-Encoding"), *P1_ACTUAL),
        reason=_EXACT,
    ),
    Vector(id="V05", policy="P1", lines=((b"Vary", b"x"),), expected=(VARY,), reason=Reason.NOT_CORS),
    Vector(
        id="V06",
        policy="P1",
        lines=(GOOD,),
        app_headers=((b"Vary", b"*"),),
        expected=((b"Vary", b"*"), *P1_ACTUAL[:-1]),
        reason=_EXACT,
    ),
    Vector(
        id="V07",
        policy="P1",
        lines=(GOOD,),
        app_headers=((b"vary", b"Accept,\torigin"),),
        expected=((b"vary", b"Accept,\torigin"), *P1_ACTUAL[:-1]),
        reason=_EXACT,
    ),
    Vector(
        id="V07-not-a-member",
        policy="P1",
        lines=(),
        app_headers=((b"Vary", b"X-Origin"),),
        expected=((b"Vary", b"X-Origin"), VARY),
        reason=Reason.NOT_CORS,
    ),
    Vector(id="V09", policy="P1", lines=(), expected=(VARY,), reason=Reason.NOT_CORS),
    Vector(
        id="V12-304",
        policy="P1",
        lines=(GOOD, (b"If-None-Match", b'"1"')),
        app_headers=((b"ETag", b'"1"'),),
        expected=P1_ACTUAL,
        reason=_EXACT,
    ),
    Vector(id="V12-head", policy="P1", method=b"HEAD", lines=(GOOD,), expected=P1_ACTUAL, reason=_EXACT),
    Vector(
        id="E05",
        policy="P1",
        lines=(GOOD,),
        app_headers=(_ANY, (b"access-control-allow-ORIGIN", b"https://evil.net"), max_age(b"1")),
        expected=P1_ACTUAL,
        reason=_EXACT,
    ),
    Vector(
        id="E05-denied",
        policy="P1",
        lines=(EVIL,),
        app_headers=(_ANY, CREDENTIALS),
        expected=(VARY,),
        reason=_NOT,
    ),
    Vector(
        id="E06", policy="PN", lines=(GOOD,), app_headers=(_ANY, VARY), expected=(_ANY, VARY), reason=Reason.NO_POLICY
    ),
    Vector(id="E06-nothing", policy="PN", lines=(GOOD,), expected=(), reason=Reason.NO_POLICY),
    Vector(id="E06-no-origin", policy="PN", lines=(), expected=(), reason=Reason.NOT_CORS),
    Vector(id="E06-options", policy="PN", method=b"OPTIONS", lines=(GOOD, _PUT), expected=(), reason=Reason.NO_POLICY),
    Vector(id="E10", policy="P1", method=b"POST", lines=(EVIL,), expected=(VARY,), reason=_NOT),
    Vector(
        id="E11",
        policy="P1",
        method=b"POST",
        lines=((b"Origin", b"null"),),
        expected=(VARY,),
        reason=Reason.ORIGIN_NULL,
    ),
    Vector(
        id="W08",
        policy="expose-all",
        lines=(GOOD,),
        app_headers=(
            (b"Content-Type", b"text/plain"),
            (b"X-B", b"1"),
            (b"ETag", b'"1"'),
            (b"x-b", b"2"),
            (b"Set-Cookie", b"a=b"),
            (b"Access-Control-Max-Age", b"1"),
        ),
        expected=(_ORIGIN, CREDENTIALS, expose(b"etag, x-b"), VARY),
        reason=_EXACT,
    ),
    Vector(id="W08-nothing", policy="expose-all", lines=(GOOD,), expected=(_ORIGIN, CREDENTIALS, VARY), reason=_EXACT),
    Vector(
        id="W08-denied",
        policy="expose-all",
        lines=(EVIL,),
        app_headers=((b"X-B", b"1"),),
        expected=(VARY,),
        reason=_NOT,
    ),
)

VECTORS: Final = ORIGIN_VECTORS + PREFLIGHTS + ACTUALS

#: F06: about the server as a whole, so no path's policy governs it, and it is never a preflight.
SERVER_WIDE: Final = Vector(
    id="F06",
    policy="P1",
    method=b"OPTIONS",
    target=b"*",
    lines=(GOOD, _PUT),
    status=204,
    expected=(),
    reason=Reason.NO_POLICY,
)

# -------------------------------------------------------------------------------------------------------------- paths

#: A policy a path pattern, by its key in `POLICIES`; None for no policy.
Table = Mapping[str, str | Inherit | None]


@dataclass(frozen=True, slots=True)
class PathVector:
    """A table of scopes, the target and method of a request, and the policy that governs it."""

    id: str
    table: Table
    target: bytes
    expected: str | None
    method: str = "GET"


_PLUS: Final[Table] = {"/service+path": "P1", "/service%20path": "P2"}
_CASE: Final[Table] = {"/*": "P*", "/admin": "P1"}
_PRIVATE: Final[Table] = {"/api/*": "P*", "/api/private": "P1", "/api/private/*": "P2"}
_NESTED: Final[Table] = {"/*": "P1", "/api/*": "P2", "/api/open": INHERIT, "/api/shut": None, "/api/shut/{x}": INHERIT}
_KINDS: Final[Table] = {
    "/i/{x}": "P1",
    "/i/{x:int}": "P2",
    "/i/{x:float}": "PS",
    "/i/{x:uuid}": "PP",
    "/i/{x:path}": "P*",
    "/i/me": "IPv4",
    "/i/*": "IPv6",
}

PATHS: Final = (
    PathVector("M01", _PLUS, b"/service+path", "P1"),
    PathVector("M01", _PLUS, b"/service%2Bpath", "P1"),
    PathVector("M01", _PLUS, b"/service%20path", "P2"),
    PathVector("M01", {"/service path": "P2"}, b"/service%20path", "P2"),
    PathVector("M01", {"/caf\N{LATIN SMALL LETTER E WITH ACUTE}": "P2"}, b"/caf%C3%A9", "P2"),
    PathVector("M01", {"/caf%c3%a9": "P2"}, b"/caf%C3%A9", "P2"),
    PathVector("M01", {"/%2541": "P2"}, b"/%2541", "P2"),
    PathVector("M01", {"/%2541": "P2"}, b"/%41", None),
    PathVector("M02", _CASE, b"/admin", "P1"),
    PathVector("M02", _CASE, b"/Admin", "P*"),
    PathVector("M02", _CASE, b"/%61dmin", "P1"),
    PathVector("M03", _PRIVATE, b"/api", "P*"),
    PathVector("M03", _PRIVATE, b"/api/", "P*"),
    PathVector("M03", _PRIVATE, b"/api/public", "P*"),
    PathVector("M03", _PRIVATE, b"/api/private", "P1"),
    PathVector("M03", _PRIVATE, b"/api/private/", "P2"),
    PathVector("M03", _PRIVATE, b"/api/private/deep/er", "P2"),
    PathVector("M03", _PRIVATE, b"/apix", None),
    PathVector("M03", _PRIVATE, b"/api%2Fprivate", None),
    PathVector("M04", _PRIVATE, b"//api///private", "P1"),
    PathVector("M04", _PRIVATE, b"/api/%70rivate", "P1"),
    PathVector("M04", _PRIVATE, b"/api/private%2Fdeep", "P*"),
    PathVector("M05", _NESTED, b"/", "P1"),
    PathVector("M05", _NESTED, b"/nowhere", "P1"),
    PathVector("M05", _NESTED, b"/api/nowhere", "P2"),
    PathVector("M05", _NESTED, b"/api/open", "P2"),
    PathVector("M05", _NESTED, b"/api/shut", None),
    PathVector("M05", _NESTED, b"/api/shut/x", "P2"),
    PathVector("kinds", _KINDS, b"/i/me", "IPv4"),
    PathVector("kinds", _KINDS, b"/i/you", "P1"),
    PathVector("kinds", _KINDS, b"/i/12", "P2"),
    PathVector("kinds", _KINDS, b"/i/-12", "P2"),
    PathVector("kinds", _KINDS, b"/i/%31%32", "P2"),
    PathVector("kinds", _KINDS, "/i/٣".encode(), "P1"),
    PathVector("kinds", _KINDS, b"/i/1.5", "PS"),
    PathVector("kinds", _KINDS, b"/i/1e5", "P1"),
    PathVector("kinds", _KINDS, b"/i/123e4567-e89b-12d3-a456-426614174000", "PP"),
    PathVector("kinds", _KINDS, b"/i/12/13", "P*"),
    PathVector("kinds", _KINDS, b"/i/me/", "P*"),
    PathVector("kinds", _KINDS, b"/i/%FF", "P*"),
    PathVector("kinds", _KINDS, b"/i", "IPv6"),
    PathVector("kinds", _KINDS, b"/i/", "IPv6"),
)

# ------------------------------------------------------------------------------------------------- policies refused


@dataclass(frozen=True, slots=True)
class Refused:
    """Options that make no policy, the faults that are found, and what is offered instead of the first."""

    options: Mapping[str, Any]
    faults: tuple[Fault, ...]
    write: str


def _origin(text: object, fault: Fault, write: str, **more: Any) -> Refused:
    return Refused({"origins": [text], **more}, (fault,), write)


def _entry(option: str, text: object, fault: Fault, write: str) -> Refused:
    return Refused({"origins": ["https://a.example"], option: [text]}, (fault,), write)


def _value(option: str, value: object, fault: Fault, write: str) -> Refused:
    return Refused({"origins": ["https://a.example"], option: value}, (fault,), write)


def _words(text: str) -> list[str]:
    return text.split()


async def _async_predicate(origin: str) -> bool:
    return bool(origin)


class _AsyncPredicate:
    async def __call__(self, origin: str) -> bool:
        return bool(origin)


_MALFORMED = Fault.ORIGIN_MALFORMED
_MISPLACED = Fault.ORIGIN_WILDCARD_MISPLACED
_ANY_ORIGIN = "an origin such as 'https://app.example.com'"
_INSECURE = "; or, knowing the risk, dangerously_allow_insecure_origins=True"
_SUFFIX = "the origins themselves; or, knowing the risk, dangerously_allow_public_suffixes=True"
_NULL = "the page's real origin, or, for public data, '*'"

REFUSED: Final = (
    # W04, W06: no origins
    Refused({}, (Fault.ORIGINS_MISSING,), "origins=['https://your.site']"),
    Refused({"origins": []}, (Fault.ORIGINS_MISSING,), "origins=['https://your.site']"),
    # a string instead of a list, and the like
    Refused({"origins": "https://a.example"}, (Fault.NOT_A_LIST,), "origins=['https://a.example']"),
    Refused(
        {"origins": "https://a.example, https://b.example,"},
        (Fault.NOT_A_LIST,),
        "origins=['https://a.example', 'https://b.example']",
    ),
    Refused({"origins": b"https://a.example"}, (Fault.NOT_A_LIST,), "origins=['https://a.example']"),
    Refused({"origins": ""}, (Fault.NOT_A_LIST,), "origins=['https://app.example.com']"),
    Refused({"origins": None}, (Fault.NOT_A_LIST,), "origins=['https://app.example.com']"),
    _value("methods", "PUT", Fault.NOT_A_LIST, "methods=['PUT']"),
    _value("methods", "PUT PATCH", Fault.NOT_A_LIST, "methods=['PUT', 'PATCH']"),
    _value("headers", 5, Fault.NOT_A_LIST, "headers=['content-type']"),
    _value("expose", None, Fault.NOT_A_LIST, "expose=['etag']"),
    _origin(b"https://a.example", Fault.NOT_A_STRING, "'https://a.example'"),
    _origin(["https://a.example"], Fault.NOT_A_STRING, "a string, or leave it out"),
    _entry("methods", None, Fault.NOT_A_STRING, "a string, or leave it out"),
    # no scheme
    _origin("example.com", _MALFORMED, "'https://example.com'"),
    _origin("example.com:8443", _MALFORMED, "'https://example.com:8443'"),
    _origin("localhost:3000", _MALFORMED, "'http://localhost:3000'"),
    _origin("*.example.com", _MALFORMED, "'https://*.example.com'"),
    _origin("//example.com", _MALFORMED, _ANY_ORIGIN),
    _origin("", _MALFORMED, _ANY_ORIGIN),
    _origin(" ", _MALFORMED, _ANY_ORIGIN),
    # more than an origin
    _origin("https://example.com/", _MALFORMED, "'https://example.com'"),
    _origin("https://example.com/path", _MALFORMED, "'https://example.com'"),
    _origin("https://example.com?", _MALFORMED, "'https://example.com'"),
    _origin("https://example.com#", _MALFORMED, "'https://example.com'"),
    _origin("https://user@example.com", _MALFORMED, "'https://example.com'"),
    _origin("https://*.example.com/", _MALFORMED, "'https://*.example.com'"),
    _origin(" https://example.com ", _MALFORMED, "'https://example.com'"),
    _origin("https://a.example, https://b.example", _MALFORMED, _ANY_ORIGIN),
    # spelling
    _origin("https://Example.com", _MALFORMED, "'https://example.com'"),
    _origin("HTTPS://example.com", _MALFORMED, "'https://example.com'"),
    _origin("https://Example.com/", _MALFORMED, "'https://example.com'"),
    _origin("https://bücher.example", _MALFORMED, "'https://xn--bcher-kva.example'"),
    _origin("https://straße.example", _MALFORMED, "'https://xn--strae-oqa.example'"),
    _origin("https://\ud800.example", _MALFORMED, _ANY_ORIGIN),
    # ports
    _origin("https://example.com:443", _MALFORMED, "'https://example.com'"),
    _origin("http://example.com:80", _MALFORMED, "'http://example.com'"),
    _origin("https://*.example.com:443", _MALFORMED, "'https://*.example.com'"),
    _origin("https://example.com:", _MALFORMED, "'https://example.com'"),
    _origin("https://example.com:0", _MALFORMED, _ANY_ORIGIN),
    _origin("https://example.com:65536", _MALFORMED, _ANY_ORIGIN),
    _origin("https://example.com:abc", _MALFORMED, "'https://example.com'"),
    _origin("https://example.com:08443", _MALFORMED, "'https://example.com:8443'"),
    _origin("https://example.com:00000000443", _MALFORMED, "'https://example.com'"),
    _origin("https://example.com:8443:*", _MALFORMED, "'https://example.com:8443'"),
    # wildcards
    _origin("https://*example.com", _MISPLACED, "'https://*.example.com'"),
    _origin("https://a.*.example.com", _MISPLACED, "'https://*.example.com'"),
    _origin("https://**.example.com", _MISPLACED, "'https://*.example.com'"),
    _origin("https://example.*", _MISPLACED, "'https://*.example.com'"),
    _origin("https://*", _MISPLACED, "'https://*.example.com'"),
    _origin("https://*:*", _MISPLACED, "'https://*.example.com'"),
    _origin("https://example.com:80*", _MISPLACED, "'https://*.example.com'"),
    _origin("*://example.com", _MISPLACED, "'https://*.example.com'"),
    _origin("https://*.127.0.0.1", _MISPLACED, "'https://*.example.com'"),
    _origin("https://*.[::1]", _MISPLACED, "'https://*.example.com'"),
    Refused(
        {"origins": ["*", "https://a.example"]},
        (Fault.ORIGIN_ANY_WITH_OTHERS,),
        'origins=["*"], or the others without "*"',
    ),
    # W12: null, and files
    _origin("null", Fault.ORIGIN_NULL_PROHIBITED, _NULL),
    _origin("Null ", Fault.ORIGIN_NULL_PROHIBITED, _NULL),
    _origin("file://", Fault.ORIGIN_FILE_PROHIBITED, "serve the page over http and allow that origin"),
    _origin("file:///srv/x.html", Fault.ORIGIN_FILE_PROHIBITED, "serve the page over http and allow that origin"),
    # addresses
    _origin("http://[0:0:0:0:0:0:0:1]", _MALFORMED, "'http://[::1]'"),
    _origin("http://[::FFFF]", _MALFORMED, "'http://[::ffff]'"),
    _origin("http://[fe80::1%eth0]", _MALFORMED, _ANY_ORIGIN),
    _origin("http://[::ffff:1.2.3.4]", _MALFORMED, _ANY_ORIGIN),
    _origin("http://::1", _MALFORMED, _ANY_ORIGIN),
    _origin("http://127.1", _MALFORMED, _ANY_ORIGIN),
    _origin("http://0x7f.0.0.1", _MALFORMED, _ANY_ORIGIN),
    _origin("http://1.2.3.04", _MALFORMED, _ANY_ORIGIN),
    # methods
    _entry("methods", "put", Fault.METHOD_CASE, "'PUT'"),
    _entry("methods", "patch", Fault.METHOD_CASE, "'PATCH'"),
    _entry("methods", "Get", Fault.METHOD_CASE, "'GET'"),
    _entry("methods", "", Fault.METHOD_INVALID, "'PUT'"),
    _entry("methods", "P UT", Fault.METHOD_INVALID, "'P-UT'"),
    _entry("methods", "GET, PUT", Fault.METHOD_INVALID, "'GET', 'PUT'"),
    _entry("methods", "PÜT", Fault.METHOD_INVALID, "'PT'"),
    _entry("methods", " TRACE", Fault.METHOD_INVALID, "'PUT'"),
    _entry("methods", "CONNECT", Fault.METHOD_FORBIDDEN, "leave it out"),
    _entry("methods", "TRACE", Fault.METHOD_FORBIDDEN, "leave it out"),
    _entry("methods", "track", Fault.METHOD_FORBIDDEN, "leave it out"),
    # request headers
    _entry("headers", "", Fault.HEADER_INVALID, "'content-type'"),
    _entry("headers", "x request id", Fault.HEADER_INVALID, "'x-request-id'"),
    _entry("headers", "X-A, X-B", Fault.HEADER_INVALID, "'x-a', 'x-b'"),
    _entry("headers", "Content-Type: application/json", Fault.HEADER_INVALID, "'content-type'"),
    _entry("headers", "x-\N{KELVIN SIGN}ey", Fault.HEADER_INVALID, "'x-ey'"),
    _entry("headers", "Host:", Fault.HEADER_INVALID, "'content-type'"),
    *(
        _entry("headers", name, Fault.HEADER_FORBIDDEN, "leave it out")
        for name in _words(
            "Accept-Charset Accept-Encoding Access-Control-Request-Headers Access-Control-Request-Method Connection "
            "Content-Length Cookie Cookie2 Date DNT Expect Host Keep-Alive Origin Referer Set-Cookie TE Trailer "
            "Transfer-Encoding Upgrade Via Proxy-Authorization proxy-x Sec-Fetch-Site sec-"
        )
    ),
    *(
        _entry("headers", name, Fault.HEADER_IS_RESPONSE_ONLY, "leave it out")
        for name in _words(
            "Access-Control-Allow-Credentials Access-Control-Allow-Headers Access-Control-Allow-Methods "
            "Access-Control-Allow-Origin Access-Control-Expose-Headers Access-Control-Max-Age"
        )
    ),
    # exposed headers
    _entry("expose", "x y", Fault.HEADER_INVALID, "'x-y'"),
    _entry("expose", "Set-Cookie", Fault.EXPOSE_FORBIDDEN, "leave it out"),
    _entry("expose", "set-cookie2", Fault.EXPOSE_FORBIDDEN, "leave it out"),
    *(
        _entry("expose", name, Fault.EXPOSE_IS_NOT_EXPOSABLE, "leave it out")
        for name in _words(
            "Origin Access-Control-Request-Method Access-Control-Request-Headers Access-Control-Allow-Methods "
            "Access-Control-Allow-Headers Access-Control-Max-Age"
        )
    ),
    # F25, F27: max-age
    _value("max_age", True, Fault.MAX_AGE_INVALID, "600"),
    _value("max_age", 600.0, Fault.MAX_AGE_INVALID, "600"),
    _value("max_age", "10m", Fault.MAX_AGE_INVALID, "600"),
    _value("max_age", -1, Fault.MAX_AGE_INVALID, "0"),
    _value("max_age", 86401, Fault.MAX_AGE_INVALID, "86400"),
    _value("max_age", float("inf"), Fault.MAX_AGE_INVALID, "86400"),
    _value("max_age", float("nan"), Fault.MAX_AGE_INVALID, "600"),
    # switches
    _value("credentials", 1, Fault.CREDENTIALS_INVALID, "credentials=True"),
    _value("credentials", None, Fault.CREDENTIALS_INVALID, "credentials=False"),
    _value("credentials", "false", Fault.CREDENTIALS_INVALID, "credentials=True, or credentials=False"),
    _value("dangerously_trust_predicate", 1, Fault.CREDENTIALS_INVALID, "dangerously_trust_predicate=True"),
    # W01, W11, O34: credentials
    _origin(
        "*",
        Fault.WILDCARD_WITH_CREDENTIALS,
        "the origins that need credentials, by name; or credentials=False",
        credentials=True,
    ),
    *(
        _origin(given, Fault.INSECURE_WITH_CREDENTIALS, f"'{secure}'{_INSECURE}", credentials=True)
        for given, secure in (
            ("http://example.com", "https://example.com"),
            ("http://example.com:8080", "https://example.com:8080"),
            ("http://example.com:443", "https://example.com"),
            ("http://*.example.com:*", "https://*.example.com:*"),
            ("ws://example.com:443", "wss://example.com"),
            ("ftp://example.com", "https://example.com"),
            ("http://128.0.0.1", "https://128.0.0.1"),
            ("http://localhost.example.com", "https://localhost.example.com"),
        )
    ),
    _origin("https://*.com", Fault.PUBLIC_SUFFIX_WITH_CREDENTIALS, _SUFFIX, credentials=True),
    _origin("https://*.co.uk", Fault.PUBLIC_SUFFIX_WITH_CREDENTIALS, _SUFFIX, credentials=True),
    _origin("https://*.github.io", Fault.PUBLIC_SUFFIX_WITH_CREDENTIALS, _SUFFIX, credentials=True),
    _origin("https://*.github.io.:*", Fault.PUBLIC_SUFFIX_WITH_CREDENTIALS, _SUFFIX, credentials=True),
    # W02: predicates
    _value("predicate", "all", Fault.PREDICATE_INVALID, "lambda origin: origin in my_origins"),
    _value("predicate", _async_predicate, Fault.PREDICATE_INVALID, "lambda origin: origin in my_origins"),
    _value("predicate", _AsyncPredicate(), Fault.PREDICATE_INVALID, "lambda origin: origin in my_origins"),
    Refused({"origins": ["*"], "predicate": _truthy}, (Fault.PREDICATE_WITH_ANY,), 'origins=["*"] without predicate'),
    Refused(
        {"predicate": _truthy, "credentials": True},
        (Fault.PREDICATE_WITH_CREDENTIALS,),
        "credentials=False; or, knowing the risk, dangerously_trust_predicate=True",
    ),
    # W05: one bad entry refuses the whole
    Refused({"origins": ["https://a.example", "https://b.example/"]}, (_MALFORMED,), "'https://b.example'"),
)

#: What looks doubtful, and is accepted.
ACCEPTED: Final[tuple[Mapping[str, Any], ...]] = (
    {"origins": "*"},
    {"origins": ("https://a.example",)},
    {"origins": iter(["https://a.example"])},
    {"origins": ["https://a.example"], "expose": ["Content-Type", "ETag", "etag"]},
    {"origins": ["https://a.example"], "expose": ["*"], "credentials": True},
    {"origins": ["https://a.example"], "methods": ["GET", "POST", "QUERY", "x-own", "PUT", "PUT"]},
    {"origins": ["https://a.example"], "headers": ["User-Agent", "Accept", "X-HTTP-Method-Override"]},
    {"origins": ["https://a.example"], "max_age": 0},
    {"origins": ["https://a.example"], "max_age": 86400},
    {"origins": ["https://*.com"]},
    {"origins": ["https://a.example."]},
    {"origins": ["https://a_b.example"]},
    {"origins": ["capacitor://localhost", "app://-", "chrome-extension://abc"], "credentials": True},
    {"origins": ["https://*.example.com:*", "https://*.example.com:8443"]},
    {"origins": ["http://example.com"]},
    {"origins": ["http://localhost:*", "http://127.0.0.1:8000", "http://[::1]", "http://a.localhost"]}
    | {"credentials": True},
    {"origins": ["http://*.localhost:3000"], "credentials": True},
    {"origins": ["http://a.example"], "credentials": True, "dangerously_allow_insecure_origins": True},
    {"origins": ["https://*.github.io"], "credentials": True, "dangerously_allow_public_suffixes": True},
    {"predicate": _truthy, "credentials": True, "dangerously_trust_predicate": True},
    {"predicate": _truthy},
)
