"""A site whose answers say who may embed them, which depends on the policy of their path."""

from corserver.cors.policy import Policy
from corserver.cors.scopes import INHERIT, Scopes
from corserver.http.messages import App, Request, Response


class Embeddable:
    """*shared* where a policy lets other origins read, *own* where none does."""

    def __init__(self, shared: App, own: App, policies: Policy | Scopes | None) -> None:
        self._shared = shared
        self._own = own
        self.govern(policies)

    def govern(self, policies: Policy | Scopes | None) -> None:
        """Other policies, from the next request on."""
        self._scopes = Scopes.of(policies)

    async def __call__(self, request: Request) -> Response:
        """What the one or the other answers, or raises."""
        policy = self._scopes.only_policy
        if policy is INHERIT:
            policy = self._scopes.policy_for(request.path, request.method)
        return await (self._own if policy is None else self._shared)(request)
