"""The record: every request that a server has finished with, and what CORS did with it.

The log tells of every exchange, also of those that no app sees (preflights, refused heads), but not which those are.
One task serves a connection's requests one after the other, so that the app was asked waits in a context variable of
that task until the log tells the rest.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from corserver.apps.wrapping import Wrapping
from corserver.cors.decision import Decision, Reason
from corserver.http.header_lines import Headers
from corserver.http.log import Entry
from corserver.http.messages import Request, Response

_reached_app: ContextVar[bool] = ContextVar("reached_app", default=False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Recorded:
    """A request and what came of it.

    *headers* are empty for a head that was refused. *reached_app* is false where the server answered by itself.
    *status* is None where nothing was answered; *failure* says why an exchange was cut short.

    >>> import urllib.request
    >>> from corserver import Response
    >>> from corserver.testing import running
    >>> async def app(request):
    ...     return Response("hello")
    >>> with running(app) as server:
    ...     _ = urllib.request.urlopen(f"{server.url}/a")
    ...     (request,) = server.wait_for(1)
    >>> request.method, request.target, request.status, request.sentence
    ('GET', '/a', 200, 'the request has no Origin')
    """

    method: str
    target: str
    status: int | None
    headers: Headers
    decision: Decision
    reached_app: bool
    failure: str = ""

    @property
    def origin(self) -> str | None:
        """The page's origin, None where the request names none, or several."""
        origin = self.decision.request.origin
        return None if origin is None else origin.decode("latin-1")

    @property
    def reason(self) -> Reason:
        """Why CORS did what it did."""
        return self.decision.reason

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return self.decision.sentence

    def __repr__(self) -> str:
        return f"<Recorded {self}>"

    def __str__(self) -> str:
        asked = f"{self.method} {self.target} {self.status or '-'}"
        return f"{asked} from {self.origin}: {self.sentence}" if self.origin else asked


class RecordedApp(Wrapping):
    """An app; that it was asked is remembered for the log's next word."""

    async def __call__(self, request: Request) -> Response:
        """As the app."""
        _reached_app.set(True)
        return await self._app(request)


def recorder(
    record: Callable[[Recorded], None], also: Callable[[Entry], None] | None = None
) -> Callable[[Entry], None]:
    """An `access_log` that gives *record* every exchange, and *also* the entry as it is."""

    def log(entry: Entry) -> None:
        reached_app = _reached_app.get()
        _reached_app.set(False)
        record(
            Recorded(
                method=entry.method.decode("latin-1"),
                target=entry.target.decode("latin-1"),
                status=entry.status,
                headers=Headers(entry.request_fields),
                decision=entry.decision,
                reached_app=reached_app,
                failure=entry.failure,
            )
        )
        if also is not None:
            also(entry)

    return log
