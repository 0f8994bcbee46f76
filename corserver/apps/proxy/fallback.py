"""Two apps, one behind the other: what the first does not have, the second is asked for."""

import contextlib
from typing import Any, Final

from corserver.apps.wrapping import Wrapping
from corserver.cors.scopes import Path
from corserver.http.messages import App, HTTPError, Request, Response

_READING: Final = ("GET", "HEAD")


class Fallback:
    """*app* answers GET and HEAD for what it has; *behind* whatever it answers with 404, every other method, and
    WebSockets: a dev server has its own at `/`, where the first has a page."""

    def __init__(self, app: App, behind: App) -> None:
        self._app = app
        self._behind = behind
        self._both = Wrapping(app), Wrapping(behind)
        self._lives = contextlib.AsyncExitStack()

    @property
    def cors(self) -> Any:
        """The policies of the first."""
        return self._both[0].cors

    @property
    def own_cors(self) -> str:
        """What in the first sets CORS headers by itself."""
        return self._both[0].own_cors

    def decodes_path(self, path: Path, method: str) -> bool:
        """Whether either may take an encoded slash for a slash."""
        return any(each.decodes_path(path, method) for each in self._both)

    def stopping(self) -> None:
        """The server stops, which either may want to know."""
        for each in self._both:
            each.stopping()

    async def __call__(self, request: Request) -> Response:
        """Raises what the two raise."""
        if request.method not in _READING or request.asks_for("websocket"):
            return await self._behind(request)
        try:
            response = await self._app(request)
        except HTTPError as error:
            if error.status != 404:
                raise
        else:
            if response.status != 404:
                return response
            aclose = getattr(response.body, "aclose", None)
            if aclose is not None:
                await aclose()
        return await self._behind(request)

    async def __aenter__(self) -> "Fallback":
        for each in self._both:
            await self._lives.enter_async_context(each)
        return self

    async def __aexit__(self, *exc_info: Any) -> bool | None:
        return await self._lives.__aexit__(*exc_info)
