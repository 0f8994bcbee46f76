"""What `fetch()` and XMLHttpRequest do before anything is fetched: refuse, normalise, and drop what a page may not set.

Fetch "new Request()" and "validate a header"; XMLHttpRequest `open()`, `setRequestHeader()`. What is refused here
throws in the page and never reaches a server.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from ..fetch import (
    SAFELISTED_METHODS,
    Field,
    is_forbidden_method,
    is_forbidden_request_header,
    is_safelisted_request_header,
    is_token,
    normalize_method,
)
from .requests import Failure, Initiator, Mode, Request, Verdict, unreadable
from .rules import Rule, Stage

_HTTP_WHITESPACE: Final = b"\t\n\r "
_FORBIDDEN_IN_VALUE: Final = re.compile(rb"[\x00\n\r]")
#: Fetch "no-CORS-safelisted request-header name".
_NO_CORS_NAMES: Final = frozenset(b"accept accept-language content-language content-type".split())


def construct(request: Request) -> Request | Verdict:
    """*request* as the API makes it, or the verdict that it throws.

    >>> from corserver.cors.browser import Request, construct, parse_url
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"put")
    >>> construct(request).method
    b'PUT'
    """
    rule = _refusal(request)
    if rule is not None:
        return unreadable(Failure(rule=rule, stage=Stage.BEFORE, request=request, first_url=request.url))
    method = normalize_method(request.method)
    # XMLHttpRequest send(): a body on GET or HEAD is dropped; fetch() has thrown already
    has_body = request.has_body and method not in (b"GET", b"HEAD")
    return replace(request, method=method, has_body=has_body, headers=tuple(_kept(request)))


def _refusal(request: Request) -> Rule | None:
    if not is_token(request.method):
        return Rule.REQUEST_INVALID
    if is_forbidden_method(request.method):
        return Rule.METHOD_FORBIDDEN
    method = normalize_method(request.method)
    if request.mode is Mode.NO_CORS and method not in SAFELISTED_METHODS:
        return Rule.NO_CORS_METHOD
    has_stray_body = request.has_body and method in (b"GET", b"HEAD")
    if request.initiator is Initiator.FETCH and (request.url.userinfo or has_stray_body):
        return Rule.REQUEST_INVALID
    return None if all(is_valid_header(name, value) for name, value in request.headers) else Rule.REQUEST_INVALID


def is_valid_header(name: bytes, value: bytes) -> bool:
    """Fetch "header name" and, once normalised, "header value"."""
    return is_token(name) and _FORBIDDEN_IN_VALUE.search(value.strip(_HTTP_WHITESPACE)) is None


def _kept(request: Request) -> Iterable[Field]:
    """Fetch "validate a header": forbidden ones are dropped, and in mode no-cors all but a few."""
    fields = [(name, value.strip(_HTTP_WHITESPACE)) for name, value in request.headers]
    fields = [field for field in fields if not is_forbidden_request_header(*field)]
    if request.mode is Mode.NO_CORS:
        return [f for f in fields if f[0].lower() in _NO_CORS_NAMES and is_safelisted_request_header(*f)]
    return _combined(fields) if request.initiator is Initiator.XHR else fields


def _combined(fields: Iterable[Field]) -> Iterable[Field]:
    """setRequestHeader() combines the values of one name; Headers.append() keeps the entries apart."""
    combined: dict[bytes, tuple[bytes, list[bytes]]] = {}
    for name, value in fields:
        combined.setdefault(name.lower(), (name, []))[1].append(value)
    return [(name, b", ".join(values)) for name, values in combined.values()]
