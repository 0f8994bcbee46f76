"""The ASGI apps: one that knows the answers, the same behind CORSMiddleware, FastAPI's, and Starlette's files."""

import importlib
import json
import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from bench.answers import ACTUAL_ANSWER, HEADER, ITEM, ITEM_BODY, MAX_AGE, METHOD, ORIGIN, PREFLIGHT_ANSWER

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Message, Receive, Send], Awaitable[None]]

_JSON = {"Content-Type": "application/json"}


def _fields(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


_PREFLIGHT_FIELDS = _fields(PREFLIGHT_ANSWER)
_ITEM_FIELDS = _fields({**ACTUAL_ANSWER, **_JSON, "Content-Length": str(len(ITEM_BODY))})
_PLAIN_ITEM_FIELDS = _fields({**_JSON, "Content-Length": str(len(ITEM_BODY))})


async def _answer(send: Send, status: int, fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


async def _read_json(receive: Receive) -> Any:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return json.loads(body)


async def _store(receive: Receive, send: Send, headers: Mapping[str, str]) -> None:
    item = await _read_json(receive)
    body = json.dumps({"stored": item["name"]}, separators=(",", ":")).encode()
    await _answer(send, 200, _fields({**headers, **_JSON, "Content-Length": str(len(body))}), body)


async def bare(scope: Message, receive: Receive, send: Send) -> None:
    """The answers and nothing else: what the server below an ASGI app costs by itself."""
    if scope["method"] == "OPTIONS":
        await _answer(send, 204, _PREFLIGHT_FIELDS, b"")
    elif scope["method"] == "POST":
        await _store(receive, send, ACTUAL_ANSWER)
    else:
        await _answer(send, 200, _ITEM_FIELDS, ITEM_BODY)


async def _plain(scope: Message, receive: Receive, send: Send) -> None:
    if scope["method"] == "POST":
        await _store(receive, send, {})
    else:
        await _answer(send, 200, _PLAIN_ITEM_FIELDS, ITEM_BODY)


def plain() -> ASGIApp:
    """The answers without CORS, which the server below adds."""
    return _plain


def fastapi() -> ASGIApp:
    """An app of FastAPI's, with a CORS line of its own, which a server that has a policy replaces."""
    framework: Any = importlib.import_module("fastapi")
    responses: Any = importlib.import_module("fastapi.responses")
    app: Any = framework.FastAPI()

    @app.get("/items/{number}")  # type: ignore[untyped-decorator]
    async def get_item(number: str) -> Any:
        return responses.JSONResponse({**ITEM, "id": number}, headers=ACTUAL_ANSWER)

    hosted: ASGIApp = app
    return hosted


def starlette() -> ASGIApp:
    """The same policy as corserver's, in the middleware that most ASGI apps use, around an app without CORS."""
    # Not an import statement: it is checked for types where it is not installed too.
    middleware: Any = importlib.import_module("starlette.middleware.cors").CORSMiddleware
    app: ASGIApp = middleware(
        _plain, allow_origins=[ORIGIN], allow_methods=[METHOD], allow_headers=[HEADER], max_age=MAX_AGE
    )
    return app


def files() -> ASGIApp:
    """Starlette's StaticFiles of the folder in BENCH_FILES, behind its CORSMiddleware."""
    middleware: Any = importlib.import_module("starlette.middleware.cors").CORSMiddleware
    static: Any = importlib.import_module("starlette.staticfiles").StaticFiles
    app: ASGIApp = middleware(static(directory=os.environ["BENCH_FILES"]), allow_origins=[ORIGIN])
    return app
