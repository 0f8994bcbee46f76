"""Negotiation: which content codings and which media type a request prefers (RFC 9110 §12.5.1, §12.5.3). Pure.

Rules:

1. A coding that is preferred less than `identity`, or not at all (`q=0`), is not sent. Between equals the smaller one
   wins: that is any coding before none, and `CODINGS` in their order.
2. `identity` that is not named is acceptable, and the last choice; should it be refused and nothing else be there, it
   is sent all the same (§12.5.3): a page in clear is better than none.
3. An element that is not well-formed says nothing. So does everything after the first `_MAX_ELEMENTS`.
"""

import functools
import re
from collections.abc import Sequence
from typing import Final

#: The codings that a file may have beside it, the one that is smallest in most cases first.
CODINGS: Final = ("br", "zstd", "gzip")

#: Browsers send at most about ten.
_MAX_ELEMENTS: Final = 64

# RFC 9110 §12.4.2: weight = OWS ";" OWS "q=" qvalue. Other parameters of a media range are not offered: not compared.
_ELEMENT: Final = re.compile(
    r"[ \t]*+(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z/-]++)(?P<parameters>(?:[ \t]*+;[^,;]*+)*+)[ \t]*+"
)
_WEIGHT: Final = re.compile(r";[ \t]*+q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*+\Z", re.IGNORECASE)
_ANY_WEIGHT: Final = re.compile(r";[ \t]*+q=", re.IGNORECASE)


@functools.lru_cache(maxsize=256)
def preferred_codings(accept_encoding: bytes) -> tuple[str, ...]:
    """Those of `CODINGS` that a response may have, the most preferred first; none for an empty *accept_encoding*."""
    weights = _weights(accept_encoding.decode("latin-1"))
    if "x-gzip" in weights:  # RFC 9110 §8.4.1.3
        weights.setdefault("gzip", weights["x-gzip"])
    others = weights.get("*", 0.0)
    least = weights.get("identity", 0.0)
    accepted = [(weights.get(coding, others), coding) for coding in CODINGS]
    ranked = sorted((weight for weight in accepted if 0 < weight[0] >= least), key=lambda pair: -pair[0])
    return tuple(coding for _, coding in ranked)


@functools.lru_cache(maxsize=256)
def preferred_type(accept: str, offers: Sequence[str]) -> str | None:
    """Which of *offers*, media types in the server's own order, *accept* prefers; None where it takes none of them.

    Of equals one that is named comes before one that a wildcard takes: `application/json, text/plain, */*`, which some
    libraries send with everything, asks for JSON.
    """
    weights = _weights(accept)
    if not weights:
        return offers[0]
    ranked = [(_weight_of(offer, weights), offer) for offer in offers]
    (weight, _), best = max(ranked, key=lambda pair: pair[0])
    return best if weight > 0 else None


def _weight_of(offer: str, weights: dict[str, float]) -> tuple[float, int]:
    # §12.5.1: the most specific range that matches counts.
    ranges = ((2, offer), (1, offer.partition("/")[0] + "/*"), (0, "*/*"))
    return next(((weights[name], specificity) for specificity, name in ranges if name in weights), (0.0, 0))


def _weights(text: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for element in text.split(",", _MAX_ELEMENTS)[:_MAX_ELEMENTS]:
        found = _ELEMENT.fullmatch(element)
        if found is None:
            continue
        weight = _WEIGHT.search(found["parameters"])
        if weight is None and _ANY_WEIGHT.search(found["parameters"]):
            continue
        weights.setdefault(found["name"].lower(), 1.0 if weight is None else float(weight[1]))
    return weights
