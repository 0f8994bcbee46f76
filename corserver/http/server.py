"""The server: listeners, `serve`, and how it stops.

Stopping. Whoever cancels `serve`, or calls `Server.stop`, closes listeners and idle connections at once; answers
under way are finished, within the grace of `Limits`, and say `Connection: close`; what is left then is cancelled. So
that a cancellation from outside does not reach the answers under way, their tasks run in a shielded scope, whose
deadline the stop sets. Nothing here waits longer than the grace.
"""

import contextlib
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import trio

from corserver.cors.policy import Policy
from corserver.cors.scopes import PolicyChoice, Scopes
from corserver.http.connection import Connection
from corserver.http.exchange import Service
from corserver.http.hosts import AllowedHosts
from corserver.http.limits import Limits
from corserver.http.listeners import BoundAddress, CappedListener, bound_address, open_listeners, room_for_connections
from corserver.http.log import Entry
from corserver.http.messages import App
from corserver.http.transport import PeerLeft

#: What `cors=` takes: one policy for all paths, policies by path pattern, or a table of scopes.
Policies = Policy | Mapping[str, PolicyChoice] | Scopes | None


class Server:
    """A running server, as `await nursery.start(serve, app)` gives it."""

    def __init__(
        self, service: Service, addresses: tuple[BoundAddress, ...], tls: ssl.SSLContext | None = None
    ) -> None:
        self._service = service
        self._tls = tls
        self.addresses = addresses
        self._connections: set[Connection] = set()
        self._room = trio.Semaphore(service.limits.connections or room_for_connections())
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
            capped = [CappedListener(listener, self._room) for listener in listeners]
            await trio.serve_listeners(self._handle, capped, handler_nursery=connections)

    async def _handle(self, stream: trio.SocketStream) -> None:
        try:
            client = stream.socket.getpeername()
            secured = stream if self._tls is None else await self._secure(stream, self._tls)
            connection = Connection(secured, self._service, client[:2] if isinstance(client, tuple) else client)
            await self._serve(connection)
        except (OSError, PeerLeft):  # It left before it said anything.
            pass
        finally:
            await trio.aclose_forcefully(stream)
            self._room.release()

    async def _secure(self, stream: trio.SocketStream, tls: ssl.SSLContext) -> trio.SSLStream[trio.SocketStream]:
        secured = trio.SSLStream(stream, tls, server_side=True)
        with trio.move_on_after(self._service.limits.handshake_seconds) as scope:
            try:
                await secured.do_handshake()
            except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
                raise PeerLeft from error
        if scope.cancelled_caught:
            raise PeerLeft
        return secured

    async def _serve(self, connection: Connection) -> None:
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
    server_header: str | None = "corserver",
    listeners: list[trio.SocketListener] | None = None,
    ssl_context: ssl.SSLContext | None = None,
    task_status: trio.TaskStatus[Server] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve *app* over HTTP until cancelled; `await nursery.start(serve, app)` yields the running `Server`.

    *host* None is all interfaces; *port* 0 is any free one. *cors* is a `Policy` for all paths, policies by path
    pattern, or `Scopes`; without it the app's attribute `cors` counts, and without that there is no policy.
    *access_log* is called with an `Entry` after every exchange. *allow_hosts* are host names to answer for beside
    localhost and IP addresses; None checks them on loopback addresses only. *explain_denials* puts the reason into
    a refused preflight's body. *server_header* is the Server line, None for none. *listeners*, already open, take
    the place of host and port. *ssl_context* makes it HTTPS.

    An app that is an async context manager is entered for the time of serving. Raises OSError where the address
    cannot be bound, ValueError for policies that cannot be.
    """
    scopes = Scopes.of(cors if cors is not None else getattr(app, "cors", None))
    async with contextlib.AsyncExitStack() as stack:
        life: Any = app
        if hasattr(life, "__aenter__"):
            await stack.enter_async_context(life)
        opened = await open_listeners(host, port) if listeners is None else listeners
        scheme = "http" if ssl_context is None else "https"
        addresses = tuple(bound_address(listener, scheme) for listener in opened)
        check_hosts = allow_hosts is not None or all(address.is_loopback for address in addresses)
        service = Service(
            app=app,
            scopes=scopes,
            limits=limits or Limits(),
            hosts=AllowedHosts(frozenset(name.lower() for name in allow_hosts or ())) if check_hosts else None,
            access_log=access_log,
            scheme=scheme,
            explain_denials=explain_denials,
            server_header=None if server_header is None else server_header.encode("ascii"),
        )
        server = Server(service, addresses, ssl_context)
        async with trio.open_nursery() as nursery:
            connections = await nursery.start(server._serve_connections)
            task_status.started(server)
            try:
                await server._accept(opened, connections)
            finally:
                server.stop()
