"""Header lines, in and out, and what some of the policies make of them."""

from collections.abc import Mapping
from typing import Final

from corserver.cors.fetch import Field

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
READABLE: Final[Mapping[str, tuple[Field, ...]]] = {
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
GRANTED: Final[Mapping[str, tuple[Field, ...]]] = {
    "P1": _P1_GRANTS,
    "P1-api": _P1_GRANTS,
    "P1-punycode": _P1_GRANTS,
    "P2": (CREDENTIALS,),
    "PS": (CREDENTIALS,),
}
P1_PREFLIGHT: Final = (allow_origin(b"https://example.com"), *_P1_GRANTS, VARY)
P1_ACTUAL: Final = (allow_origin(b"https://example.com"), CREDENTIALS, expose(b"etag, x-id"), VARY)
