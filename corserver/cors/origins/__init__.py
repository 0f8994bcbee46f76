"""Origins: parsed, serialised, matched and mended, on bytes."""

from .malformation import Malformation, diagnose, mend, with_scheme
from .origin import (
    DEFAULT_PORTS,
    MAX_ORIGIN,
    Origin,
    is_domain,
    is_ipv4,
    is_ipv6,
    is_loopback_host,
    parse_origin,
)
from .patterns import Difference, NearMiss, OriginPattern, OriginSet
from .punycode import is_punycode_sound, to_ascii

__all__ = [
    "DEFAULT_PORTS",
    "MAX_ORIGIN",
    "Difference",
    "Malformation",
    "NearMiss",
    "Origin",
    "OriginPattern",
    "OriginSet",
    "diagnose",
    "is_domain",
    "is_ipv4",
    "is_ipv6",
    "is_loopback_host",
    "is_punycode_sound",
    "mend",
    "parse_origin",
    "to_ascii",
    "with_scheme",
]
