"""The Fetch standard's vocabulary: methods, header names, safelists and list syntax, as data and predicates.

Everything is bytes, as on the wire. Header names are compared lower-case; methods are compared as they are, because
Fetch compares them as they are (§Methods: only six of them are ever upper-cased, and PATCH is not among the six).
Nothing here knows of a policy or of a browser: both sides of the protocol read the same words.
"""

import re
from collections.abc import Iterable
from typing import Final

#: A header line as on the wire: name, value.
Field = tuple[bytes, bytes]

# RFC 9110 §5.6.2: token = 1*tchar
_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

#: Fetch "CORS-safelisted method": never needs Access-Control-Allow-Methods.
SAFELISTED_METHODS: Final = frozenset({b"GET", b"HEAD", b"POST"})
#: Fetch "forbidden method", compared without case: fetch() throws before it sends anything.
FORBIDDEN_METHODS: Final = frozenset({b"CONNECT", b"TRACE", b"TRACK"})
#: Fetch "normalize": the methods that a browser upper-cases. `patch` stays `patch`.
NORMALIZED_METHODS: Final = frozenset({b"DELETE", b"GET", b"HEAD", b"OPTIONS", b"POST", b"PUT"})

#: Fetch "forbidden request-header": a script cannot set them, so no preflight ever asks for them.
FORBIDDEN_REQUEST_HEADERS: Final = frozenset(
    b"accept-charset accept-encoding access-control-request-headers access-control-request-method connection "
    b"content-length cookie cookie2 date dnt expect host keep-alive origin referer set-cookie te trailer "
    b"transfer-encoding upgrade via".split()
)
_FORBIDDEN_REQUEST_HEADER_PREFIXES: Final = (b"proxy-", b"sec-")
_METHOD_OVERRIDE_HEADERS: Final = frozenset({b"x-http-method", b"x-http-method-override", b"x-method-override"})

#: Fetch "CORS non-wildcard request-header name": `*` in Access-Control-Allow-Headers does not cover it.
NON_WILDCARD_REQUEST_HEADER: Final = b"authorization"

#: Fetch "CORS-safelisted response-header name": readable by a script without being exposed.
SAFELISTED_RESPONSE_HEADERS: Final = frozenset(
    b"cache-control content-language content-length content-type expires last-modified pragma".split()
)
#: Fetch "forbidden response-header name": cannot be exposed.
FORBIDDEN_RESPONSE_HEADERS: Final = frozenset({b"set-cookie", b"set-cookie2"})

#: The response headers of the CORS protocol, which a server with a policy owns.
CORS_RESPONSE_HEADERS: Final = frozenset(
    b"access-control-allow-credentials access-control-allow-headers access-control-allow-methods "
    b"access-control-allow-origin access-control-expose-headers access-control-max-age".split()
)

# Fetch "CORS-unsafe request-header byte"
_UNSAFE_BYTES: Final = re.compile(rb'[\x00-\x08\x0a-\x1f"():<>?@\[\\\]{}\x7f]')
_LANGUAGE_BYTES: Final = re.compile(rb"[0-9A-Za-z *,\-.;=]*")
_SAFELISTED_MIME_ESSENCES: Final = frozenset(
    {b"application/x-www-form-urlencoded", b"multipart/form-data", b"text/plain"}
)
_RANGE: Final = re.compile(rb"bytes=([0-9]+)-([0-9]*)")

#: Fetch "CORS-safelisted request-header": a longer value is not safelisted, in bytes.
MAX_SAFELISTED_VALUE: Final = 128
#: Fetch "CORS-unsafe request-header names": beyond this total, in bytes, no value is safelisted.
MAX_SAFELISTED_TOTAL: Final = 1024


def is_token(value: bytes) -> bool:
    """Whether *value* is a token (RFC 9110 §5.6.2): one or more tchar."""
    return _TOKEN.fullmatch(value) is not None


def is_forbidden_method(method: bytes) -> bool:
    """Fetch "forbidden method"; the comparison ignores case."""
    return method.upper() in FORBIDDEN_METHODS


def normalize_method(method: bytes) -> bytes:
    """Fetch "normalize": upper-case for DELETE, GET, HEAD, OPTIONS, POST and PUT in any case, else unchanged."""
    upper = method.upper()
    return upper if upper in NORMALIZED_METHODS else method


def is_forbidden_request_header(name: bytes, value: bytes = b"") -> bool:
    """Fetch "forbidden request-header"; *value* matters for the three method-override headers only."""
    lower = name.lower()
    if lower in FORBIDDEN_REQUEST_HEADERS or lower.startswith(_FORBIDDEN_REQUEST_HEADER_PREFIXES):
        return True
    return lower in _METHOD_OVERRIDE_HEADERS and any(
        is_forbidden_method(method.strip(b"\t ")) for method in value.split(b",")
    )


def is_safelisted_request_header(name: bytes, value: bytes) -> bool:
    """Fetch "CORS-safelisted request-header": whether (*name*, *value*) alone needs no preflight."""
    if len(value) > MAX_SAFELISTED_VALUE:
        return False
    match name.lower():
        case b"accept":
            return _UNSAFE_BYTES.search(value) is None
        case b"accept-language" | b"content-language":
            return _LANGUAGE_BYTES.fullmatch(value) is not None
        case b"content-type":
            return _UNSAFE_BYTES.search(value) is None and mime_essence(value) in _SAFELISTED_MIME_ESSENCES
        case b"range":
            return _is_simple_range(value)
    return False


def list_of_tokens(values: Iterable[bytes]) -> tuple[bytes, ...] | None:
    """Fetch "extract header list values" for the ABNF `#token` (RFC 9110 §5.6.1).

    *values* are the values of all lines of one header. Empty elements are skipped; None when any element is not a
    token: one bad element spoils the whole list.
    """
    elements = [element.strip(b"\t ") for value in values for element in value.split(b",")]
    tokens = tuple(element for element in elements if element)
    return tokens if all(map(is_token, tokens)) else None


def vary_members(headers: Iterable[Field]) -> set[bytes]:
    """What the Vary lines of *headers* name (RFC 9110 §12.5.5), lower-case; `*` is a member like any other."""
    return {
        member.strip(b"\t ").lower()
        for name, value in headers
        if name.lower() == b"vary"
        for member in value.split(b",")
    }


def mime_essence(value: bytes) -> bytes | None:
    """The lower-case `type/subtype` of a Content-Type value (MIME Sniffing §4.4 "parse a MIME type"), or None."""
    type_and_subtype = value.strip(b"\t\n\r ").partition(b";")[0]
    type_, slash, subtype = type_and_subtype.partition(b"/")
    subtype = subtype.rstrip(b"\t\n\r ")
    if not (slash and is_token(type_) and is_token(subtype)):
        return None
    return b"%s/%s" % (type_.lower(), subtype.lower())


def _is_simple_range(value: bytes) -> bool:
    # Fetch "parse a single range header value" without whitespace; the start is mandatory for the safelist.
    found = _RANGE.fullmatch(value)
    if found is None:
        return False
    start, end = found[1], found[2]
    return not end or int(start) <= int(end)
