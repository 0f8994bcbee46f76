"""What every app that is wrapped around another one has: its life, its policies, and its end."""

from typing import Any, Self

from corserver.cors.scopes import Path
from corserver.http.messages import App


class Wrapping:
    """Around *app*: entered it enters the app, and its policies are the app's."""

    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def cors(self) -> Any:
        """The policies of the app."""
        return getattr(self._app, "cors", None)

    @property
    def own_cors(self) -> str:
        """What in the app sets CORS headers by itself."""
        return str(getattr(self._app, "own_cors", ""))

    def decodes_path(self, path: Path, method: str) -> bool:
        """Whether what answers *path* in the app may take an encoded slash for a slash."""
        decodes: Any = getattr(self._app, "decodes_path", None)
        return decodes is not None and bool(decodes(path, method))

    async def __aenter__(self) -> Self:
        enter: Any = getattr(self._app, "__aenter__", None)
        if enter is not None:
            await enter()
        return self

    async def __aexit__(self, *exc_info: Any) -> bool | None:
        leave: Any = getattr(self._app, "__aexit__", None)
        return None if leave is None else await leave(*exc_info)

    def stopping(self) -> None:
        """The server stops, which the app may want to know."""
        stopping: Any = getattr(self._app, "stopping", None)
        if stopping is not None:
            stopping()
