"""The server: listeners, `serve`, and how it stops.

Stopping. Whoever cancels `serve`, or calls `Server.stop`, closes listeners and idle connections at once; answers
under way are finished, within the grace of `Limits`, and say `Connection: close`; what is left then is cancelled. So
that a cancellation from outside does not reach the answers under way, their tasks run in a shielded scope, whose
deadline the stop sets. Nothing here waits longer than the grace.
"""

import contextlib
import errno
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import trio

from corserver.cors.origins import is_loopback_host
from corserver.cors.policy import Policy
from corserver.cors.scopes import PolicyChoice, Scopes
from corserver.http.connection import Connection
from corserver.http.exchange import Service
from corserver.http.hosts import AllowedHosts
from corserver.http.limits import Limits
from corserver.http.log import Entry
from corserver.http.messages import App

#: What `cors=` takes: one policy for all paths, policies by path pattern, or a table of scopes.
Policies = Policy | Mapping[str, PolicyChoice] | Scopes | None


@dataclass(frozen=True, slots=True)
class BoundAddress:
    """Where a server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """An http URL that reaches it from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host)
        return f"http://{host or (f'[{self.host}]' if ':' in self.host else self.host)}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host == "::1" or is_loopback_host(self.host.encode("ascii", "replace"))


class Server:
    """A running server, as `await nursery.start(serve, app)` gives it."""

    def __init__(self, service: Service, addresses: tuple[BoundAddress, ...]) -> None:
        self._service = service
        self.addresses = addresses
        self._connections: set[Connection] = set()
        self._accepting = trio.CancelScope()
        self._serving = trio.CancelScope(shield=True)
        self._done = trio.Event()
        self._stopped = trio.Event()

    def __repr__(self) -> str:
        return f"<Server {self.url} connections={len(self._connections)}>"

    @property
    def url(self) -> str:
        """The URL of the first address, without a trailing slash."""
        return self.addresses[0].url

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    def replace_cors(self, cors: Policies) -> None:
        """Put new policies in the place of the old, for every request that begins from now on.

        Raises ValueError for a table that cannot be; the old one then stays.
        """
        self._service.scopes = Scopes.of(cors)

    def stop(self, grace: float | None = None) -> None:
        """Stop: no more connections, idle ones closed, the rest given *grace* seconds (None: as in `Limits`)."""
        seconds = self._service.limits.grace_seconds if grace is None else grace
        self._serving.deadline = min(self._serving.deadline, trio.current_time() + seconds)
        self._accepting.cancel()
        self._done.set()
        for connection in tuple(self._connections):
            connection.stop()

    async def wait_stopped(self) -> None:
        """Wait until the last connection is closed."""
        await self._stopped.wait()

    async def _serve_connections(self, task_status: trio.TaskStatus[trio.Nursery]) -> None:
        try:
            with self._serving:
                async with trio.open_nursery() as nursery:
                    task_status.started(nursery)
                    await self._done.wait()
        finally:
            self._stopped.set()

    async def _accept(self, listeners: list[trio.SocketListener], connections: trio.Nursery) -> None:
        with self._accepting:
            await trio.serve_listeners(self._handle, listeners, handler_nursery=connections)

    async def _handle(self, stream: trio.SocketStream) -> None:
        try:
            client = stream.socket.getpeername()
        except OSError:  # It left before it was looked at.
            await trio.aclose_forcefully(stream)
            return
        connection = Connection(stream, self._service, client[:2] if isinstance(client, tuple) else client)
        self._connections.add(connection)
        try:
            if self._done.is_set():
                connection.stop()
            await connection.run()
        finally:
            self._connections.discard(connection)


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
    listeners: list[trio.SocketListener] | None = None,
    task_status: trio.TaskStatus[Server] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve *app* over HTTP until cancelled; `await nursery.start(serve, app)` yields the running `Server`.

    *host* None is all interfaces; *port* 0 is any free one. *cors* is a `Policy` for all paths, policies by path
    pattern, or `Scopes`; without it the app's attribute `cors` counts, and without that there is no policy.
    *access_log* is called with an `Entry` after every exchange. *allow_hosts* are host names to answer for beside
    localhost and IP addresses; None checks them on loopback addresses only. *explain_denials* puts the reason into
    a refused preflight's body. *listeners*, already open, take the place of host and port.

    An app that is an async context manager is entered for the time of serving. Raises OSError where the address
    cannot be bound, ValueError for policies that cannot be.
    """
    scopes = Scopes.of(cors if cors is not None else getattr(app, "cors", None))
    async with contextlib.AsyncExitStack() as stack:
        life: Any = app
        if hasattr(life, "__aenter__"):
            await stack.enter_async_context(life)
        opened = await open_listeners(host, port) if listeners is None else listeners
        addresses = tuple(_address(listener) for listener in opened)
        check_hosts = allow_hosts is not None or all(address.is_loopback for address in addresses)
        service = Service(
            app=app,
            scopes=scopes,
            limits=limits or Limits(),
            hosts=AllowedHosts(frozenset(name.lower() for name in allow_hosts or ())) if check_hosts else None,
            access_log=access_log,
            explain_denials=explain_denials,
        )
        server = Server(service, addresses)
        async with trio.open_nursery() as nursery:
            connections = await nursery.start(server._serve_connections)
            task_status.started(server)
            try:
                await server._accept(opened, connections)
            finally:
                server.stop()


def _address(listener: trio.SocketListener) -> BoundAddress:
    host, port = listener.socket.getsockname()[:2]
    return BoundAddress(host, port)


async def open_listeners(host: str | None, port: int, *, or_next: int = 0) -> list[trio.SocketListener]:
    """Listen on *host* and *port*, or, if it is taken, on one of the *or_next* ports after it.

    Raises OSError: EADDRINUSE where all are taken, or what else keeps the address from being bound.
    """
    for candidate in range(port, port + or_next + 1):
        with contextlib.suppress(_PortTaken):
            return await _listen(host, candidate)
    last = f" to {port + or_next}" if or_next else ""
    raise OSError(errno.EADDRINUSE, f"port {port}{last} is taken")


class _PortTaken(Exception):
    pass


async def _listen(host: str | None, port: int) -> list[trio.SocketListener]:
    try:
        return await trio.open_tcp_listeners(port, host=host)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _PortTaken from error
        raise


__all__ = ["BoundAddress", "Policies", "Server", "open_listeners", "serve"]
