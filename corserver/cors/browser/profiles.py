"""The browsers: each difference from the Fetch standard is one named field, and the standard is the default of all.

CHROMIUM and FIREFOX were recorded (Chromium 156 and Firefox ESR 153 against scripted servers; tests/oracle holds what
they did). SAFARI is from WebKit's source and was not recorded: where the source was not read it is the standard. The
caps of Access-Control-Max-Age are from the sources of all three, since nobody can wait for them.

No other file names a browser; a rule asks a field.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ..fetch import MAX_SAFELISTED_TOTAL, Field


class Check(Enum):
    """What is checked on the answer to a preflight. Browsers differ in the order, and so in what the console blames.

    >>> from corserver.cors.browser import STANDARD, Check
    >>> Check.STATUS in STANDARD.preflight_order
    True
    """

    #: Fetch "CORS check": Access-Control-Allow-Origin, then -Credentials
    ACCESS = "access"
    #: a redirect with a Location; to the standard merely a status that is not ok
    REDIRECT = "redirect"
    #: the status is an ok status: 200 to 299
    STATUS = "status"
    #: Access-Control-Allow-Methods is a list of tokens
    PARSE_METHODS = "parse methods"
    #: Access-Control-Allow-Headers is a list of tokens
    PARSE_HEADERS = "parse headers"
    #: the method is allowed
    METHOD = "method"
    #: every CORS-unsafe request-header name is allowed
    HEADERS = "headers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """How one browser reads the Fetch standard.

    >>> from dataclasses import replace
    >>> from corserver.cors.browser import STANDARD, Browser
    >>> isinstance(STANDARD, Browser), replace(STANDARD, name="a browser of tomorrow").name
    (True, 'a browser of tomorrow')
    """

    name: str

    # -- CORS-safelisted request-headers
    #: names that are safelisted beyond the standard's, with any value of at most 128 bytes
    safelisted_names: frozenset[bytes] = frozenset()
    #: (name, value) pairs that are safelisted beyond the standard's; both lower-case
    safelisted_fields: frozenset[Field] = frozenset()
    #: names that a page may set and the browser silently does not send
    dropped_names: frozenset[bytes] = frozenset()
    #: two entries of one name are joined before they are measured against 128 bytes
    combines_entries: bool = False
    #: beyond this total of value bytes no header is safelisted; None: not implemented
    safelisted_total: int | None = MAX_SAFELISTED_TOTAL
    #: the largest position in a Range value that is understood; None: any
    range_limit: int | None = None
    #: bytes over 0x7F make Accept and Content-Type unsafe
    high_bytes_are_unsafe: bool = False
    #: Access-Control-Request-Headers repeats a name that was set twice
    repeats_names: bool = False

    # -- when there is a preflight, and from which origin
    #: an XMLHttpRequest upload listener only matters to a request that has a body
    upload_listener_needs_body: bool = False
    #: a request that needed a preflight once is preflighted at every later hop too, whatever has become of it
    preflight_is_sticky: bool = False
    #: after a cross-origin redirect the preflight carries, and its answer must match, the original origin, not `null`
    preflight_keeps_origin: bool = False

    # -- the answer to a preflight
    preflight_order: tuple[Check, ...] = tuple(Check)
    #: `*` in Access-Control-Allow-Headers does not cover Authorization
    authorization_needs_listing: bool = True
    #: without Access-Control-Allow-Methods, an upload listener's method counts as listed
    upload_listener_lists_method: bool = True

    # -- any response
    #: a space before the colon of a header line is dropped, and a bare carriage return ends the line
    mends_header_lines: bool = False
    #: a status of four digits is a status; to everybody else the response is no HTTP
    reads_long_statuses: bool = False
    #: a 101 that was not asked for is passed over, as any other 1xx is; to everybody else it is the response
    passes_over_101: bool = False
    #: Access-Control-Allow-Origin is called "multiple" when there are several lines, not when there is a comma or space
    counts_origin_lines: bool = False
    #: empty lines of Access-Control-Allow-Credentials and -Max-Age vanish before the others are joined
    ignores_empty_lines: bool = False
    #: statuses that make the network stack ask again, which does not change the verdict
    repeated_statuses: frozenset[int] = frozenset()
    #: a 407 is a network error
    proxy_authentication_fails: bool = False
    #: an empty Location is no redirect
    empty_location_is_none: bool = False
    #: a redirect to a URL with userinfo is refused although everything is same-origin
    refuses_same_origin_userinfo: bool = False
    #: Cross-Origin-Resource-Policy `same-site` holds between two ports of a host without a registrable domain
    bare_hosts_are_sites: bool = True
    #: an embedder policy of require-corp lets in what has an unknown Cross-Origin-Resource-Policy
    unknown_resource_policy_passes: bool = False

    # -- how long a preflight is remembered, in seconds
    #: the most; None: as long as the server says
    max_age_cap: int | None = None
    #: what is no number at all
    malformed_max_age: int = 5
    #: a number with a minus
    negative_max_age: int = 5
    #: a number with a plus is a number
    max_age_accepts_plus: bool = False
    #: the largest number; a larger one is malformed
    max_age_limit: int | None = None


#: The Fetch standard, to the letter.
STANDARD: Final = Browser(name="the Fetch standard")

#: Chromium, as it was recorded, and so Chrome and Edge.
CHROMIUM: Final = Browser(
    name="Chromium",
    safelisted_names=frozenset(b"device-memory downlink dpr ect rtt viewport-width width".split()),
    safelisted_fields=frozenset({(b"save-data", b"on")}),
    dropped_names=frozenset({b"user-agent"}),
    combines_entries=True,
    range_limit=2**64 - 1,
    upload_listener_needs_body=True,
    preflight_order=(Check.REDIRECT, *(check for check in Check if check is not Check.REDIRECT)),
    authorization_needs_listing=False,
    upload_listener_lists_method=False,
    mends_header_lines=True,
    reads_long_statuses=True,
    passes_over_101=True,
    repeated_statuses=frozenset({408, 421}),
    proxy_authentication_fails=True,
    empty_location_is_none=True,
    refuses_same_origin_userinfo=True,
    bare_hosts_are_sites=False,
    max_age_cap=7200,
    negative_max_age=0,
    max_age_accepts_plus=True,
    max_age_limit=2**63 - 1,
)

#: Firefox, as it was recorded.
FIREFOX: Final = Browser(
    name="Firefox",
    safelisted_total=None,
    range_limit=2**64 - 1,
    high_bytes_are_unsafe=True,
    repeats_names=True,
    preflight_is_sticky=True,
    preflight_keeps_origin=True,
    preflight_order=(
        Check.ACCESS,
        Check.REDIRECT,
        Check.STATUS,
        Check.PARSE_METHODS,
        Check.METHOD,
        Check.PARSE_HEADERS,
        Check.HEADERS,
    ),
    authorization_needs_listing=False,
    upload_listener_lists_method=False,
    counts_origin_lines=True,
    ignores_empty_lines=True,
    repeated_statuses=frozenset({421}),
    unknown_resource_policy_passes=True,
    max_age_cap=86400,
    malformed_max_age=0,
    negative_max_age=0,
)

#: Safari, by WebKit's source: it was not recorded.
SAFARI: Final = Browser(
    name="Safari",
    preflight_order=(Check.STATUS, Check.REDIRECT, *(c for c in Check if c not in (Check.STATUS, Check.REDIRECT))),
    authorization_needs_listing=False,
    max_age_cap=600,
    max_age_accepts_plus=True,
)

#: All of them, the standard first.
BROWSERS: Final = (STANDARD, CHROMIUM, FIREFOX, SAFARI)
