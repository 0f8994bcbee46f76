"""The ASGI peers: an app that knows the answer, and one behind Starlette's CORSMiddleware."""

import importlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from bench.preflight import ANSWER_HEADERS, HEADER, MAX_AGE, METHOD, ORIGIN

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Message, Receive, Send], Awaitable[None]]

_FIELDS = [(name.lower().encode(), value.encode()) for name, value in ANSWER_HEADERS.items()]


async def bare(scope: Message, receive: Receive, send: Send) -> None:
    """The answer and nothing else: what the server below an ASGI app costs by itself."""
    await send({"type": "http.response.start", "status": 204, "headers": _FIELDS})
    await send({"type": "http.response.body", "body": b""})


def starlette() -> ASGIApp:
    """The same policy as corserver's, in the middleware that most ASGI apps use, around `bare`."""
    # Not an import statement: it is checked for types where it is not installed too.
    middleware: Any = importlib.import_module("starlette.middleware.cors").CORSMiddleware
    app: ASGIApp = middleware(
        bare, allow_origins=[ORIGIN], allow_methods=[METHOD], allow_headers=[HEADER], max_age=MAX_AGE
    )
    return app
