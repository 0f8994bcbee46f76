"""An app as it is served by `corserver run`: loaded now or where it is served, hosted by its kind, and guarded."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from corserver.apps.wrapping import Wrapping
from corserver.cli.output import notices
from corserver.cli.serving.loading import Kind, LoadError, kind_of, load
from corserver.http.messages import App, Request, Response
from corserver.http.workers import CannotStart


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosting:
    """What is to be served, and how: the flags of `corserver run` that are about the app."""

    target: str
    factory: bool = False
    app_dir: str = ""
    is_wsgi: bool = False
    threads: int | None = None
    loop: str = "auto"
    lifespan: str = "auto"
    root_path: str = ""
    #: Whether other processes serve the same app.
    has_others: bool = False

    def load(self) -> tuple[App, str]:
        """The app, and what it is in words. Raises `LoadError`."""
        folder = Path(self.app_dir).resolve()
        sys.path.insert(0, str(folder))
        found = load(self.target, folder, factory=self.factory)
        kind = kind_of(found, self.target)
        self._check(kind)
        return self._hosted(found, kind)

    def _check(self, kind: Kind) -> None:
        if kind is Kind.WSGI and not self.is_wsgi:
            raise LoadError(f"{self.target} is a WSGI app: add --wsgi")
        if kind is not Kind.WSGI and self.is_wsgi:
            raise LoadError(f"{self.target} is no WSGI app but one of {kind.value}: leave out --wsgi")

    def _hosted(self, found: Any, kind: Kind) -> tuple[App, str]:
        if kind is Kind.NATIVE:
            return found, "corserver"
        if kind is Kind.WSGI:
            return self._wsgi(found), "WSGI"
        from corserver.apps.asgi import LoopName, asgi
        from corserver.apps.asgi.loops import loop_of

        name = loop_of(found) if self.loop == LoopName.AUTO.value else LoopName(self.loop)
        app = asgi(found, loop=name, lifespan=self.lifespan, root_path=self.root_path)
        return app, f"ASGI on {name.value}"

    def _wsgi(self, found: Any) -> App:
        from corserver.apps.wsgi import THREADS, wsgi

        threads = self.threads or THREADS
        return wsgi(found, threads=threads, multiprocess=self.has_others, root_path=self.root_path)


class Late(Wrapping):
    """The app of a *hosting*, loaded when it is first needed: in the process that serves it.

    Raises `CannotStart` where there is none, which was said then.
    """

    def __init__(self, hosting: Hosting) -> None:
        super().__init__(self._ask)
        self._hosting = hosting
        self._words = ""

    @property
    def cors(self) -> Any:
        """The policies of the app."""
        self.load()
        return super().cors

    async def __call__(self, request: Request) -> Response:
        """As the app."""
        return await self._app(request)

    async def __aenter__(self) -> Self:
        self.load()
        try:
            return await super().__aenter__()
        except RuntimeError as error:  # It cannot start, or lacks a library.
            notices.print_error(f"the server did not start: {error}")
            raise CannotStart from error

    async def _ask(self, request: Request) -> Response:
        raise RuntimeError("the app is loaded when it is entered")

    def load(self) -> str:
        """Load it, if it is not yet; what it is, in words."""
        if not self._words:
            try:
                self._app, self._words = self._hosting.load()
            except LoadError as error:
                notices.print_error("\n".join(filter(None, (str(error), error.details))))
                raise CannotStart from error
        return self._words
