"""Whether a request needs a preflight, because of what, what it looks like, and how long its answer is remembered.

Fetch "HTTP fetch" decides it, "CORS-unsafe request-header names" finds the headers, "CORS-preflight fetch" writes the
request.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ..fetch import (
    MAX_SAFELISTED_VALUE,
    SAFELISTED_METHODS,
    Field,
    is_safelisted_request_header,
)
from .headers import get
from .profiles import Browser
from .requests import Answer, Hop, Request, Tainting

#: Fetch "CORS-preflight fetch" step 7.9: what Access-Control-Max-Age is when it is absent.
DEFAULT_MAX_AGE: Final = 5

_NUMBER: Final = re.compile(rb"[+-]?[0-9]+")
_HIGH_BYTE: Final = re.compile(rb"[\x80-\xff]")


class Trigger(Enum):
    """What makes a request need a preflight; the value is a sentence.

    >>> from corserver.cors.browser import Trigger
    >>> Trigger.METHOD.value
    'the method is not GET, HEAD or POST'
    """

    METHOD = "the method is not GET, HEAD or POST"
    HEADER = "a header is not a CORS-safelisted request-header"
    SAFELISTED_TOTAL = "the values of the safelisted headers are longer than 1024 bytes together"
    UPLOAD_LISTENER = "a listener was registered on the XMLHttpRequest's upload"
    EARLIER_HOP = "an earlier hop of the redirect needed one"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """A preflight to send to the hop's URL: OPTIONS, with these headers and no credentials.

    >>> from corserver.cors.browser import STANDARD, Request, begin, parse_url, preflight_for
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"DELETE")
    >>> preflight = preflight_for(begin(request), STANDARD)
    >>> preflight.method, preflight.because[0].name
    (b'DELETE', 'METHOD')
    >>> for name, value in preflight.headers:
    ...     print(name.decode(), value.decode(), sep=": ")
    Accept: */*
    Access-Control-Request-Method: DELETE
    Origin: https://site.example
    """

    #: its Origin, which the answer's Access-Control-Allow-Origin is compared with
    origin: bytes
    #: Access-Control-Request-Method
    method: bytes
    #: the CORS-unsafe request-header names: lower-case, sorted
    names: tuple[bytes, ...]
    because: tuple[Trigger, ...]

    @property
    def request_headers(self) -> bytes | None:
        """The value of Access-Control-Request-Headers, joined without a space; None: the header is absent."""
        return b",".join(self.names) if self.names else None

    @property
    def headers(self) -> tuple[Field, ...]:
        """The header lines that make it a preflight."""
        lines = [(b"Accept", b"*/*"), (b"Access-Control-Request-Method", self.method)]
        if self.request_headers is not None:
            lines.append((b"Access-Control-Request-Headers", self.request_headers))
        return (*lines, (b"Origin", self.origin))


def preflight_for(hop: Hop, browser: Browser) -> Preflight | None:
    """The preflight that *hop* needs first, or None. Only a CORS request needs one.

    >>> from corserver.cors.browser import STANDARD, Request, begin, parse_url, preflight_for
    >>> url = parse_url("https://api.example/items/7")
    >>> request = Request(url=url, origin=b"https://site.example", method=b"GET")
    >>> preflight_for(begin(request), STANDARD) is None
    True
    """
    if hop.tainting is not Tainting.CORS:
        return None
    names, is_over_total = unsafe_names(hop.request.headers, browser)
    because = tuple(_triggers(hop, names, is_over_total, browser))
    if not because:
        return None
    origin = hop.request.origin if browser.preflight_keeps_origin else hop.origin
    return Preflight(origin=origin, method=hop.request.method, names=names, because=because)


def _triggers(hop: Hop, names: tuple[bytes, ...], is_over_total: bool, browser: Browser) -> Iterable[Trigger]:
    if hop.request.method not in SAFELISTED_METHODS:
        yield Trigger.METHOD
    if is_over_total:
        yield Trigger.SAFELISTED_TOTAL
    elif names:
        yield Trigger.HEADER
    if upload_listener_counts(hop.request, browser):
        yield Trigger.UPLOAD_LISTENER
    if hop.owes_preflight:
        yield Trigger.EARLIER_HOP


def upload_listener_counts(request: Request, browser: Browser) -> bool:
    """Fetch "use-CORS-preflight flag"."""
    return request.upload_listener and (request.has_body or not browser.upload_listener_needs_body)


def unsafe_names(headers: Iterable[Field], browser: Browser) -> tuple[tuple[bytes, ...], bool]:
    """Fetch "CORS-unsafe request-header names", and whether the total of the safelisted ones was the reason.

    >>> from corserver.cors.browser import STANDARD, unsafe_names
    >>> unsafe_names([(b"Content-Type", b"application/json"), (b"Accept", b"text/html")], STANDARD)
    ((b'content-type',), False)
    """
    unsafe: list[bytes] = []
    safelisted: list[bytes] = []
    total = 0
    for name, value in _entries(headers, browser):
        if is_safelisted(name, value, browser):
            safelisted.append(name)
            total += len(value)
        else:
            unsafe.append(name)
    is_over_total = browser.safelisted_total is not None and total > browser.safelisted_total
    names = unsafe + safelisted if is_over_total else unsafe
    return tuple(sorted(names if browser.repeats_names else set(names))), is_over_total


def _entries(headers: Iterable[Field], browser: Browser) -> list[Field]:
    """The entries as the browser measures them: names lower-case, dropped ones gone, perhaps combined."""
    entries = [(name.lower(), value) for name, value in headers if name.lower() not in browser.dropped_names]
    if not browser.combines_entries:
        return entries
    combined: dict[bytes, list[bytes]] = {}
    for name, value in entries:
        combined.setdefault(name, []).append(value)
    return [(name, b", ".join(values)) for name, values in combined.items()]


def is_safelisted(name: bytes, value: bytes, browser: Browser) -> bool:
    """Fetch "CORS-safelisted request-header", as *browser* reads it. *name* is lower-case."""
    if (name, value.lower()) in browser.safelisted_fields:
        return True
    if name in browser.safelisted_names:
        return len(value) <= MAX_SAFELISTED_VALUE
    if not is_safelisted_request_header(name, value):
        return False
    if name == b"range" and browser.range_limit is not None:
        return all(int(number) <= browser.range_limit for number in re.findall(rb"[0-9]+", value))
    return not (browser.high_bytes_are_unsafe and name in (b"accept", b"content-type") and _HIGH_BYTE.search(value))


def preflight_lifetime(answer: Answer, browser: Browser) -> int:
    """How many seconds *browser* remembers a preflight that was answered so; 0: not at all.

    >>> from corserver.cors.browser import CHROMIUM, STANDARD, Answer, preflight_lifetime
    >>> answer = Answer(204, ((b"Access-Control-Max-Age", b"86400"),))
    >>> preflight_lifetime(answer, STANDARD), preflight_lifetime(answer, CHROMIUM)
    (86400, 7200)
    """
    value = get(answer.headers, b"access-control-max-age", ignoring_empty=browser.ignores_empty_lines)
    seconds = _max_age(value, browser)
    return seconds if browser.max_age_cap is None else min(seconds, browser.max_age_cap)


def _max_age(value: bytes | None, browser: Browser) -> int:
    if not value:
        return DEFAULT_MAX_AGE
    if not _NUMBER.fullmatch(value) or (value[:1] == b"+" and not browser.max_age_accepts_plus):
        return browser.malformed_max_age
    if value[:1] == b"-":
        return browser.negative_max_age
    digits = value.lstrip(b"+0")
    # int() of a hostile megabyte of digits is not linear; a number of 20 digits is over every limit
    seconds = int(digits or b"0") if len(digits) <= 20 else 10**20
    if browser.max_age_limit is not None and seconds > browser.max_age_limit:
        return browser.malformed_max_age
    return seconds
