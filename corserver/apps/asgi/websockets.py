"""WebSockets for hosted apps: not here yet."""

from corserver.apps.asgi.loop import Loop
from corserver.apps.asgi.protocol import ASGIApp, Scope
from corserver.http.messages import HTTPError, Request, Response


async def open_websocket(app: ASGIApp, loop: Loop, scope: Scope, request: Request) -> Response:
    """The answer to a request that asks for a WebSocket, of whose *scope* the base is made.

    *app* runs on *loop*.
    """
    raise HTTPError(501, "WebSockets are not served yet")
