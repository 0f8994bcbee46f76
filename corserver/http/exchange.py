"""What a head asks for: its path, the decision of the policy there, and the response where it is the server's own.

This is the order in which a request is looked at, whatever it is for: the host it names, its path, the policy of path
and method, the decision; then a preflight is answered, and a WebSocket from a foreign page refused, before
authentication, routing, redirects and files.
"""

import contextlib
import functools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from corserver.cors.decision import CORSRequest, Decision
from corserver.cors.fetch import Field
from corserver.cors.origins import parse_origin
from corserver.cors.policy import Policy
from corserver.cors.scopes import INHERIT, BadPath, Path, Scopes
from corserver.http.crew import Crew
from corserver.http.forwarded import Sender, TrustedProxies
from corserver.http.gate import Head, HeaderSection, KnownLines, RefusedHead, body_too_large, salvage
from corserver.http.health import health
from corserver.http.hosts import AllowedHosts
from corserver.http.limits import Limits
from corserver.http.log import Entry
from corserver.http.memory import Memory
from corserver.http.messages import App, HTTPError, Request, Response
from corserver.http.mistakes import without_mistakes
from corserver.http.wire.request_heads import KnownSections
from corserver.http.wire.response_heads import ResponseHeads

logger = logging.getLogger("corserver")

#: What a handler starts: a function and its arguments.
Call = tuple[Callable[..., Awaitable[Any]], tuple[Any, ...]]

#: What a remembered verdict weighs beside its header section, which others may share, in bytes.
_WEIGHT = 1024
_SERVER_METHODS = (b"Allow", b"DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")


class Verdict(NamedTuple):
    """What follows from a head and the policy that governs it: the decision, and the server's own answer if it has
    one."""

    policy: Policy | None
    decision: Decision
    answer: Response | None


#: By header section, method, authority and the policy's identity.
KnownVerdicts = Memory[tuple[HeaderSection, bytes, bytes, int], Verdict]


@dataclass(slots=True, kw_only=True)
class Service:
    """What the connections of a server share.

    *scopes* may be replaced while the server runs: an exchange keeps the table that it began with. *remembers* is
    whether heads and verdicts are remembered; the answers are the same, byte for byte, if they are not. Once it
    *is_retiring* or *is_draining*, every answer is its connection's last. *headers* are lines of every answer that has
    none of their names. *proxies* are those whose word for the client is taken; *health* is the path of the health
    endpoint.
    """

    app: App
    scopes: Scopes = field(default_factory=Scopes)
    limits: Limits = field(default_factory=Limits)
    hosts: AllowedHosts | None = None
    access_log: Callable[[Entry], None] | None = None
    explain_denials: bool = False
    server_header: bytes | None = None
    headers: tuple[Field, ...] = ()
    scheme: str = "http"
    remembers: bool = True
    is_retiring: bool = False
    #: Runs what handlers start, while connections are served.
    crew: Crew[Call] | None = None
    is_draining: bool = False
    #: How many connections are open.
    connections: int = 0
    proxies: TrustedProxies | None = None
    health: bytes | None = None
    sections: KnownSections = field(init=False)
    lines: KnownLines = field(init=False)
    verdicts: KnownVerdicts = field(init=False)
    #: By the bytes of a head.
    exchanges: "Memory[bytes, KnownExchange]" = field(init=False)
    heads: ResponseHeads = field(init=False)
    #: Whether what answers a path and a method may take an encoded slash for a slash.
    decodes_path: Callable[[Path, str], bool] = field(init=False)

    def __post_init__(self) -> None:
        self.sections, self.lines, self.verdicts, self.exchanges = (self.memory() for _ in range(4))
        own_cors = functools.partial(getattr, self.app, "own_cors", "")
        self.decodes_path = getattr(self.app, "decodes_path", lambda path, method: False)
        self.heads = ResponseHeads(self.server_header, self.memory(), own_cors, self.headers)

    def memory(self) -> Memory[Any, Any]:
        """A new memory, which remembers nothing if this service does not."""
        return Memory() if self.remembers else Memory(entries=0)

    def refusal(self) -> Response | None:
        """The answer in the app's place while too many connections are open."""
        most = self.limits.concurrency
        if most is None or self.connections <= most:
            return None
        crowded = HTTPError(503, f"more than {most} connections are open at this moment", {"Retry-After": "1"})
        return crowded.response()._replace(closes=True)

    def start_soon(self, fn: Callable[..., Awaitable[Any]], *args: Any) -> None:
        """Run `fn(*args)` in a task of its own, which the server waits for when it stops, within its grace.

        What it raises goes to the log. Raises RuntimeError where nothing is served.
        """
        if self.crew is None:
            raise RuntimeError("a task can be started while the server runs")
        self.crew.call((fn, args))


async def run_call(call: Call) -> None:
    """Run what a handler started; what it raises goes to the log."""
    fn, args = call
    try:
        await fn(*args)
    except Exception:
        logger.exception("a task that a handler started raised")
    except BaseException as error:
        if (rest := without_mistakes(error, logger)) is not None:
            raise rest from None


class Exchange(NamedTuple):
    """A request as far as the server itself decides on it. It has an *answer*, or the app answers *request*.

    *sender* is who sent it, where a proxy says that; *is_logged* whether the log has it.
    """

    method: bytes
    target: bytes
    decision: Decision
    answer: Response | None = None
    head: Head | None = None
    request: Request | None = None
    sender: Sender | None = None
    is_logged: bool = True

    @property
    def is_constant(self) -> bool:
        """Whether a head that is the same is decided on in the same way, under the same scopes."""
        # What is not logged is the server's health.
        return self.is_logged and self.sender is None and self.decision.is_constant


class KnownExchange(NamedTuple):
    """An exchange, the scopes that it was opened under, and the header section that it came with."""

    scopes: Scopes
    exchange: Exchange
    section: HeaderSection


def open_exchange(head: Head, service: Service, sender: Sender | None = None) -> Exchange:
    """Classify a request whose head was accepted, and decide on it."""
    scopes, method, target = service.scopes, head.method, head.target
    if service.health is not None and target == service.health and method in (b"GET", b"HEAD"):
        answer = health(service.is_draining or service.is_retiring)
        decision = Decision.ungoverned(_cors_request(head, service, sender))
        return Exchange(method, target, decision, answer, head, is_logged=False)
    if target == b"*":
        # RFC 9110 §9.3.7: about the server as a whole, so no path's policy governs it.
        answer = Response(status=204, headers=[_SERVER_METHODS])
        decision = Decision.ungoverned(_cors_request(head, service, sender))
        return Exchange(method, target, decision, answer, head, sender=sender)
    try:
        raw = target.partition(b"?")[0]
        path = Path.parse(raw)
        verdict = _verdict_on(head, raw, path, scopes, service, sender)
    except BadPath as error:
        decision = _decide(scopes.default_policy, _cors_request(head, service, sender))
        answer = HTTPError(400, str(error)).response()
        return Exchange(method, target, decision, answer, head, sender=sender)
    request = None if verdict.answer is not None else _request(head, path, service, sender)
    return Exchange(method, target, verdict.decision, verdict.answer, head, request, sender)


def _request(head: Head, path: Path, service: Service, sender: Sender | None) -> Request:
    return Request(
        head.method.decode("ascii"),
        head.target.decode("ascii"),
        path,
        head.section.headers,
        service.scheme if sender is None else sender.scheme,
        head.authority.decode("ascii") if sender is None else sender.authority,
        "1.1" if head.minor_version else "1.0",
    )


def _verdict_on(head: Head, raw: bytes, path: Path, scopes: Scopes, service: Service, sender: Sender | None) -> Verdict:
    policy, request = scopes.only_policy, None
    if policy is INHERIT:
        request = _cors_request(head, service, sender)
        method = request.governed_method.decode("latin-1")
        if (b"%" in raw or b";" in raw or b"//" in raw) and service.decodes_path(path, method):
            policy = scopes.certain_policy_for(path, method, raw)
        else:
            policy = scopes.policy_for(path, method)
    named = head.authority if sender is None else b"%s %s" % (head.authority, _own_origin(head, service, sender))
    key = head.section, head.method, named, id(policy)
    verdict = service.verdicts.get(key)
    if verdict is None or verdict.policy is not policy:
        decision = _decide(policy, request or _cors_request(head, service, sender))
        verdict = Verdict(policy, decision, _own_answer(head, decision, service))
        if decision.is_constant:
            service.verdicts.put(key, verdict, _WEIGHT)
    return verdict


def _cors_request(head: Head, service: Service, sender: Sender | None) -> CORSRequest:
    return CORSRequest.read(head.method, head.fields, _own_origin(head, service, sender))


def _own_origin(head: Head, service: Service, sender: Sender | None) -> bytes:
    if sender is None:
        return b"%s://%s" % (service.scheme.encode(), head.authority)
    return f"{sender.scheme}://{sender.authority}".encode("ascii")


def refused_exchange(refusal: RefusedHead, service: Service) -> Exchange:
    """The 4xx or 5xx to a head that was refused.

    Where there is a request line, the policy of its path decides: a script may read it if what came of the head names
    exactly one well-formed origin. Before that, only a default policy of `*` can (every response of such a server says
    so).
    """
    policy, answer = service.scopes.default_policy, refusal.response()
    found = salvage(refusal.raw or refusal.beginning)
    if found.method == b"HEAD":
        answer = Response(b"", answer.status, answer.headers)
    origins = found.origins if len(found.origins) == 1 and parse_origin(found.origins[0]) else ()
    request = CORSRequest(found.method, origins)
    if refusal.raw is not None or found.target:
        with contextlib.suppress(BadPath):
            path = Path.parse(found.target.partition(b"?")[0])
            policy = service.scopes.policy_for(path, found.method.decode("latin-1"))
    elif policy is not None and policy.rules.origins is not None:
        policy = None
    return Exchange(found.method, found.target, _decide(policy, request), answer)


def _decide(policy: Policy | None, request: CORSRequest) -> Decision:
    return Decision.ungoverned(request) if policy is None else policy.decide(request)


def _own_answer(head: Head, decision: Decision, service: Service) -> Response | None:
    if service.hosts is not None and not service.hosts.permits(head.authority):
        name = head.authority.decode("latin-1")
        return HTTPError(403, f"this server does not answer for the host {name!r}. {_HOST_FIX}").response()
    if decision.status is not None:
        explained = service.explain_denials and not decision.allowed
        return Response(_explanation(decision) if explained else b"", decision.status)
    limit, length = service.limits.body, head.section.content_length
    if limit is not None and length is not None and length > limit:
        return body_too_large(limit).response()
    return None


def _explanation(decision: Decision) -> str:
    words = [decision.sentence, decision.hint, f"To mend it: {decision.fix}", f"See {decision.source}"]
    return "".join(f"{line}\n" for line in words if line)


_HOST_FIX = (
    "It answers for localhost and IP addresses only, so that no web page can reach it under a name of its own (DNS "
    "rebinding). If the name is yours, start it with --allow-host NAME, or serve(..., allow_hosts=[NAME])."
)
