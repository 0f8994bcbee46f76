"""The decision on one request: the header lines it puts on the response, and the words for people."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .. import fetch
from ..fetch import Field
from ..origins import NearMiss, OriginPattern, diagnose
from .reason import Outcome, Reason
from .request import CORSRequest, Kind
from .rules import Rules


class Decoration(NamedTuple):
    """What a decision does to a response's header lines. Two decisions with one decoration do the same.

    *headers* and *vary* are added. *governs*: lines `Access-Control-*` that were there are replaced; where no policy
    governs, nothing is touched. *exposes_all*: the names of all that the response has are exposed.
    """

    headers: tuple[Field, ...] = ()
    vary: tuple[Field, ...] = ()
    governs: bool = False
    exposes_all: bool = False

    def apply(self, headers: Sequence[Field], status: int = 200, others: Sequence[Field] = ()) -> tuple[Field, ...]:
        """*headers* of a response of this *status* with this decoration; *others* are lines that it has beside them."""
        if not self.governs:
            return tuple(headers)
        kept = tuple(line for line in headers if not _is_cors_header(line[0]))
        varied = fetch.vary_members(kept) if self.vary else ()
        vary = () if b"*" in varied else tuple(line for line in self.vary if line[1].lower() not in varied)
        # What a 304 names would hide the rest of the kept answer, whose line it replaces (RFC 9111 §4.3.4).
        exposed = _exposing((*kept, *vary, *others)) if self.exposes_all and status != 304 else ()
        return (*kept, *self.headers, *exposed, *vary)

    def replaced(self, headers: Iterable[Field]) -> tuple[bytes, ...]:
        """The names of the app's own CORS lines in *headers* that `apply` replaces."""
        return tuple(name for name, _ in headers if _is_cors_header(name)) if self.governs else ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What CORS does with *request*.

    *status* is that of the server's own answer: to a preflight (204 or 403), and to a WebSocket that is refused (403);
    None where the app answers. *headers* are the lines to put on the
    response, Vary apart. *rules* are those of the policy that decided, None where no policy governs the path.
    *origin_reason* is what was concluded of the origin; `reason` is the whole conclusion.

    >>> from corserver.cors import CORSRequest, Policy
    >>> policy = Policy(["https://site.example"], expose=["etag"])
    >>> decision = policy.decide(CORSRequest(b"GET", origins=(b"https://site.example",)))
    >>> decision.allowed, decision.sentence
    (True, 'the policy names the origin')
    >>> for name, value in decision.decorate([(b"ETag", b"7")]):
    ...     print(name.decode(), value.decode(), sep=": ")
    ETag: 7
    Access-Control-Allow-Origin: https://site.example
    Access-Control-Expose-Headers: etag
    Vary: Origin
    """

    request: CORSRequest
    origin_reason: Reason
    headers: tuple[Field, ...] = ()
    vary: tuple[Field, ...] = ()
    status: int | None = None
    rules: Rules | None = None
    pattern: OriginPattern | None = None
    #: What it does to a response.
    decoration: Decoration = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rules = self.rules
        exposes_all = rules is not None and rules.expose_all and self.status is None and bool(self.headers)
        object.__setattr__(self, "decoration", Decoration(self.headers, self.vary, rules is not None, exposes_all))

    @classmethod
    def ungoverned(cls, request: CORSRequest) -> "Decision":
        """The decision where no policy governs the path: nothing is added, nothing touched."""
        return cls(request, Reason.NO_POLICY if request.origins else Reason.NOT_CORS)

    @property
    def allowed(self) -> bool:
        """Whether the script gets what it asks for."""
        return self.reason.outcome is Outcome.ALLOWED

    @property
    def is_constant(self) -> bool:
        """Whether the same request is always decided on in this way: a predicate may change its mind."""
        return self.rules is None or self.rules.predicate is None

    @property
    def reason(self) -> Reason:
        """Why: the origin's reason, or what a browser will find wrong with an allowed origin's preflight."""
        return self._conclusion()[0]

    @property
    def sentence(self) -> str:
        """The reason in words, with the names and values that it is about."""
        reason, detail = self._conclusion()
        return reason.sentence.format(detail=detail)

    @property
    def fix(self) -> str:
        """What to change if the outcome is not wanted, on the command line too."""
        return self._about_origin(self.reason.fix)

    @property
    def change(self) -> str:
        """What to change if the outcome is not wanted, without the command line."""
        return self._about_origin(self.reason.change)

    @property
    def source(self) -> str:
        """Where the standard says so: of a WebSocket what it says of those, for CORS does not guard them."""
        is_websocket = self.request.kind is Kind.ACTUAL and self.request.is_websocket
        return (Reason.UPGRADE if is_websocket else self.reason).source

    def _about_origin(self, text: str) -> str:
        return text.format(origin=printable(self.request.origin or b"ORIGIN"))

    @property
    def notes(self) -> tuple[Reason, ...]:
        """What else there is to say of the request, without bearing on the decision."""
        return (Reason.PNA_HEADER_IGNORED,) if self.request.private_network else ()

    @property
    def hint(self) -> str:
        """The near miss in words, empty where there is none."""
        near, origin = self.near_miss, self.request.origin
        if near is None or origin is None:
            return ""
        return f"`{printable(origin)}` differs from the allowed `{near.pattern}` {near.difference.value}"

    @property
    def near_miss(self) -> NearMiss | None:
        """The allowed origin that the refused one narrowly misses, if any."""
        origin = self.request.origin
        if origin is None or self.rules is None or self.rules.origins is None:
            return None
        refused = self.origin_reason in _NOT_LISTED or self.origin_reason is Reason.ORIGIN_MALFORMED
        return self.rules.origins.near_miss(origin) if refused else None

    def decorate(self, headers: Sequence[Field]) -> tuple[Field, ...]:
        """*headers* of a response with this decision's in the place of any `Access-Control-*` that were there.

        On a path without a policy nothing is touched.
        """
        return self.decoration.apply(headers)

    def _conclusion(self) -> tuple[Reason, str]:
        reason, rules = self.origin_reason, self.rules
        if rules is None or reason.outcome is Outcome.UNRELATED:
            return reason, ""
        if reason.outcome is Outcome.DENIED:
            if self.request.kind is Kind.ACTUAL and self.request.is_same_origin:
                return Reason.SAME_ORIGIN, ""
            if self.request.kind is Kind.ACTUAL and self.request.is_websocket and self.status is None:
                return Reason.UPGRADE, ""
            return reason, self._denial_detail(rules)
        if self.request.kind is Kind.PREFLIGHT:
            foretold = _foretell(rules, self.request)
            if foretold is not None:
                return foretold
        return reason, "" if self.pattern is None else str(self.pattern)

    def _denial_detail(self, rules: Rules) -> str:
        if self.origin_reason is Reason.ORIGIN_MALFORMED:
            return "an origin " + "; it ".join(fault.value for fault in diagnose(self.request.origin or b""))
        return self._allowed_origins(rules) if self.origin_reason in _NOT_LISTED else ""

    def _allowed_origins(self, rules: Rules) -> str:
        patterns = () if rules.origins is None else rules.origins.patterns
        near = self.near_miss
        ordered = patterns[:3] if near is None else (near.pattern, *(p for p in patterns[:3] if p != near.pattern))[:3]
        more = len(patterns) - len(ordered)
        return ", ".join(map(str, ordered)) + (f" and {more} more" if more else "")


_NOT_LISTED = frozenset({Reason.ORIGIN_NOT_ALLOWED, Reason.PREDICATE_DENIED})


_PRINTABLE = re.compile(rb"[ -\[\]-~]*")


def printable(value: bytes, limit: int = 200) -> str:
    """*value* for a log or a page of text: printable ASCII as it is, the rest escaped, cut after *limit* bytes."""
    if len(value) <= limit and _PRINTABLE.fullmatch(value):
        return value.decode("ascii")
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F and byte != 0x5C else f"\\x{byte:02x}" for byte in value[:limit])
    return text if len(value) <= limit else f"{text}... ({len(value)} bytes)"


def _foretell(rules: Rules, request: CORSRequest) -> tuple[Reason, str] | None:
    # In the order of Fetch's "CORS-preflight fetch": the method (step 7.5), then the headers (steps 7.6 and 7.7).
    reason = rules.judge_method(request.requested_methods)
    if reason is not None:
        asked = printable(request.requested_methods[0])
        match reason:
            case Reason.METHOD_NOT_ALLOWED:
                return reason, b", ".join(sorted(rules.methods | fetch.SAFELISTED_METHODS)).decode("ascii")
            case Reason.METHOD_CASE_MISMATCH:
                return reason, f"`{asked}` is not `{printable(rules.in_other_case(request.requested_methods[0]))}`"
        return reason, asked
    refused = rules.judge_headers(request.requested_headers)
    return None if refused is None else (refused[0], b", ".join(refused[1]).decode("ascii"))


def _is_cors_header(name: bytes) -> bool:
    return name[:15].lower() == b"access-control-"


def _exposing(headers: Iterable[Field]) -> tuple[Field, ...]:
    # `*` is a literal name to a credentialed request (Fetch "CORS-exposed header-name list"): name what is sent.
    hidden = fetch.SAFELISTED_RESPONSE_HEADERS | fetch.FORBIDDEN_RESPONSE_HEADERS
    names = sorted({name.lower() for name, _ in headers} - hidden)
    return ((b"Access-Control-Expose-Headers", b", ".join(names)),) if names else ()
