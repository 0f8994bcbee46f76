"""The vocabulary of ASGI 3: what an app is, what it is given, and what corserver says of itself in it."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import unquote

import trio

from corserver.http.messages import Request

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

#: With 2.4 of the specification, `send` raises an OSError once the client has left.
_VERSION: Final = "3.0"
_SPEC_VERSION: Final = "2.4"

#: What ends a task, or the program.
_ENDS: Final = (asyncio.CancelledError, trio.Cancelled, KeyboardInterrupt)


class ClientLeft(OSError):
    """What `send` raises once the client has left."""


def mistake_in(error: BaseException) -> Exception | None:
    """*error*, or what stands for it: `sys.exit()` in an app, or a panic of Rust's (PyO3), ends its request, not the
    server, and so does a group of such. None for what ends a task, or the program."""
    if isinstance(error, Exception):
        return error
    if isinstance(error, _ENDS) or (isinstance(error, BaseExceptionGroup) and error.subgroup(_ENDS) is not None):
        return None
    stand_in = RuntimeError(f"the app raised {type(error).__name__}")
    stand_in.__cause__ = error
    return stand_in


def versions() -> dict[str, str]:
    """The scope's `asgi`."""
    return {"version": _VERSION, "spec_version": _SPEC_VERSION}


def base_scope(kind: str, request: Request, root_path: str, state: dict[str, Any] | None) -> Scope:
    """What the scopes of type http and websocket have in common, as *kind*. *root_path* stands before all paths.

    *state* is the lifespan's, of which each request has a shallow copy; None where there is none.
    """
    encoded, _, query = request.target.partition("?")
    root, path = root_path, encoded if "%" not in encoded else unquote(encoded)
    if request.mount.segments:
        root, path = _below_mount(root_path, path, request)
    client = request.client
    scope: Scope = {
        "type": kind,
        "asgi": versions(),
        "http_version": request.http_version,
        "scheme": request.scheme,
        "path": root_path + path,
        "raw_path": (root_path + encoded).encode("utf-8") if root_path else encoded.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": root,
        "headers": list(request.headers.fields),
        "client": client if isinstance(client, tuple) else None,
        "server": request.server,
    }
    if state is not None:
        scope["state"] = state.copy()
    return scope


def _below_mount(root_path: str, path: str, request: Request) -> tuple[str, str]:
    """The `root_path`, and the path that begins with it: an app below it takes that off the front."""
    mount = "/" + "/".join(request.mount.segments)
    if path != mount and not path.startswith(mount + "/"):  # It was written in another way, such as with `//`.
        rest = "/".join(request.path.segments)
        path = mount + (f"/{rest}" if rest else "") + ("/" if request.path.slash else "")
    return root_path + mount, path
