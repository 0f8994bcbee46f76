"""What a head asks for: its path, the decision of the policy there, and the response where it is the server's own.

This is the order in which a request is looked at, whatever it is for: the host it names, its path, the policy of path
and method, the decision; then a preflight is answered, before authentication, routing, redirects and files.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from corserver.cors.decision import CORSRequest, Decision, Kind
from corserver.cors.origins import parse_origin
from corserver.cors.policy import Policy
from corserver.cors.scopes import BadPath, Path, Scopes
from corserver.http.gate import Head, RefusedHead, body_too_large, salvage
from corserver.http.hosts import AllowedHosts
from corserver.http.limits import Limits
from corserver.http.log import Entry
from corserver.http.messages import App, HTTPError, Response

_SERVER_METHODS = (b"Allow", b"DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")


@dataclass(slots=True, kw_only=True)
class Service:
    """What the connections of a server share.

    *scopes* may be replaced while the server runs: an exchange keeps the table that it began with. *told* holds the
    names of an app's own CORS headers that it was told about.
    """

    app: App
    scopes: Scopes = field(default_factory=Scopes)
    limits: Limits = field(default_factory=Limits)
    hosts: AllowedHosts | None = None
    access_log: Callable[[Entry], None] | None = None
    explain_denials: bool = False
    server_header: bytes | None = None
    scheme: str = "http"
    told: set[bytes] = field(default_factory=set)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request as far as the server itself decides on it. Without an *answer* it is the app's, at *path*."""

    method: bytes
    target: bytes
    decision: Decision
    answer: Response | None = None
    head: Head | None = None
    path: Path = Path()  # noqa: RUF009  it is frozen


def open_exchange(head: Head, service: Service) -> Exchange:
    """Classify a request whose head was accepted, and decide on it."""
    request = CORSRequest.read(head.method, head.fields, b"%s://%s" % (service.scheme.encode(), head.authority))
    if head.target == b"*":
        # RFC 9110 §9.3.7: about the server as a whole, so no path's policy governs it.
        answer = Response(status=204, headers=[_SERVER_METHODS])
        return Exchange(
            method=head.method, target=b"*", decision=Decision.ungoverned(request), answer=answer, head=head
        )
    try:
        path = Path.parse(head.target.partition(b"?")[0])
    except BadPath as error:
        decision = _decide(service.scopes.default_policy, request)
        answer = HTTPError(400, str(error)).response()
        return Exchange(method=head.method, target=head.target, decision=decision, answer=answer, head=head)
    decision = _decide(service.scopes.policy_for(path, request.governed_method.decode("latin-1")), request)
    own = _own_answer(head, decision, service)
    return Exchange(method=head.method, target=head.target, decision=decision, answer=own, head=head, path=path)


def refused_exchange(refusal: RefusedHead, service: Service) -> Exchange:
    """The 4xx or 5xx to a head that was refused.

    A script may read it if the head was complete and names exactly one well-formed origin: then the policy of its path
    decides. Before that, only a default policy of `*` can (every response of such a server says so).
    """
    default, answer = service.scopes.default_policy, refusal.response()
    found = salvage(refusal.raw or b"")
    if found.method == b"HEAD":
        answer = Response(b"", answer.status, answer.headers)
    origins = found.origins if len(found.origins) == 1 and parse_origin(found.origins[0]) else ()
    request = CORSRequest(found.method, origins)
    policy = default if default is not None and default.rules.origins is None else None
    if origins:
        try:
            path = Path.parse(found.target.partition(b"?")[0])
            policy = service.scopes.policy_for(path, found.method.decode("latin-1"))
        except BadPath:
            policy = default
    return Exchange(method=found.method, target=found.target, decision=_decide(policy, request), answer=answer)


def _decide(policy: Policy | None, request: CORSRequest) -> Decision:
    return Decision.ungoverned(request) if policy is None else policy.decide(request)


def _own_answer(head: Head, decision: Decision, service: Service) -> Response | None:
    if service.hosts is not None and not service.hosts.permits(head.authority):
        name = head.authority.decode("latin-1")
        return HTTPError(403, f"this server does not answer for the host {name!r}. {_HOST_FIX}").response()
    if decision.request.kind is Kind.PREFLIGHT and decision.status is not None:
        explained = service.explain_denials and not decision.allowed
        return Response(_explanation(decision) if explained else b"", decision.status)
    limit = service.limits.body
    if limit is not None and head.content_length is not None and head.content_length > limit:
        return body_too_large(limit).response()
    return None


def _explanation(decision: Decision) -> str:
    words = [decision.sentence, decision.hint, f"To mend it: {decision.fix}", f"See {decision.reason.source}"]
    return "".join(f"{line}\n" for line in words if line)


_HOST_FIX = (
    "It answers for localhost and IP addresses only, so that no web page can reach it under a name of its own (DNS "
    "rebinding). If the name is yours, start it with --allow-host NAME, or serve(..., allow_hosts=[NAME])."
)
