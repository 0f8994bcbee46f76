"""A limit on how many requests an app answers at once."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from corserver.apps.wrapping import Wrapping
from corserver.http.fileslice import FileSlice
from corserver.http.messages import App, HTTPError, Request, Response


class LimitedConcurrency(Wrapping):
    """*app*, for *most* requests at once; others are answered with 503. Preflights do not count.

    A request counts until its answer is there, and one whose answer is a stream until that has ended. Files, which the
    kernel sends, count no longer than they take to be found.
    """

    def __init__(self, app: App, most: int) -> None:
        if most < 1:
            raise ValueError(f"a limit of {most} requests at once would answer none: write 1 or more")
        super().__init__(app)
        self._most = most
        self._running = 0

    async def __call__(self, request: Request) -> Response:
        """Raises `HTTPError` 503, and whatever the app raises."""
        if self._running >= self._most:
            raise HTTPError(503, "too many requests are answered at this moment", {"Retry-After": "1"})
        self._running += 1
        has_stream = False
        try:
            response: Response = await self._app(request)
            body = response.body
            has_stream = not isinstance(body, bytes | FileSlice)
        finally:
            if not has_stream:
                self._running -= 1
        if isinstance(body, bytes | FileSlice) or response.upgrade is not None:
            return response
        return Response(_Counted(body, self), response.status, response.headers)

    def _ended(self) -> None:
        self._running -= 1


class _Counted:
    """A stream that counts until it is closed."""

    def __init__(self, body: AsyncIterable[bytes], limited: LimitedConcurrency) -> None:
        self._body = body
        self._limited: LimitedConcurrency | None = limited

    def __aiter__(self) -> AsyncIterator[bytes]:
        return aiter(self._body)

    async def aclose(self) -> None:
        limited, self._limited = self._limited, None
        if limited is not None:
            limited._ended()
        close: Any = getattr(self._body, "aclose", None)
        if close is not None:
            await close()
