"""The two sites: A, whose page runs a script in Chromium, and B, which remembers what reached it."""

import functools
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import trio

from corserver import App, Entry, Request, Response, Server, serve
from corserver.cors.decision import Kind
from corserver.http.messages import App as AnyApp
from corserver.http.server import Policies
from tests.browser.chromium import chromium

#: How long a browser may take from its start to the script's end: about one second where the machine is idle.
PATIENCE: Final = 60

_PAGE: Final = """<!doctype html>
<meta charset="utf-8"><title>site A</title><link rel="icon" href="data:,">
<script type="module" src="/script.js"></script>
"""

# `read` is what most scripts are about: what a page gets to know of a response, or the error it gets instead.
_SCRIPT: Final = """
async function read(url, init) {
  try {
    const response = await fetch(url, init);
    return {status: response.status, headers: Object.fromEntries(response.headers), body: await response.text()};
  } catch (error) {
    return {error: String(error)};
  }
}
const json = (method, value) => ({method, headers: {"Content-Type": "application/json"}, body: JSON.stringify(value)});

async function script(%(names)s) {
%(script)s
}

let result;
try {
  result = {returned: await script(%(values)s) ?? null};
} catch (error) {
  result = {threw: String(error)};
}
await fetch("/result", {method: "POST", body: JSON.stringify(result)});
"""

#: What `fetch` rejects with, whatever the reason: that is for the console alone.
BLOCKED: Final = {"error": "TypeError: Failed to fetch"}


class Page:
    """Site A: an origin of its own, whose page runs scripts."""

    def __init__(self) -> None:
        self.origin = ""
        self.app = App()
        self._script = ""
        self._results_in, self._results = trio.open_memory_channel[dict[str, Any]](1)
        self.app.get("/")(self._answer_page)
        self.app.get("/script.js")(self._answer_script)
        self.app.post("/result")(self._take_result)

    async def start(self, nursery: trio.Nursery) -> None:
        """Listen on a free port of 127.0.0.1."""
        server: Server = await nursery.start(functools.partial(serve, self.app, port=0))
        self.origin = server.url

    async def run(self, script: str, /, **values: Any) -> Any:
        """What *script* returns, as JSON, from a page of this site in a browser of its own.

        *script* is the body of an async function whose parameters are the names of *values*; beside them it has
        `read(url, init)` and `json(method, value)`.
        """
        return (await self._run("", script, values))[0]

    async def run_blocked(self, script: str, /, **values: Any) -> tuple[Any, str]:
        """What *script* returns (see `run`), and the console's word on the request of it that was blocked."""
        result, messages = await self._run("blocked by CORS policy", script, values)
        return result, messages[-1]

    async def run_listening(self, script: str, /, **values: Any) -> tuple[Any, list[str]]:
        """What *script* returns (see `run`), and all that the console said meanwhile."""
        end = "that is all"
        wrapped = f"const found = await (async () => {{ {script} }})();\nconsole.log({json.dumps(end)});\nreturn found;"
        return await self._run(end, wrapped, values)

    async def _run(self, console_words: str, script: str, values: dict[str, Any]) -> tuple[Any, list[str]]:
        names, arguments = ", ".join(values), ", ".join(map(json.dumps, values.values()))
        self._script = _SCRIPT % {"names": names, "script": script, "values": arguments}
        result: Any = None
        messages: list[str] = []
        async with chromium(f"{self.origin}/") as console:
            with trio.move_on_after(PATIENCE):
                result = await self._results.receive()
                messages = await console.until(console_words) if console_words else []
        # Not inside: what is raised there comes out in an exception group.
        assert result is not None, "the script did not end; the browser said:\n" + "\n".join(console.log)
        assert "threw" not in result, f"the script threw {result['threw']}"
        assert messages or not console_words, f"nothing was {console_words}; the script returned {result}"
        return result["returned"], messages

    async def _answer_page(self, request: Request) -> Response:
        return Response(_PAGE, headers={"Content-Type": "text/html"})

    async def _answer_script(self, request: Request) -> Response:
        return Response(self._script, headers={"Content-Type": "text/javascript; charset=utf-8"})

    async def _take_result(self, request: Request) -> None:
        await self._results_in.send(await request.json())


@dataclass(frozen=True, slots=True, order=True)
class Seen:
    """A request as it reached a site. Of a preflight the headers are those that CORS is about."""

    time: float
    method: str
    target: str
    headers: Mapping[str, str] = field(compare=False)


class Site:
    """Site B: *app*, with a record of every request that reached the server."""

    def __init__(self, app: AnyApp, cors: Policies = None) -> None:
        self.url = ""
        self._app = app
        self._cors = cors if cors is not None else getattr(app, "cors", None)
        self._seen: list[Seen] = []

    async def start(self, nursery: trio.Nursery) -> None:
        """Listen on a free port of 127.0.0.1."""
        start = functools.partial(serve, self._recorded, port=0, cors=self._cors, access_log=self._record_preflight)
        server: Server = await nursery.start(start)
        self.url = server.url

    @property
    def seen(self) -> list[Seen]:
        """The requests, in the order in which they arrived."""
        return sorted(self._seen)

    @property
    def requests(self) -> list[str]:
        """`seen` as `METHOD /target`."""
        return [f"{seen.method} {seen.target}" for seen in self.seen]

    async def _recorded(self, request: Request) -> Response:
        self._seen.append(Seen(time.time(), request.method, request.target, request.headers))
        return await self._app(request)

    def _record_preflight(self, entry: Entry) -> None:
        # The server answers preflights itself, so that no app sees one: the log does.
        asked = entry.decision.request
        if asked.kind is not Kind.PREFLIGHT:
            return
        lines = {
            "origin": asked.origins,
            "access-control-request-method": asked.requested_methods,
            "access-control-request-headers": asked.requested_headers,
        }
        headers = {name: b", ".join(values).decode("ascii") for name, values in lines.items() if values}
        self._seen.append(Seen(entry.time, entry.method.decode("ascii"), entry.target.decode("ascii"), headers))
