"""Run a server in the terminal until a signal stops it."""

import contextlib
import functools
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click
import trio

from corserver.cli import EXIT_INTERRUPTED
from corserver.cli.options.settings import Settings
from corserver.cli.options.tls import trust_rows
from corserver.cli.output import notices
from corserver.cli.output.access_log import Reader
from corserver.cli.output.logs import log_rest, log_to_stderr
from corserver.cli.output.summary import Tally
from corserver.cli.output.worker_tallies import WorkerTallies
from corserver.cli.serving.inherited import BadSocket, inherited, shared
from corserver.cli.serving.opening import open_in_browser
from corserver.cli.serving.rereading import Changed, Rereading
from corserver.cli.serving.stopping import start_unless_signalled, stop_on_signal
from corserver.http.listeners import PORTS_TO_TRY, BoundAddress, bound_address, open_listeners, open_queues
from corserver.http.messages import App
from corserver.http.repeated import Repeated
from corserver.http.server import Server
from corserver.http.serving import serve
from corserver.http.unix_sockets import unix_listener
from corserver.http.workers import Moment, Supervisor, WorkersFailed

if TYPE_CHECKING:
    from corserver.tools.inspect import Inspector

#: `serve` but for the listeners, and what is done once it serves.
Start = Callable[..., Awaitable[None]]
Begin = Callable[[Sequence[BoundAddress]], None]

EXIT_FAILED = 1
EXIT_UNBOUND = 3


def run_server(
    app: App,
    settings: Settings,
    *,
    serving: tuple[str, str],
    ready: Begin | None = None,
    unasked: str | None = None,
    changed: Changed | None = None,
    reloads: bool = False,
) -> None:
    """Serve *app* until SIGINT or SIGTERM; a second one does not wait for the answers under way.

    *serving* is the banner's line on what is served: a label and a text; *ready*, where it is given, is called in the
    banner's place; *unasked* is what the banner says of CORS without `--cors`; *changed* is called when other policies
    are about to be in force, which a SIGHUP reads anew. Where it *reloads*, a SIGHUP means that the program has
    changed. Exits with 3 where the address cannot be bound, with 130 where answers were cut off, with 1 where a worker
    cannot start.
    """
    repeated = log_to_stderr()
    rereading = Rereading(app, settings, changed=changed, unasked=unasked)
    run = _Run(rereading, serving, ready, repeated, unasked=unasked, reloads=reloads)
    try:
        was_cut_off = run(app)
    except BadSocket as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        host, port = settings.host, settings.port
        notices.print_error(notices.bind_error(error, host, port, strict=settings.strict_port, uds=settings.uds))
        sys.exit(EXIT_UNBOUND)
    except WorkersFailed as error:
        notices.print_error(f"the server did not start: {error}")
        sys.exit(EXIT_FAILED)
    finally:
        log_rest(repeated)
    if was_cut_off:
        sys.exit(EXIT_INTERRUPTED)


class _Run:
    """One run of the server: what it says before, meanwhile and after."""

    def __init__(
        self,
        rereading: Rereading,
        serving: tuple[str, str],
        ready: Begin | None,
        repeated: Repeated,
        *,
        unasked: str | None = None,
        reloads: bool = False,
    ) -> None:
        self._rereading = rereading
        self._settings = settings = rereading.settings
        self._output = settings.output
        self._serving = serving
        self._ready = ready
        self._repeated = repeated
        self._unasked = unasked
        self._reloads = reloads
        self._tally = Tally()
        self._inspector = _inspector() if settings.inspect else None

    def __call__(self, app: App) -> bool:
        """Serve; whether answers were cut off. Raises OSError and `WorkersFailed`."""
        settings, output = self._settings, self._output
        readers: list[Reader] = [self._tally] if output.is_for_people and output.has_lines else []
        if self._inspector is not None:
            readers.append(self._inspector.ring)
        start = functools.partial(
            serve,
            app,
            ssl_context=self._rereading.ssl_context,
            access_log=output.access_log(*readers, hidden=settings.private_paths),
            limits=settings.limits,
            server_header=settings.server_header,
            headers=settings.headers,
            allow_hosts=settings.allow_hosts,
            explain_denials=settings.explain_denials,
            trusted_proxies=settings.trusted_proxies,
            health=settings.health,
        )
        with _opened(settings) as given:
            if settings.workers == 1 and not self._reloads:
                return trio.run(self._serve_alone, start, given)
            return self._supervise(start, self._queues(given))

    # -------------------------------------------------------------------------------------------------- one process

    async def _serve_alone(self, start: Start, given: list[socket.socket]) -> bool:
        settings, was_cut_off = self._settings, False
        listeners = given or await open_listeners(settings.host, settings.port, or_next=_or_next(settings))
        start = functools.partial(start, listeners=listeners, cors=self._rereading.policies)
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with trio.open_nursery() as views:
                async with trio.open_nursery() as nursery:
                    server = await start_unless_signalled(nursery, start, signals)
                    if server is not None:
                        await views.start(self._rereading.serve, server)
                        self._begin(server.addresses, await self._view(views, server))
                        was_cut_off = await stop_on_signal(server, signals, settings)
                views.cancel_scope.cancel()
        self._end(self._tally, was_cut_off)
        return was_cut_off

    async def _view(self, nursery: trio.Nursery, server: Server) -> str:
        """The URL of the live view, empty where there is none."""
        if self._inspector is None:
            return ""
        address = server.addresses[0]
        port = address.port
        after = port + 1 if self._settings.port and 0 < port < 65535 else 0
        view: Server = await nursery.start(self._inspector.serve, address.uds or address.url, after)
        return view.url

    # ---------------------------------------------------------------------------------------------- several processes

    def _queues(self, given: list[socket.socket]) -> Sequence[Sequence[socket.socket]]:
        settings = self._settings
        wanted = settings.host, settings.port, settings.workers
        return shared(given, settings.workers) or open_queues(*wanted, or_next=_or_next(settings))

    def _supervise(self, start: Start, queues: Sequence[Sequence[socket.socket]]) -> bool:
        addresses = [bound_address(listener, self._scheme) for listener in queues[0]]
        aside, is_for_people = self._output.banner_is_aside, self._output.is_for_people
        rereading, pid = self._rereading, os.getpid()

        async def serve_on(*, listeners: Sequence[socket.socket], task_status: trio.TaskStatus[Server]) -> None:
            tallies.begin()
            try:
                async with rereading.watched(pid if listeners is queues[0] else None):
                    await start(listeners=listeners, cors=rereading.policies, task_status=task_status)
            finally:
                tallies.hand_in(self._tally)
                log_rest(self._repeated)

        def tell(moment: Moment, number: int) -> None:
            if moment is Moment.STARTED:
                self._begin(addresses)
            elif moment is Moment.STOPPING and is_for_people:
                notices.print_stopping(number, aside=aside)
            elif moment is Moment.REPLACED and is_for_people:
                notices.print_replaced(number, reloads=self._reloads, aside=aside)

        with contextlib.closing(WorkerTallies()) as tallies:
            supervisor = Supervisor(
                serve_on,
                queues,
                grace=self._settings.limits.grace_seconds,
                drain=self._settings.drain_seconds,
                tell=tell,
                reloads=self._reloads,
                prepare=rereading.read_if_changed if self._reloads else rereading.read,
            )
            was_cut_off = supervisor.run()
            total, killed = tallies.total()
        self._end(total, was_cut_off, killed)
        return was_cut_off

    # ---------------------------------------------------------------------------------------------------- what is said

    @property
    def _scheme(self) -> str:
        return "http" if self._rereading.ssl_context is None else "https"

    def _trust(self, url: str) -> Sequence[tuple[str, str]]:
        authority = self._rereading.authority
        return [] if authority is None else trust_rows(authority, url)

    def _begin(self, addresses: Sequence[BoundAddress], view: str = "") -> None:
        settings, output = self._settings, self._output
        if self._ready is not None:
            self._ready(addresses)
        elif output.ready_line:
            notices.print_ready(addresses, {"inspect": view} if view else {})
        elif output.is_for_people:
            notices.print_banner(
                addresses,
                self._serving,
                settings.policy,
                wanted_port=0 if settings.fds else settings.port,
                workers=settings.workers,
                more=[("Inspect", view)] if view else [],
                trust=self._trust(addresses[0].url),
                unasked=self._unasked,
                config=settings.config,
                aside=output.banner_is_aside,
            )
        if settings.open_path is not None:
            open_in_browser(addresses[0].url + settings.open_path)

    def _end(self, tally: Tally, was_cut_off: bool, killed_workers: int = 0) -> None:
        if self._output.is_for_people:
            aside = self._output.banner_is_aside
            notices.print_summary(tally, killed_workers, aside=aside)
            notices.print_stopped(was_cut_off, aside=aside)


@contextlib.contextmanager
def _opened(settings: Settings) -> Iterator[list[socket.socket]]:
    """The listening sockets that are there already, or are no TCP's."""
    if settings.uds is None:
        yield inherited(settings.fds)
    else:
        with unix_listener(settings.uds, settings.uds_mode) as listener:
            yield [listener]


def _inspector() -> "Inspector":
    from corserver.tools.inspect import Inspector

    return Inspector()


def _or_next(settings: Settings) -> int:
    return 0 if settings.strict_port else PORTS_TO_TRY
