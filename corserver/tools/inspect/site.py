"""The page's server: on a loopback port of its own, for this machine's user and no page of another origin.

Whatever is asked under another host's name, or by another origin's page, is refused; no policy governs anything here;
nothing may be framed or embedded, and the page itself may ask its own origin alone.
"""

import json
import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Final

import trio

from corserver.apps.router import App
from corserver.http.listeners import PORTS_TO_TRY, open_listeners
from corserver.http.messages import HTTPError, Request, Response
from corserver.http.server import Server
from corserver.http.serving import serve
from corserver.tools.inspect.ring import Ring
from corserver.tools.inspect.story import line, story
from corserver.tools.sequence.files import page_files

#: How often a stream says something, so that a client that has left is noticed, in seconds.
_BEAT_SECONDS: Final = 20.0
_HOSTS: Final = ("127.0.0.1", "localhost")
_GUARDS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Inspector:
    """The page as an app, and the *ring* that it shows; `serve` runs it."""

    def __init__(self, ring: Ring | None = None) -> None:
        self.ring = ring or Ring()
        self._subject = ""
        self._run = secrets.token_hex(4)
        self._pages = App()
        for path, answer in page_files("corserver.tools.inspect", _GUARDS).items():
            self._pages.get(path)(answer)
        self._pages.get("/api/stream")(self._stream_lines)
        self._pages.get("/api/exchanges/{number:int}")(self._tell)

    async def serve(
        self, subject: str, port: int = 0, *, task_status: trio.TaskStatus[Server] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Serve until cancelled, on *port* or the next free one (0: any); *subject* is what is looked at.

        Raises OSError where there is no port.
        """
        self._subject = subject
        listeners = await open_listeners("127.0.0.1", port, or_next=PORTS_TO_TRY)
        await serve(self, listeners=listeners, task_status=task_status)

    async def __call__(self, request: Request) -> Response:
        """Raises `HTTPError` 403 for what is not from the page itself or its user."""
        _check(request)
        try:
            return await self._pages(request)
        except HTTPError as error:
            raise HTTPError(error.status, error.detail, (*error.headers, *_GUARDS.items())) from None

    def stopping(self) -> None:
        """The streams end with the server."""
        self.ring.end()

    async def _stream_lines(self, request: Request) -> Response:
        return Response(self._lines(), headers={"Content-Type": "text/event-stream", **_GUARDS})

    async def _lines(self) -> AsyncIterator[bytes]:
        ring, seen = self.ring, 0
        yield _event("run", {"run": self._run, "subject": self._subject})
        while not ring.has_ended:
            new, seen = ring.after(seen), ring.count
            if new:
                yield _event("lines", [line(number, entry) for number, entry in new])
                continue
            with trio.move_on_after(_BEAT_SECONDS) as scope:
                await ring.wait()
            if scope.cancelled_caught:
                yield b":\n\n"

    async def _tell(self, request: Request) -> Response:
        number = request.path_params["number"]
        entry = self.ring.get(number)
        if entry is None:
            raise HTTPError(404, "no such request, or it is kept no more")
        return Response.json(story(number, entry), headers=_GUARDS)


def _event(kind: str, value: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(value)}\n\n".encode()


def _check(request: Request) -> None:
    """Raises `HTTPError` 403. A user who opens the page sends `Sec-Fetch-Site: none`; for all else the page asks."""
    host, _, _ = request.authority.rpartition(":")
    site = request.headers.get("sec-fetch-site", "same-origin")
    own = f"{request.scheme}://{request.authority}"
    is_opened = site == "none" and request.path.segments == ()
    if host not in _HOSTS or request.headers.get("origin", own) != own or not (site == "same-origin" or is_opened):
        raise HTTPError(403, "this page is for the user of this machine: open it by its address", _GUARDS)
