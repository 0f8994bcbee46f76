"""Preconditions: whether a request's conditions let it be answered by a representation (RFC 9110 §13). Pure.

Rules, in the order of §13.2.2:

1. `If-Match` compares strongly. Without it `If-Unmodified-Since` is evaluated; with it that is ignored.
2. `If-None-Match` compares weakly. Without it `If-Modified-Since` is evaluated; with it that is ignored.
3. `If-Range` decides about `Range` alone: see `ranges`.
4. A date that is not an HTTP-date is ignored (§13.1.3, §13.1.4). A list that is not one of entity tags matches nothing:
   then the client gets what it asked for, and an update that was meant for another state does not happen.
"""

import re
from collections.abc import Mapping
from enum import Enum
from itertools import islice
from typing import Final

from corserver.apps.files.validators import ENTITY_TAG, EntityTag, Validators, parse_http_date

# RFC 9110 §5.6.1.2: a recipient takes empty elements. Nothing in it backtracks, so that its time is linear.
_ENTITY_TAGS: Final = re.compile(rf"[ \t,]*+{ENTITY_TAG}(?:[ \t]*+,[ \t,]*+{ENTITY_TAG})*+[ \t,]*+")
_ENTITY_TAG: Final = re.compile(ENTITY_TAG)
#: Of more than so many the rest is not looked at: a client has a few versions of a file at most.
_MAX_TAGS: Final = 64


class Precondition(Enum):
    """What the preconditions of a GET or HEAD come to."""

    #: The request is answered as if it had none.
    HOLDS = "holds"
    #: The client has the current representation: 304 (RFC 9110 §15.4.5).
    NOT_MODIFIED = "not modified"
    #: The representation is not the one that the client meant: 412 (RFC 9110 §15.5.13).
    FAILED = "failed"


def evaluate(headers: Mapping[str, str], current: Validators) -> Precondition:
    """What the preconditions in *headers* come to for an existing representation (RFC 9110 §13.2.2, steps 1 to 4)."""
    if not _is_the_one_meant(headers, current):
        return Precondition.FAILED
    return Precondition.HOLDS if _is_new_to_client(headers, current) else Precondition.NOT_MODIFIED


def parse_entity_tags(text: str) -> tuple[EntityTag, ...]:
    """The tags of a list; none where *text* is not a list of entity tags."""
    if _ENTITY_TAGS.fullmatch(text) is None:
        return ()
    items = (found[0] for found in islice(_ENTITY_TAG.finditer(text), _MAX_TAGS))
    return tuple(tag for item in items if (tag := EntityTag.parse(item)) is not None)


def _is_the_one_meant(headers: Mapping[str, str], current: Validators) -> bool:
    expected = headers.get("if-match")
    if expected is not None:
        tags = parse_entity_tags(expected)
        return expected.strip(" \t") == "*" or any(current.etag.matches_strongly(tag) for tag in tags)
    date = parse_http_date(headers.get("if-unmodified-since", ""))
    return date is None or current.last_modified <= date


def _is_new_to_client(headers: Mapping[str, str], current: Validators) -> bool:
    known = headers.get("if-none-match")
    if known is not None:
        tags = parse_entity_tags(known)
        return known.strip(" \t") != "*" and not any(current.etag.matches_weakly(tag) for tag in tags)
    date = parse_http_date(headers.get("if-modified-since", ""))
    return date is None or current.last_modified > date
