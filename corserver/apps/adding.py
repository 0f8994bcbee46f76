"""Header lines on every answer of an app."""

from collections.abc import Iterable

from corserver.apps.wrapping import Wrapping
from corserver.http.header_lines import header_fields
from corserver.http.messages import App, HTTPError, Request, Response


class AddedHeaders(Wrapping):
    """*app*, whose answers have these *headers* too, unless they have lines of that name. Raises ValueError."""

    def __init__(self, app: App, headers: Iterable[tuple[str, str]]) -> None:
        super().__init__(app)
        self._lines = header_fields(tuple(headers))

    async def __call__(self, request: Request) -> Response:
        """Raises whatever the app raises."""
        try:
            response: Response = await self._app(request)
        except HTTPError as error:
            error.headers = (*error.headers, *self._missing(error.headers))
            raise
        if response.upgrade is not None:
            return response
        headers = (*response.headers, *self._missing(response.headers))
        return Response(response.body, response.status, headers)

    def _missing(self, lines: tuple[tuple[bytes, bytes], ...]) -> list[tuple[bytes, bytes]]:
        names = {name.lower() for name, _ in lines}
        return [line for line in self._lines if line[0].lower() not in names]
