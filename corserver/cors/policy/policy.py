"""The policy: what the user wishes, checked, and compiled to every answer that does not depend on a request.

The preflight of an allowed origin gets one static answer: the policy's full lists. The browser compares the method and
the headers itself, names the true reason in its console, and keeps one cache entry for all (Fetch §HTTP responses).
Two wishes alone need the request: any method, or any header, with credentials, because there `*` is a literal name
(Fetch §CORS protocol and credentials). Those are echoed, if they are tokens and within bounds.

An actual request is never refused and its status never changed: a same-origin POST carries an Origin too. But for one:
a browser opens a WebSocket to anybody, with cookies, and lets the page read it without a word of CORS, so that the
server alone can refuse it (RFC 6455 §10.2). One from an origin that the policy does not allow gets 403.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import fetch
from ..decision import CORSRequest, Decision, Kind, OriginPredicate, Outcome, Reason, Rules, requested_names
from ..fetch import Field
from ..origins import OriginPattern, OriginSet
from . import checks
from .faults import Fault, PolicyError, Refusal

_ORIGIN = b"Access-Control-Allow-Origin"
_CREDENTIALS: Field = (b"Access-Control-Allow-Credentials", b"true")
_METHODS = b"Access-Control-Allow-Methods"
_HEADERS = b"Access-Control-Allow-Headers"
_VARY_ORIGIN: Field = (b"Vary", b"Origin")


@dataclass(frozen=True, slots=True, init=False)
class Policy:
    """Which origins may send what, and read what.

    *origins*: exact (`https://app.example.com`), with any subdomain (`https://*.example.com`), with any port
    (`http://localhost:*`), or `["*"]` for everybody. *methods* and *headers*: what a preflight allows beyond GET, HEAD
    and POST and the safelisted headers; `*` is any (`authorization` must be named beside it). *expose*: the response
    headers that a script may read beyond the safelisted seven. *credentials*: whether cookies and the like may be
    sent. *max_age*: how long a browser may keep a preflight, in seconds; None leaves it at the browser's five.
    *predicate*: asked last, with an origin that nothing else allows.

    Pages of these origins, and of the server's own, may open WebSockets, which carry cookies whatever *credentials*
    says. *dangerously_allow_any_websocket_origin*: pages of every origin may, as where there is no policy; right where
    the app looks at the Origin itself, or asks for a secret that no foreign page has.

    Raises `PolicyError` with every mistake there is. A policy that exists is right, and never changes.

    >>> from corserver import Policy
    >>> policy = Policy(["https://site.example"], methods=["PUT"], headers=["content-type"], max_age=600)
    >>> from corserver.cors import CORSRequest
    >>> decision = policy.decide(CORSRequest(b"OPTIONS", (b"https://site.example",), (b"PUT",)))
    >>> decision.status
    204
    >>> for name, value in decision.decorate([]):
    ...     print(name.decode(), value.decode(), sep=": ")
    Access-Control-Allow-Origin: https://site.example
    Access-Control-Allow-Methods: PUT
    Access-Control-Allow-Headers: content-type
    Access-Control-Max-Age: 600
    Vary: Origin
    """

    origins: tuple[str, ...]
    methods: tuple[str, ...]
    headers: tuple[str, ...]
    expose: tuple[str, ...]
    credentials: bool
    max_age: int | None
    predicate: OriginPredicate | None
    dangerously_allow_insecure_origins: bool
    dangerously_allow_public_suffixes: bool
    dangerously_trust_predicate: bool
    dangerously_allow_any_websocket_origin: bool
    rules: Rules = field(init=False, repr=False, compare=False)
    _granted: tuple[Field, ...] = field(init=False, repr=False, compare=False)
    _exposed: tuple[Field, ...] = field(init=False, repr=False, compare=False)

    def __init__(
        self,
        origins: Iterable[str] = (),
        methods: Iterable[str] = (),
        headers: Iterable[str] = (),
        expose: Iterable[str] = (),
        credentials: bool = False,
        max_age: int | None = None,
        *,
        predicate: OriginPredicate | None = None,
        dangerously_allow_insecure_origins: bool = False,
        dangerously_allow_public_suffixes: bool = False,
        dangerously_trust_predicate: bool = False,
        dangerously_allow_any_websocket_origin: bool = False,
    ) -> None:
        lists: dict[str, tuple[str, ...]] = {}
        refusals: list[Refusal] = []
        for option, value in {"origins": origins, "methods": methods, "headers": headers, "expose": expose}.items():
            lists[option], wrong = checks.strings(option, value)
            refusals += wrong
        if not lists["origins"] and predicate is None and not refusals:
            refusals.append(checks.refuse(Fault.ORIGINS_MISSING, "origins", origins, "origins=['https://your.site']"))
        wished: dict[str, Any] = {
            **lists,
            "headers": tuple(dict.fromkeys(name.lower() for name in lists["headers"])),
            "expose": tuple(dict.fromkeys(name.lower() for name in lists["expose"])),
            "credentials": credentials,
            "max_age": max_age,
            "predicate": predicate,
            "dangerously_allow_insecure_origins": dangerously_allow_insecure_origins,
            "dangerously_allow_public_suffixes": dangerously_allow_public_suffixes,
            "dangerously_trust_predicate": dangerously_trust_predicate,
            "dangerously_allow_any_websocket_origin": dangerously_allow_any_websocket_origin,
        }
        for option, value in wished.items():
            object.__setattr__(self, option, value)
        refusals += self._compile(lists)
        if refusals:
            raise PolicyError(tuple(refusals))

    def decide(self, request: CORSRequest) -> Decision:
        """The decision on *request*, whatever its kind."""
        return self.preflight(request) if request.kind is Kind.PREFLIGHT else self.actual(request)

    def preflight(self, request: CORSRequest) -> Decision:
        """The answer to a preflight: 204 with what is granted, or 403 with nothing (Fetch §HTTP responses)."""
        reason, pattern = self._judge(request)
        vary = () if self.rules.origins is None else (_VARY_ORIGIN,)
        if reason.outcome is Outcome.DENIED:
            return Decision(request, reason, (), vary, 403, self.rules, pattern)
        echoed, varied = self._echo(request)
        headers = (self._allow_origin(request), *self._granted[:1], *echoed, *self._granted[1:])
        return Decision(request, reason, headers, vary + varied, 204, self.rules, pattern)

    def actual(self, request: CORSRequest) -> Decision:
        """What to add to the response to any other request, one without Origin included.

        Only a WebSocket is refused, for a page of an origin that is not allowed.
        """
        if self.rules.origins is None:
            reason = Reason.ALLOWED_ANY if request.origins else _unrelated(request)
            return Decision(request, reason, ((_ORIGIN, b"*"), *self._exposed), (), None, self.rules)
        vary = (_VARY_ORIGIN,)
        if not request.origins:
            return Decision(request, _unrelated(request), (), vary, None, self.rules)
        reason, pattern = self._judge(request)
        if reason.outcome is Outcome.DENIED:
            return Decision(request, reason, (), vary, 403 if self._refuses(request) else None, self.rules)
        credentials = (_CREDENTIALS,) if self.credentials else ()
        headers = (self._allow_origin(request), *credentials, *self._exposed)
        return Decision(request, reason, headers, vary, None, self.rules, pattern)

    def _refuses(self, request: CORSRequest) -> bool:
        is_checked = request.is_websocket and not self.dangerously_allow_any_websocket_origin
        return is_checked and not request.is_same_origin

    def permits_origin(self, origin: str | bytes) -> bool:
        """Whether *origin* is allowed: for what CORS does not guard."""
        value = origin.encode("utf-8", "surrogatepass") if isinstance(origin, str) else origin
        return self.rules.judge_origin(value)[0].outcome is Outcome.ALLOWED

    def describe(self) -> dict[str, Any]:
        """The options that differ from the defaults; `Policy(**policy.describe()) == policy`."""
        options = {name: getattr(self, name) for name in self.__slots__ if name != "rules" and name[0] != "_"}
        kept = {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
        # By identity: a max_age of 0 equals False.
        return {name: value for name, value in kept.items() if value is not None and value is not False and value != []}

    @property
    def sentence(self) -> str:
        """The policy in one line, for a banner."""
        origins = "any origin" if self.rules.origins is None else ", ".join(self.origins)
        if self.predicate is not None:
            origins += " and those its predicate allows"
        named_methods = dict.fromkeys(("GET", "HEAD", "POST", *self.methods))
        methods = "any method" if self.rules.any_method else ", ".join(named_methods)
        named = [name for name in self.headers if name != "*"]
        headers = "any header" if self.rules.any_header else ", ".join(named) or "no further header"
        credentials = "credentials" if self.credentials else "no credentials"
        age = "" if self.max_age is None else f"; max-age {self.max_age}"
        return f"{origins} ({methods}; {headers}; {credentials}{age})"

    def _judge(self, request: CORSRequest) -> tuple[Reason, OriginPattern | None]:
        if len(request.origins) == 1:
            return self.rules.judge_origin(request.origins[0])
        any_origin = self.rules.origins is None
        return (Reason.ALLOWED_ANY if any_origin else Reason.ORIGIN_DUPLICATED), None

    def _allow_origin(self, request: CORSRequest) -> Field:
        return (_ORIGIN, b"*" if self.rules.origins is None else request.origins[0])

    def _echo(self, request: CORSRequest) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
        # Only what a browser could have sent comes back: tokens, within bounds, and Authorization only if it is named.
        if not self.credentials:
            return (), ()
        echoed: list[Field] = []
        varied: list[Field] = []
        if self.rules.any_method:
            varied.append((b"Vary", b"Access-Control-Request-Method"))
            if self.rules.judge_method(request.requested_methods) is None:
                echoed.append((_METHODS, request.requested_methods[0]))
        if self.rules.any_header:
            varied.append((b"Vary", b"Access-Control-Request-Headers"))
            names = requested_names(request.requested_headers)
            if not isinstance(names, Reason) and (granted := b", ".join(n for n in names if self._may_echo(n))):
                echoed.append((_HEADERS, granted))
        return tuple(echoed), tuple(varied)

    def _may_echo(self, name: bytes) -> bool:
        return name != fetch.NON_WILDCARD_REQUEST_HEADER or name in self.rules.headers

    def _compile(self, given: Mapping[str, tuple[str, ...]]) -> list[Refusal]:
        any_origin = "*" in self.origins
        patterns, refusals = checks.check_origins(self.origins)
        for switch in ("credentials", *(name for name in self.__slots__ if name.startswith("dangerously_"))):
            refusals += checks.check_switch(switch, getattr(self, switch))
        if any_origin and self.credentials:
            write = "the origins that need credentials, by name; or credentials=False"
            refusals.append(checks.refuse(Fault.WILDCARD_WITH_CREDENTIALS, "origins", "*", write))
        if self.credentials:
            refusals += checks.check_credentials(
                patterns, self.dangerously_allow_insecure_origins, self.dangerously_allow_public_suffixes
            )
        refusals += checks.check_predicate(
            self.predicate, any_origin, self.credentials, self.dangerously_trust_predicate
        )
        refusals += checks.check_methods(self.methods)
        refusals += checks.check_headers(given["headers"])
        refusals += checks.check_expose(given["expose"])
        refusals += checks.check_max_age(self.max_age)
        if not refusals:
            self._compile_answers(None if any_origin else OriginSet(patterns))
        return refusals

    def _compile_answers(self, origins: OriginSet | None) -> None:
        methods = tuple(method.encode("ascii") for method in self.methods)
        headers = tuple(name.encode("ascii") for name in self.headers)
        expose = tuple(name.encode("ascii") for name in self.expose)
        rules = Rules(
            origins=origins,
            predicate=self.predicate,
            methods=frozenset(methods),
            any_method=b"*" in methods,
            headers=frozenset(headers),
            any_header=b"*" in headers,
            credentials=self.credentials,
            expose_all=self.credentials and b"*" in expose,
        )
        object.__setattr__(self, "rules", rules)
        granted: list[Field] = [_CREDENTIALS] if self.credentials else []
        if methods and not (rules.any_method and self.credentials):
            granted.append((_METHODS, b"*" if rules.any_method else b", ".join(methods)))
        if headers and not (rules.any_header and self.credentials):
            granted.append((_HEADERS, b", ".join(headers)))
        if self.max_age is not None:
            granted.append((b"Access-Control-Max-Age", b"%d" % self.max_age))
        object.__setattr__(self, "_granted", tuple(granted))
        exposed = b"*" if b"*" in expose else b", ".join(expose)
        static = bool(expose) and not rules.expose_all
        object.__setattr__(self, "_exposed", ((b"Access-Control-Expose-Headers", exposed),) if static else ())


def _unrelated(request: CORSRequest) -> Reason:
    asks = request.method == b"OPTIONS" and request.requested_methods
    return Reason.OPTIONS_NOT_PREFLIGHT if asks else Reason.NOT_CORS
