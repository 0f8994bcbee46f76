"""Options that make no policy, with what to write instead; and some that look doubtful and do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from corserver.cors.policy import Fault

from .governing import truthy


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
    _origin("//example.com", _MALFORMED, "'https://example.com'"),
    _origin("about:blank", _MALFORMED, _ANY_ORIGIN),
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
    _origin("http://::1", _MALFORMED, "'http://[::1]'"),
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
    _value("credentials", 1, Fault.NOT_A_BOOL, "credentials=True"),
    _value("credentials", None, Fault.NOT_A_BOOL, "credentials=False"),
    _value("credentials", "false", Fault.NOT_A_BOOL, "credentials=True, or credentials=False"),
    _value("dangerously_trust_predicate", 1, Fault.NOT_A_BOOL, "dangerously_trust_predicate=True"),
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
    Refused({"origins": ["*"], "predicate": truthy}, (Fault.PREDICATE_WITH_ANY,), 'origins=["*"] without predicate'),
    Refused(
        {"predicate": truthy, "credentials": True},
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
    {"predicate": truthy, "credentials": True, "dangerously_trust_predicate": True},
    {"predicate": truthy},
)
