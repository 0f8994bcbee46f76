"""A hosted ASGI app: an app of corserver's that calls it for each request, and leads it through its life."""

import contextlib
from typing import TYPE_CHECKING, Any

import trio

from corserver.apps.asgi.conversation import Conversation
from corserver.apps.asgi.lifespan import Life, Lifespan, LifespanFailed
from corserver.apps.asgi.loop import Loop
from corserver.apps.asgi.loops import LoopName, open_loop
from corserver.apps.asgi.protocol import ASGIApp, base_scope
from corserver.apps.own_cors import own_cors
from corserver.cors.scopes import Path
from corserver.http.messages import Request, Response

if TYPE_CHECKING:
    from corserver.apps.websocket import WebSocketOptions


class Hosted:
    """*app* on a *loop*. It has to be entered, as `serve` and the router do with what they are given."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        loop: LoopName,
        lifespan: Lifespan,
        root_path: str,
        websockets: "WebSocketOptions | None" = None,
    ) -> None:
        self._app = app
        self._loop_name = loop
        self._lifespan = lifespan
        self._root_path = root_path
        self._websockets = websockets
        self._loop: Loop | None = None
        self._state: dict[str, Any] | None = None
        self._stack: contextlib.AsyncExitStack | None = None

    async def __aenter__(self) -> "Hosted":
        failure: LifespanFailed | None = None
        async with contextlib.AsyncExitStack() as stack:
            self._loop = await stack.enter_async_context(open_loop(self._loop_name, self._app))
            if self._lifespan is not Lifespan.OFF:
                failure = await self._begin_life(self._loop, stack)
            if failure is None:
                self._stack = stack.pop_all()
                return self
        raise failure  # Not in there, where nurseries would wrap it.

    async def _begin_life(self, loop: Loop, stack: contextlib.AsyncExitStack) -> LifespanFailed | None:
        life = Life(self._app, loop, self._lifespan)
        nursery = await stack.enter_async_context(trio.open_nursery())
        nursery.start_soon(life.run)
        try:
            await life.start()
        except LifespanFailed as error:
            return error
        stack.push_async_callback(_end, life)
        self._state = life.state
        return None

    async def __aexit__(self, *exc_info: Any) -> bool | None:
        stack, self._stack, self._loop = self._stack, None, None
        return None if stack is None else await stack.__aexit__(*exc_info)

    @property
    def own_cors(self) -> str:
        """What in the app sets CORS headers by itself."""
        return own_cors(self._app)

    def decodes_path(self, path: Path, method: str) -> bool:
        """A scope's `path` is decoded: an encoded slash in it is a slash."""
        return True

    async def __call__(self, request: Request) -> Response:
        """The app's answer. Raises what the app raises before it answers, and RuntimeError where it does not."""
        loop = self._loop
        if loop is None:
            raise RuntimeError("an ASGI app is entered before it is called: serve it, or mount it before you serve")
        if request.asks_for("websocket"):
            return await self._open_websocket(loop, request)
        scope = base_scope("http", request, self._root_path, self._state)
        scope["method"] = request.method
        scope["extensions"] = {"http.response.pathsend": {}}
        if request.http_version != "1.0":  # Its bodies are not chunked.
            scope["extensions"]["http.response.trailers"] = {}
        return await Conversation(request, loop).answer(self._app, scope)

    async def _open_websocket(self, loop: Loop, request: Request) -> Response:
        try:
            from corserver.apps.asgi.websockets import open_websocket
        except ImportError as error:
            raise RuntimeError("WebSockets need the library wsproto: pip install 'corserver[run]'") from error
        scope = base_scope("websocket", request, self._root_path, self._state)
        return await open_websocket(self._app, loop, scope, request, self._websockets)


def asgi(
    app: ASGIApp,
    *,
    loop: LoopName | str = LoopName.AUTO,
    lifespan: Lifespan | str = Lifespan.AUTO,
    root_path: str = "",
    websockets: "WebSocketOptions | None" = None,
) -> Hosted:
    """*app*, of ASGI 3, as an app of corserver's: `serve(asgi(app))`, or `router.mount("/old", asgi(app))`.

    *loop* is `asyncio`, `trio`, or `auto`: trio for Quart-Trio, asyncio for others. *lifespan* is `auto`, `on` or
    `off`. *root_path* is what a proxy in front took off all paths. *websockets* are the limits of its
    WebSockets.

    Raises ValueError for words that are none of these. Entered, it raises `LifespanFailed` where the app cannot start.

    >>> import urllib.request
    >>> from corserver import asgi
    >>> from corserver.testing import running
    >>> async def app(scope, receive, send):
    ...     await send({"type": "http.response.start", "status": 200, "headers": []})
    ...     await send({"type": "http.response.body", "body": b"hello"})
    >>> with running(asgi(app, lifespan="off")) as server:
    ...     urllib.request.urlopen(server.url).read()
    b'hello'
    """
    if root_path and not root_path.startswith("/"):
        raise ValueError(f"root_path={root_path!r} begins with a slash, as the paths that it stands before do")
    return Hosted(
        app,
        loop=LoopName(loop),
        lifespan=Lifespan(lifespan),
        root_path=root_path.rstrip("/"),
        websockets=websockets,
    )


async def _end(life: Life) -> None:
    with trio.CancelScope(shield=True):  # The end of a life is not cut off by what ended the serving.
        await life.stop()
