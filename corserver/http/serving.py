"""`serve`: a server, from an app and how it is to be served."""

import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import trio

from corserver.cors.scopes import Scopes
from corserver.http.exchange import Service
from corserver.http.forwarded import TrustedProxies
from corserver.http.header_lines import HeadersLike, header_fields, shared_fields
from corserver.http.health import health_path
from corserver.http.hosts import allowed_hosts
from corserver.http.limits import Limits
from corserver.http.listeners import bound_address, open_listeners
from corserver.http.log import Entry
from corserver.http.messages import App
from corserver.http.mistakes import alone
from corserver.http.polling import open_poller
from corserver.http.server import Policies, Server


async def serve(
    app: App,
    *,
    host: str | None = "127.0.0.1",
    port: int = 8000,
    cors: Policies = None,
    access_log: Callable[[Entry], None] | None = None,
    limits: Limits | None = None,
    allow_hosts: Sequence[str] | None = None,
    explain_denials: bool = False,
    server_header: str | None = "corserver",
    headers: HeadersLike = (),
    listeners: Sequence[socket.socket] | None = None,
    ssl_context: ssl.SSLContext | None = None,
    lobby: bool = True,
    trusted_proxies: Sequence[str] | None = None,
    health: str | None = None,
    task_status: trio.TaskStatus[Server] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve *app* over HTTP until cancelled; `await nursery.start(serve, app)` yields the running `Server`.

    *host* None is all interfaces; *port* 0 is any free one. *cors* is a `Policy` for all paths, policies by path
    pattern, or `Scopes`; without it the app's own `cors` counts, if it has any. *access_log* gets an `Entry` of every
    exchange. *allow_hosts* are host names to answer for beside localhost and IP addresses; None checks them on loopback
    only. *explain_denials* puts the reason into a refused preflight's body. *server_header* is the Server line, None
    for none; *headers* are on every answer, the server's own too, that has none of their names and is no 1xx (as 101).
    *listeners*, sockets that listen and do not block, take the place of host and port, and are closed in the end.
    *ssl_context* makes it HTTPS. *trusted_proxies*, addresses, networks, `unix` or `*`, are believed their `Forwarded`
    and `X-Forwarded-*`. *health* is a path that answers 200 to anybody, unlogged, and 503 near the end. Without a
    *lobby* each connection waits for itself, as on some systems.

    An app that is an async context manager is entered while it is served, and so is a log; its `stopping`, if it has
    that, is called when the server begins to stop or retire. Raises OSError where it cannot be bound, else ValueError.

    >>> import functools, trio, corserver
    >>> async def main():
    ...     async with trio.open_nursery() as nursery:
    ...         (await nursery.start(functools.partial(corserver.serve, corserver.App(), port=0))).stop()
    >>> trio.run(main)
    """
    scopes = Scopes.of(cors if cors is not None else getattr(app, "cors", None))
    async with _alone(), contextlib.AsyncExitStack() as stack:
        await _enter(stack, app, access_log)
        found = await open_listeners(host, port) if listeners is None else listeners
        opened = [stack.enter_context(listener) for listener in found]
        addresses = tuple(bound_address(listener, "https" if ssl_context else "http") for listener in opened)
        service = Service(
            app=app,
            scopes=scopes,
            limits=limits or Limits(),
            hosts=allowed_hosts(allow_hosts, on_loopback=all(address.is_loopback for address in addresses)),
            access_log=access_log,
            scheme=addresses[0].scheme,
            explain_denials=explain_denials,
            server_header=None if server_header is None else header_fields({"Server": server_header})[0][1],
            headers=shared_fields(headers),
            proxies=TrustedProxies.parse(trusted_proxies) if trusted_proxies else None,
            health=None if health is None else health_path(health),
        )
        await Server(service, addresses, ssl_context, open_poller if lobby else None)._run(opened, task_status)


@contextlib.asynccontextmanager
async def _alone() -> AsyncIterator[None]:
    try:
        yield
    except BaseExceptionGroup as group:  # After Ctrl-C a KeyboardInterrupt, as from any other program.
        raise alone(group) from None


async def _enter(stack: contextlib.AsyncExitStack, *lives: Any) -> None:
    for life in lives:
        if hasattr(life, "__aenter__"):
            await stack.enter_async_context(life)
