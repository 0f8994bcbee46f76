"""A run, as values: what the script on A's page does, and what site B answers. Nothing here sends anything."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from corserver.cors.browser import Credentials
from corserver.cors.decision import CORSRequest, Decision
from corserver.cors.fetch import Field
from corserver.cors.policy import Policy

#: Of all that B's app answers, the one header line that a script sees only if it is exposed.
COUNT: Final = b"X-Total-Count"
_JSON: Final[Field] = (b"Content-Type", b"application/json")
#: In `SiteB.by_hand`: for the methods that are not named.
ANY_METHOD: Final = "*"
#: Of a run's two paths on B, the last segments: the script asks for the first, and a redirect may lead to the second.
DATA: Final = "data"
MOVED: Final = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A `fetch()` as the page calls it. *is_sandboxed*: from a frame whose origin is `null`."""

    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    credentials: Credentials = Credentials.SAME_ORIGIN
    is_sandboxed: bool = False
    #: the response headers that it is after, lower-case
    read: tuple[bytes, ...] = ()

    @property
    def options(self) -> dict[str, object]:
        """The second argument of `fetch()`; what is as it would be without is left out."""
        given: dict[str, object] = {}
        if self.method != "GET":
            given["method"] = self.method
        if self.headers:
            given["headers"] = dict(self.headers)
        if self.credentials is not Credentials.SAME_ORIGIN:
            given["credentials"] = self.credentials.value
        if self.body is not None:
            given["body"] = self.body
        return given


@dataclass(frozen=True, slots=True)
class Answered:
    """A response as an app gives it, before the server's own lines."""

    status: int
    headers: tuple[Field, ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteB:
    """What B is for one run: its *policy*, None for none, and the *status* that its app answers with.

    *by_hand*: answers by method that write CORS lines themselves, as an app without a policy may do, and get wrong;
    *moved*: the same, of the path that a redirect leads to.
    """

    policy: Policy | None = None
    status: int = 200
    by_hand: Mapping[str, Answered] = field(default_factory=dict)
    moved: Mapping[str, Answered] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """What B's author wrote."""
        if self.by_hand:
            written = [_by_hand(method, answered) for method, answered in self.by_hand.items()]
            written += [f"{MOVED}, {_by_hand(method, answered)}" for method, answered in self.moved.items()]
            return "\n\n".join(written)
        if self.policy is None:
            return "# no CORS policy"
        arguments = (f"    {name}={value!r},\n" for name, value in self.policy.describe().items())
        return f"Policy(\n{''.join(arguments)})"

    def app_answer(self, method: str, path: str) -> Answered:
        """What the app answers, if it is asked."""
        answers = self.moved if path.endswith(f"/{MOVED}") else self.by_hand
        by_hand = answers.get(method) or answers.get(ANY_METHOD)
        if by_hand is not None:
            return by_hand
        if method == "OPTIONS":  # An app that knows nothing of preflights.
            return Answered(405, ((b"Allow", b"GET, POST, PUT, DELETE"),))
        body = {"from": "site B", "you sent": method} if self.status < 400 else {"error": f"site B's own {self.status}"}
        return Answered(self.status, (_JSON, (COUNT, b"42")), json.dumps(body).encode())

    def decide(self, request: CORSRequest) -> Decision:
        """What CORS does with *request*."""
        return Decision.ungoverned(request) if self.policy is None else self.policy.decide(request)

    def answer(self, method: str, path: str, request: CORSRequest) -> Answered:
        """What goes over the wire: the server's own answer to a preflight, or the app's with the decision's lines."""
        decision = self.decide(request)
        if decision.status is not None:
            return Answered(decision.status, decision.decorate(()))
        found = self.app_answer(method, path)
        return Answered(found.status, decision.decorate(found.headers), found.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A script, and the site B that it asks."""

    script: Script
    site_b: SiteB


def _by_hand(method: str, answered: Answered) -> str:
    """The answer as it is on the wire."""
    lines = (f"\n  {(name + b': ' + value).decode('latin-1')}" for name, value in answered.headers)
    return f"{'any method' if method == ANY_METHOD else method}: {answered.status}{''.join(lines)}"
