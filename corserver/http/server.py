"""The running server: what it accepts, and how it stops.

Stopping. Whoever cancels `serve`, or calls `Server.stop`, closes listeners and idle connections at once; answers
under way are finished, within the grace of `Limits`, and say `Connection: close`; what is left then is cancelled. So
that a cancellation from outside does not reach the answers under way, their tasks run in a shielded scope, whose
deadline the stop sets. Nothing here waits longer than the grace.

Draining comes before that, where a load balancer asks for the server's health: that is said to be bad, while all else
goes on.

Retiring is for a server whose place another has taken already, on the same listening socket. A client that has just
been answered may send its next request at any moment, and if the connection is closed at that moment, that request is
lost. So nothing is closed that was not told: the server goes on answering, each answer says `Connection: close`, and
it stops when the last client has left, or the patience is over.
"""

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence

import trio

from corserver.cors.policy import Policy
from corserver.cors.scopes import PolicyChoice, Scopes
from corserver.http.body import PeerLeft
from corserver.http.connection import Connection
from corserver.http.crew import Crew
from corserver.http.exchange import Service, run_call
from corserver.http.handshake import secured
from corserver.http.listeners import (
    BoundAddress,
    Room,
    accept,
    accept_waiting,
    room_for_connections,
)
from corserver.http.lobby import Lobby
from corserver.http.messages import Address
from corserver.http.polling import Poller
from corserver.http.transport import Transport

#: What `cors=` takes: one policy for all paths, policies by path pattern, or a table of scopes.
Policies = Policy | Mapping[str, PolicyChoice] | Scopes | None


class Server:
    """A running server, as `await nursery.start(serve, app)` gives it.

    >>> import trio
    >>> from corserver import App, Server, serve
    >>> async def main():
    ...     async with trio.open_nursery() as nursery:
    ...         server: Server = await nursery.start(lambda task_status: serve(App(), port=0, task_status=task_status))
    ...         print(server.url.startswith("http://127.0.0.1:"), server.connections)
    ...         server.stop()
    >>> trio.run(main)
    True 0
    """

    def __init__(
        self,
        service: Service,
        addresses: tuple[BoundAddress, ...],
        tls: ssl.SSLContext | None = None,
        open_poller: Callable[[], Poller | None] | None = None,
    ) -> None:
        self._service = service
        self._tls = tls
        #: What the lobby watches its sockets with; None for no lobby.
        self._open_poller = open_poller if tls is None else None
        self.addresses = addresses
        self._connections: set[Connection] = set()
        #: Those of connections that have not asked for anything yet.
        self._handshakes: set[trio.CancelScope] = set()
        self._room = Room(service.limits.connections or room_for_connections())
        self._lobby: Lobby | None = None
        self._nursery: trio.Nursery | None = None
        self._accepting = trio.CancelScope()
        self._serving = trio.CancelScope()
        self._retiring = trio.CancelScope()
        self._waiting_for_the_last = trio.lowlevel.ParkingLot()
        self._done = trio.Event()
        self._closed = trio.Event()
        self._stopped = trio.Event()

    def __repr__(self) -> str:
        return f"<Server {self.url} connections={self.connections}>"

    @property
    def url(self) -> str:
        """The URL of the first address, without a trailing slash."""
        return self.addresses[0].url

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return self._service.connections

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
        self._retiring.cancel()
        self._done.set()
        self._tell_app()
        if self._lobby is not None:
            self._lobby.stop()
        if self._service.crew is not None:
            self._service.crew.stop()
        for connection in tuple(self._connections):
            connection.stop()
        for handshake in self._handshakes:
            handshake.cancel()

    def drain(self) -> None:
        """Say at the health endpoint, and with each answer, that the end is near; go on. The listeners are its own."""
        self._service.is_draining = True
        if self._lobby is not None:
            self._lobby.retire()

    def retire(self, patience: float | None = None) -> None:
        """Accept no more, tell each client with its next answer to leave, and stop once all have.

        Those that ask nothing are waited for *patience* seconds (None: the grace of `Limits`).
        """
        if self._service.is_retiring or self._done.is_set():
            return
        seconds = self._service.limits.grace_seconds if patience is None else patience
        self._retiring.deadline = trio.current_time() + seconds
        self._service.is_retiring = True
        self._tell_app()
        if self._lobby is not None:
            self._lobby.retire()
        self._accepting.cancel()

    def _tell_app(self) -> None:
        stopping: Callable[[], None] | None = getattr(self._service.app, "stopping", None)
        if stopping is not None:
            stopping()

    async def wait_closed(self) -> None:
        """Wait until no more connections are accepted."""
        await self._closed.wait()

    async def wait_stopped(self) -> None:
        """Wait until the last connection is closed."""
        await self._stopped.wait()

    async def _run(self, listeners: Sequence[socket.socket], task_status: trio.TaskStatus["Server"]) -> None:
        async with trio.open_nursery() as nursery:
            try:
                await nursery.start(self._serve_connections)
                task_status.started(self)
                await self._accept(listeners)
                await self._wait_for_the_last()
            finally:
                self.stop()

    async def _serve_connections(self, task_status: trio.TaskStatus[None]) -> None:
        poller = None if self._open_poller is None else self._open_poller()
        try:
            with self._serving:
                async with trio.open_nursery() as attendants:
                    async with trio.open_nursery() as self._nursery:
                        self._service.crew = Crew(self._nursery, run_call)
                        if poller is not None:
                            self._lobby = Lobby(self._service, poller, self._nursery, self._left)
                            self._lobby.open()
                            attendants.start_soon(self._lobby.sweep)
                            attendants.start_soon(self._lobby.deliver)
                        task_status.started()
                        # Where it was cancelled by then, nobody waits for it, and so nobody would tell it to end.
                        await trio.lowlevel.checkpoint_if_cancelled()
                        self._serving.shield = True
                        await self._done.wait()
                    attendants.cancel_scope.cancel()
        finally:
            lobby, self._lobby = self._lobby, None
            if lobby is not None:
                lobby.close()
            self._stopped.set()

    async def _accept(self, listeners: Sequence[socket.socket]) -> None:
        try:
            with self._accepting:
                async with trio.open_nursery() as nursery:
                    for listener in listeners:
                        nursery.start_soon(accept, listener, self._room, self._admit)
        finally:
            for listener in listeners:
                if not self._done.is_set():
                    accept_waiting(listener, self._room, self._admit, is_last=self._service.is_draining)
                listener.close()
            self._closed.set()

    async def _wait_for_the_last(self) -> None:
        with self._retiring:
            while self._service.is_retiring and self._service.connections:
                await self._waiting_for_the_last.park()

    def _admit(self, sock: socket.socket, client: Address) -> None:
        self._service.connections += 1
        if self._lobby is not None:
            self._lobby.admit(sock, client)
        else:
            assert self._nursery is not None, "connections are accepted while they are served"
            self._nursery.start_soon(self._serve_alone, sock, client)

    def _left(self) -> None:
        self._service.connections -= 1
        if not self._service.connections:
            self._waiting_for_the_last.unpark_all()
        self._room.give()

    async def _serve_alone(self, sock: socket.socket, client: Address) -> None:
        stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
        try:
            transport = stream if self._tls is None else await self._secured(stream, self._tls)
            await self._serve(Connection(transport, self._service, client))
        except (OSError, PeerLeft):  # It left before it said anything.
            pass
        finally:
            self._left()
            await trio.aclose_forcefully(stream)

    async def _secured(self, stream: trio.SocketStream, tls: ssl.SSLContext) -> Transport:
        with trio.CancelScope() as handshake:
            self._handshakes.add(handshake)
            if self._done.is_set():
                handshake.cancel()
            try:
                return await secured(stream, tls, self._service.limits)
            finally:
                self._handshakes.discard(handshake)
        raise PeerLeft

    async def _serve(self, connection: Connection) -> None:
        self._connections.add(connection)
        try:
            if self._done.is_set():
                connection.stop()
            await connection.run()
        finally:
            self._connections.discard(connection)
