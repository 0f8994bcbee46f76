"""An app whose pages reload when files change.

Each page that it answers with gets a script, which listens to a stream of events. Script and stream are for pages of
the same origin alone: what another site sends a browser to ask for is refused, and no policy makes them readable.
"""

import contextlib
import html
import os
from collections.abc import AsyncIterator, Sequence
from importlib import resources
from typing import Any, Final, Self

import trio

from corserver.apps.live.changes import Changes
from corserver.apps.live.injecting import Injection, awaits_page
from corserver.apps.live.watching import check_installed, watch
from corserver.apps.wrapping import Wrapping
from corserver.cors.scopes import Path, Scopes
from corserver.http.messages import App, HTTPError, Request, Response

#: Below it are the script and the stream.
DIRECTORY: Final = "_corserver"
#: Where no policy is to govern. *Live* says so by its attribute `cors`; whoever gives `serve` others has to.
PRIVATE: Final = f"/{DIRECTORY}/*"
#: How often a stream says something, so that a client that has left is noticed, in seconds.
_BEAT_SECONDS: Final = 20.0
#: How long a page waits before it asks a server that has gone again, in milliseconds.
_RETRY: Final = 500
_GUARDS: Final = (
    ("Cache-Control", "no-store"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
)


class Live(Wrapping):
    """*app*, with pages that reload when something below *paths* changes, or when *changes* is told so.

    Raises ImportError where there are paths, and not the library that watches them.
    """

    def __init__(self, app: App, paths: Sequence[str] = ()) -> None:
        super().__init__(app)
        self._roots = tuple(map(os.path.realpath, paths))
        if self._roots:
            check_installed()
        self._stack = contextlib.AsyncExitStack()
        self._script = (resources.files("corserver.apps.live") / "script.js").read_bytes()
        self.changes = Changes()

    @property
    def cors(self) -> Scopes:
        """The policies of the app, but for script and stream, which have none."""
        return Scopes.of(super().cors).without(PRIVATE)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._stack.push_async_exit(super().__aexit__)
        if self._roots:
            nursery = await self._stack.enter_async_context(trio.open_nursery())
            self._stack.callback(nursery.cancel_scope.cancel)
            await nursery.start(watch, self._roots, self.changes.tell)
        return self

    async def __aexit__(self, *exc_info: Any) -> bool | None:
        self.changes.end()
        return await self._stack.__aexit__(*exc_info)

    def stopping(self) -> None:
        """The server stops: the streams end, so that it need not wait for them."""
        self.changes.end()
        super().stopping()

    async def __call__(self, request: Request) -> Response:
        """Raises `HTTPError` 403 and 405 for what is not for whoever asks, and whatever the app raises."""
        match request.path.segments:
            case (directory, "live") if directory == DIRECTORY:
                _check(request)
                return Response(self._stream(), headers=(("Content-Type", "text/event-stream"), *_GUARDS))
            case (directory, "live.js") if directory == DIRECTORY:
                _check(request)
                return Response(self._script, headers=(("Content-Type", "text/javascript; charset=utf-8"), *_GUARDS))
        if request.method not in ("GET", "HEAD") or not awaits_page(request):
            return await self._app(request)
        return await self._injection(request).answer(self._app, request)

    def _injection(self, request: Request) -> Injection:
        # Named in the page is the state that it is of: what changes while it is on its way is not missed.
        state = self.changes.state
        url = f"{Path((*request.mount.segments, DIRECTORY, 'live.js'), slash=False)}?at={state}"
        piece = f'\n<script src="{html.escape(url)}"></script>\n'
        return Injection(piece.encode("ascii"), f"-live-{state}".encode("ascii"))

    async def _stream(self) -> AsyncIterator[bytes]:
        changes, seen = self.changes, self.changes.count
        yield f"retry: {_RETRY}\nevent: state\ndata: {changes.state}\n\n".encode()
        while not changes.has_ended:
            change, seen = changes.since(seen), changes.count
            if change is not None:  # Also one that came while the last was on its way.
                yield f"event: {change.value}\ndata: {changes.state}\n\n".encode()
                continue
            with trio.move_on_after(_BEAT_SECONDS) as scope:
                await changes.wait()
            if scope.cancelled_caught:
                yield b":\n\n"


def _check(request: Request) -> None:
    """Raises `HTTPError` for what no page of the same origin sends."""
    if request.method not in ("GET", "HEAD"):
        raise HTTPError(405, "", {"Allow": "GET, HEAD"})
    own = f"{request.scheme}://{request.authority}"
    site, origin = request.headers.get("sec-fetch-site", "same-origin"), request.headers.get("origin", own)
    if site != "same-origin" or origin != own:
        raise HTTPError(403, "this is for pages of this very origin")
