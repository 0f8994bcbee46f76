"""The router: `App`, its routes and mounts, and what it makes of a handler's return value."""

import contextlib
import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from corserver.apps.wrapping import Wrapping
from corserver.cors.scopes import INHERIT, Inherit, Path, PathPattern, PathTable, PolicyChoice, Scope, Scopes
from corserver.http.memory import Memory
from corserver.http.messages import App as AnyApp
from corserver.http.messages import HTTPError, Request, Response

if TYPE_CHECKING:
    from corserver.apps.websocket import WebSocketHandler, WebSocketOptions

#: What a handler may return beside a `Response`: text, bytes, JSON, or nothing (204).
Returned = Response | str | bytes | dict[str, Any] | list[Any] | None
Handler = Callable[[Request], Awaitable[Returned]]
Lifespan = Callable[["App"], contextlib.AbstractAsyncContextManager[Any]]

#: What is remembered of a path weighs about so many bytes more than the path.
_WEIGHT: Final = 500
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Route:
    """A handler at a pattern, for some methods."""

    pattern: PathPattern
    methods: tuple[str, ...]
    handler: Handler
    policy: PolicyChoice


@dataclass(frozen=True, slots=True)
class Mount:
    """Another app, which sees what is left of the path below a prefix."""

    pattern: PathPattern
    app: AnyApp
    policy: PolicyChoice


class _Found(NamedTuple):
    """What answers a path and a method, None for nothing; *allowed* are the methods that more specific routes have."""

    entry: Route | Mount | None
    params: dict[str, Any]
    allowed: tuple[str, ...]


class App:
    """Routes and mounted apps, looked up most specific first; the policies that belong to them are in `cors`.

    *cors* is the policy of every route and mount that has none of its own: without it, that of the app that this one is
    mounted in. *lifespan* is a function of the app that gives an async context manager, entered while the app is
    served.

    HEAD is answered by GET's handler and a plain OPTIONS by the list of methods, where no handler of their own is.

    >>> from corserver import App, Policy
    >>> from corserver.testing import assert_readable, running
    >>> app = App(cors=Policy(["https://site.example"], methods=["PUT"]))
    >>> @app.put("/items/{id:int}")
    ... async def put_item(request):
    ...     return {"id": request.path_params["id"]}
    >>> with running(app) as server:
    ...     assert_readable(f"{server.url}/items/7", origin="https://site.example", method="PUT").status
    200
    """

    def __init__(self, *, cors: PolicyChoice = INHERIT, lifespan: Lifespan | None = None) -> None:
        self._policy = cors
        self._lifespan = lifespan
        self._life: contextlib.AsyncExitStack | None = None
        #: What is entered already by those around, which is there only while one of them enters this.
        self._entered: set[int] | None = None
        self._table: PathTable[Route | Mount] = PathTable()
        self._entries: list[Route | Mount] = []
        #: What was found of late.
        self._known: Memory[tuple[Path, str], _Found] = Memory()

    @property
    def cors(self) -> Scopes:
        """The scopes of the app, its routes and its mounts, as they are now."""
        return Scopes(map(_scope_of, self._entries), default=self._policy, of_routes=True)

    @property
    def own_cors(self) -> str:
        """What sets CORS headers by itself in the apps that are mounted, as far as they know."""
        mounted = [str(getattr(entry.app, "own_cors", "")) for entry in self._entries if isinstance(entry, Mount)]
        return ", ".join(dict.fromkeys(filter(None, mounted)))

    def decodes_path(self, path: Path, method: str) -> bool:
        """Whether an app that is mounted answers *path*, and may take an encoded slash for a slash."""
        entry = self._find(path, method).entry
        return isinstance(entry, Mount) and Wrapping(entry.app).decodes_path(
            path.below(len(entry.pattern.parts)), method
        )

    def route(self, path: str, *, methods: Iterable[str], cors: PolicyChoice = INHERIT) -> Callable[[Handler], Handler]:
        """Decorate an async function of a `Request`: it answers *methods* at *path* (`/items/{id:int}`).

        *cors* is the route's own policy, None for none. Raises ValueError for a bad pattern or one that stands
        already, and for a method in lower case, TypeError for a handler that is not async.
        """
        pattern = PathPattern.parse(path)
        names = (methods,) if isinstance(methods, str) else tuple(dict.fromkeys(methods))
        if not names:
            raise ValueError(f"{path!r}: a route has at least one method")
        for name in names:
            if name not in _METHODS and name.upper() in _METHODS:
                raise ValueError(f"{path!r}: methods are compared with their case: write {name.upper()!r}")

        def add(handler: Handler) -> Handler:
            _check_async(path, handler)
            self._add(Route(pattern, names, handler, cors), names)
            return handler

        return add

    def get(self, path: str, *, cors: PolicyChoice = INHERIT) -> Callable[[Handler], Handler]:
        """`route` for GET, which serves HEAD too."""
        return self.route(path, methods=["GET"], cors=cors)

    def head(self, path: str, *, cors: PolicyChoice = INHERIT) -> Callable[[Handler], Handler]:
        """`route` for HEAD alone."""
        return self.route(path, methods=["HEAD"], cors=cors)

    def post(self, path: str, *, cors: PolicyChoice = INHERIT) -> Callable[[Handler], Handler]:
        """`route` for POST."""
        return self.route(path, methods=["POST"], cors=cors)

    def put(self, path: str, *, cors: PolicyChoice = INHERIT) -> Callable[[Handler], Handler]:
        """`route` for PUT."""
        return self.route(path, methods=["PUT"], cors=cors)

    def patch(self, path: str, *, cors: PolicyChoice = INHERIT) -> Callable[[Handler], Handler]:
        """`route` for PATCH."""
        return self.route(path, methods=["PATCH"], cors=cors)

    def delete(self, path: str, *, cors: PolicyChoice = INHERIT) -> Callable[[Handler], Handler]:
        """`route` for DELETE."""
        return self.route(path, methods=["DELETE"], cors=cors)

    def options(self, path: str, *, cors: PolicyChoice = INHERIT) -> Callable[[Handler], Handler]:
        """`route` for OPTIONS that is no preflight: the server answers those itself."""
        return self.route(path, methods=["OPTIONS"], cors=cors)

    def websocket(
        self, path: str, *, cors: PolicyChoice = INHERIT, options: "WebSocketOptions | None" = None
    ) -> "Callable[[WebSocketHandler], WebSocketHandler]":
        """Decorate an async function of a `WebSocket`: it is given those that are opened at *path*.

        Where a policy governs the path, pages of the origins that it allows can open one, and those of the server's
        own. *options* are its limits. Raises as `route`, and RuntimeError where the library wsproto is missing.
        """
        try:
            from corserver.apps.websocket import WebSocketApp, WebSocketOptions
        except ImportError as error:
            raise RuntimeError("WebSockets need the library wsproto: pip install 'corserver[run]'") from error

        def add(handler: "WebSocketHandler") -> "WebSocketHandler":
            _check_async(path, handler)
            self.get(path, cors=cors)(WebSocketApp(handler, options or WebSocketOptions()))
            return handler

        return add

    def mount(self, prefix: str, app: AnyApp, *, cors: PolicyChoice = INHERIT) -> None:
        """Give *app* the requests at *prefix* and below that no route has, with the path below the prefix.

        Raises ValueError for a bad prefix or one that is mounted already.
        """
        pattern = PathPattern.parse(prefix.rstrip("/") + "/*")
        self._add(Mount(pattern, app, cors), None)

    async def __call__(self, request: Request) -> Response:
        """Answer *request*. Raises `HTTPError` 404 or 405, and whatever the handler raises."""
        key = request.path, request.method
        found = self._known.get(key)
        if found is None:
            found = self._find(*key)
            self._known.put(key, found, len(request.target) + _WEIGHT)
        entry, params, allowed = found
        if isinstance(entry, Route):
            handler = entry.handler
            return to_response(await handler(request.routed(params.copy()) if params else request))
        if entry is not None:
            return await _ask(entry, request, params.copy(), allowed)
        if allowed:
            return _other_method(request, allowed)
        raise HTTPError(404, "nothing is at this path")

    def _find(self, path: Path, method: str) -> _Found:
        allowed: dict[str, None] = {}
        for leaf, values in self._table.candidates(path):
            entry = leaf.get(method)
            if entry is not None:
                params = dict(zip(entry.pattern.names, values, strict=True))
                return _Found(entry, params, tuple(allowed))
            allowed |= dict.fromkeys(name for name in leaf.methods if name is not None)
        return _Found(None, {}, tuple(allowed))

    async def __aenter__(self) -> "App":
        async with contextlib.AsyncExitStack() as stack:
            if self._lifespan is not None:
                await stack.enter_async_context(self._lifespan(self))
            # Once each, though an app may be mounted under two prefixes, or in two apps that are mounted.
            entered, self._entered = self._entered or set(), None
            mounted: list[Any] = [entry.app for entry in self._entries if isinstance(entry, Mount)]
            for app in mounted:
                if hasattr(app, "__aenter__") and id(app) not in entered:
                    entered.add(id(app))
                    if isinstance(app, App):
                        app._entered = entered
                    await stack.enter_async_context(app)
            self._life = stack.pop_all()
        return self

    async def __aexit__(self, *exc_info: Any) -> bool | None:
        life, self._life = self._life, None
        return None if life is None else await life.__aexit__(*exc_info)

    def _add(self, entry: Route | Mount, methods: Iterable[str] | None) -> None:
        self._table.add(entry.pattern, methods, entry)
        self._entries.append(entry)
        self._known.clear()


def _check_async(path: str, handler: object) -> None:
    if not (inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(type(handler).__call__)):
        raise TypeError(f"{path!r}: a handler is async: write `async def {getattr(handler, '__name__', '')}`")


async def _ask(mount: Mount, request: Request, params: dict[str, Any], allowed: tuple[str, ...]) -> Response:
    depth = len(mount.pattern.parts)
    try:
        return await mount.app(request.below(depth, params))
    except HTTPError as error:
        # A route has the path, though not for this method: that says more than the mount's 404.
        if not allowed or error.status not in (404, 405):
            raise
        return _other_method(request, allowed)


def _other_method(request: Request, allowed: tuple[str, ...]) -> Response:
    methods = {*allowed, "OPTIONS"} | ({"HEAD"} if "GET" in allowed else set())
    allow = {"Allow": ", ".join(sorted(methods))}
    if request.method == "OPTIONS":
        return Response(status=204, headers=allow)
    status = 405 if request.method in _METHODS else 501
    raise HTTPError(status, f"{request.method} is not allowed here; allowed: {allow['Allow']}", allow)


def _scope_of(entry: Route | Mount) -> Scope:
    # What has no policy of its own has the app's, not that of a mount which has its path, too.
    own = Inherit.DEFAULT if entry.policy is INHERIT else entry.policy
    if isinstance(entry, Route):
        return Scope(entry.pattern, own, entry.methods)
    inner = getattr(entry.app, "cors", None)
    if inner is None:
        return Scope(entry.pattern, own)
    scopes = Scopes.of(inner)
    keeps = entry.policy is INHERIT and scopes.default is not INHERIT
    return Scope(entry.pattern, scopes if keeps else scopes.with_default(own))


def to_response(returned: object) -> Response:
    """A handler's return value as a response. Raises TypeError for what cannot be one."""
    match returned:
        case Response():
            return returned
        case dict() | list():
            return Response.json(returned)
        case str():
            return Response(returned)
        case bytes():
            return Response(returned, headers={"Content-Type": "application/octet-stream"})
        case None:
            return Response(status=204)
    kind = type(returned).__name__
    raise TypeError(f"a handler returns a Response, str, bytes, dict, list or None, not {kind}")
