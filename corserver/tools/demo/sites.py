"""The two sites: A serves the page and its control API, B is what the page asks, on another port.

Each run has a path of its own on B, with a policy of its own there, so that runs do not disturb each other and no
preflight cache knows the URL. What sets B's policy is same-origin on A only: A has no CORS policy, its `Host` is
guarded, and a request that another site's page could send unasked is refused.
"""

import contextlib
import functools
import json
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import trio

from corserver.apps.router import App
from corserver.cors.browser import Url, parse_url
from corserver.cors.scopes import PathPattern, Scope, Scopes
from corserver.http.listeners import PORTS_TO_TRY, open_listeners
from corserver.http.log import Entry
from corserver.http.messages import HTTPError, Request, Response
from corserver.http.server import Server
from corserver.http.serving import serve
from corserver.tools.check.report import Report
from corserver.tools.demo.cases import CASES
from corserver.tools.demo.foretold import browser_of, foretell
from corserver.tools.demo.form import FormError, read_form
from corserver.tools.demo.record import Record
from corserver.tools.demo.runs import DATA, Run
from corserver.tools.demo.story import story
from corserver.tools.sequence.files import page_files

#: How many runs are remembered; the oldest is forgotten for the next.
_MOST_RUNS: Final = 100
_GUARDS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Frame-Options": "SAMEORIGIN"}


@dataclass(frozen=True, slots=True)
class Begun:
    """A run that the page was told to make."""

    run: Run
    report: Report
    record: Record = field(default_factory=Record)


class Demo:
    """Site A as an app, in whose lifetime site B is served, at *port* or the next free one (0: any)."""

    def __init__(self, port: int = 0, access_log: Callable[[Entry], None] | None = None) -> None:
        self.site_b_url = ""
        self._port = port
        self._also_log = access_log
        self._site_b: Server | None = None
        self._runs: dict[str, Begun] = {}
        self.app = App(lifespan=self._serve_site_b)
        for path, answer in page_files("corserver.tools.demo", _GUARDS).items():
            self.app.get(path)(answer)
        self.app.get("/api/cases")(self._list_cases)
        self.app.post("/api/runs")(self._begin)
        self.app.post("/api/runs/{id}")(self._tell)

    @contextlib.asynccontextmanager
    async def _serve_site_b(self, app: App) -> AsyncIterator[None]:
        listeners = await open_listeners("127.0.0.1", self._port, or_next=PORTS_TO_TRY)
        start = functools.partial(serve, self._answer_as_site_b, listeners=listeners, access_log=self._log)
        async with trio.open_nursery() as nursery:
            self._site_b = await nursery.start(start)
            self.site_b_url = self._site_b.url
            yield
            nursery.cancel_scope.cancel()

    # ------------------------------------------------------------------------------------------------------- site B

    async def _answer_as_site_b(self, request: Request) -> Response:
        begun = self._runs.get(_run_id(request.target))
        if begun is None:
            raise HTTPError(404, "this is site B of the demo: its pages are the runs of site A's page")
        await request.body()
        answered = begun.run.site_b.app_answer(request.method, request.target)
        return Response(answered.body, answered.status, answered.headers)

    def _log(self, entry: Entry) -> None:
        begun = self._runs.get(_run_id(entry.target.decode("latin-1")))
        if begun is not None:
            begun.record.add(entry)
        if self._also_log is not None:
            self._also_log(entry)

    def _replace_policies(self) -> None:
        assert self._site_b is not None, "A is served while B is"
        self._site_b.replace_cors(
            Scopes(
                Scope(PathPattern.parse(f"/run/{id}/*"), begun.run.site_b.policy) for id, begun in self._runs.items()
            )
        )

    # --------------------------------------------------------------------------------------------- A's control API

    async def _list_cases(self, request: Request) -> dict[str, Any]:
        origin = _own_origin(request)
        return {"a": origin, "b": self.site_b_url, "cases": [case.as_json(origin) for case in CASES]}

    async def _begin(self, request: Request) -> Response:
        asked, origin = await _asked_by_own_page(request), _own_origin(request)
        id = secrets.token_hex(3)
        url = parse_url(f"{self.site_b_url}/run/{id}/{DATA}")
        assert url is not None
        try:
            run = _wished(asked, origin, url)
        except FormError as error:
            mistakes = [{"field": m.field, "given": m.given, "why": m.why, "write": m.write} for m in error.mistakes]
            return Response.json({"mistakes": mistakes}, 422)
        report = foretell(run, origin, url, browser_of(request.headers.get("user-agent", "")))
        while len(self._runs) >= _MOST_RUNS:
            del self._runs[next(iter(self._runs))]
        self._runs[id] = Begun(run, report)
        self._replace_policies()
        script = run.script
        return Response.json(
            {
                "id": id,
                "url": str(url),
                "options": script.options,
                "sandboxed": script.is_sandboxed,
                "site_b": run.site_b.code,
                "by_hand": bool(run.site_b.by_hand),
            }
        )

    async def _tell(self, request: Request) -> dict[str, Any]:
        got = await _asked_by_own_page(request)
        begun = self._runs.get(request.path_params["id"])
        if begun is None:
            raise HTTPError(404, "no such run, or it was forgotten")
        _check_outcome(got)
        record = await begun.record.wait_for(len(begun.report.steps))
        return story(begun.run.script, begun.report, record, got)


def _run_id(target: str) -> str:
    """The run that B's URL is of: `/run/<id>/…`."""
    parts = target.partition("?")[0].split("/")
    return parts[2] if len(parts) > 3 and parts[1] == "run" else ""


def _own_origin(request: Request) -> str:
    return f"{request.scheme}://{request.authority}"


async def _asked_by_own_page(request: Request) -> dict[str, Any]:
    """The body, a JSON object. Raises `HTTPError` for what is not from a page of A, or is no such object.

    Another site's page can send a POST unasked, but neither as JSON nor without its Origin.
    """
    if request.headers.get("origin", _own_origin(request)) != _own_origin(request):
        raise HTTPError(403, "only site A's own page may do this")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPError(415, "send application/json")
    asked = await request.json()
    if not isinstance(asked, dict):
        raise HTTPError(400, "send a JSON object")
    return asked


def _wished(asked: dict[str, Any], origin: str, url: Url) -> Run:
    name = asked.get("case")
    if name is None:
        return read_form(asked)
    case = next((case for case in CASES if case.name == name), None)
    if case is None:
        raise HTTPError(404, f"no such case: {json.dumps(name)[:80]}")
    return case.run(origin, url)


def _check_outcome(got: dict[str, Any]) -> None:
    """Raises `HTTPError` 400 for what the page does not send."""
    match got:
        case {"error": str()}:
            return
        case {"response": {"status": int(), "headers": list(pairs), "body": str()}} if all(
            isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair) for pair in pairs
        ):
            return
    raise HTTPError(400, 'send {"error": …} or {"response": {"status": …, "headers": …, "body": …}}')
