"""Run a server in the terminal until a signal stops it."""

import functools
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import click
import trio

from corserver.cli import terminal
from corserver.cli.logs import Output, log_rest, log_to_stderr
from corserver.cli.rereading import Policies, Rereading
from corserver.cli.server_options import Settings
from corserver.cli.tls import trust_rows
from corserver.http.listeners import BoundAddress, bound_address, open_listeners, open_queues
from corserver.http.log import Repeated
from corserver.http.messages import App
from corserver.http.server import Server, serve
from corserver.http.workers import Moment, Supervisor, WorkersFailed

#: `serve` but for the listeners, and what is done once it serves.
Start = Callable[..., Awaitable[None]]
Begin = Callable[[BoundAddress], None]

#: How many ports after a taken one are tried.
_PORTS_TO_TRY = 20
#: How long it may take to stop before somebody who waits is told why, in seconds.
_PATIENCE = 0.2
EXIT_FAILED = 1
EXIT_UNBOUND = 3
EXIT_INTERRUPTED = 130


def run_server(
    app: App,
    settings: Settings,
    *,
    serving: tuple[str, str],
    ready: Begin | None = None,
    changed: Callable[[Policies], None] | None = None,
) -> None:
    """Serve *app* until SIGINT or SIGTERM; a second one does not wait for the answers under way.

    *serving* is the banner's line on what is served: a label and a text; *ready*, where it is given, is called in the
    banner's place; *changed* when other policies are about to be in force, which a SIGHUP reads anew. Exits with 3
    where the address cannot be bound, with 130 where answers were cut off, with 1 where a worker cannot start.
    """
    output = settings.output
    rereading = Rereading(app, settings, changed)
    start = functools.partial(
        serve,
        app,
        ssl_context=rereading.ssl_context,
        access_log=output.access_log(),
        limits=settings.limits,
        server_header=settings.server_header,
        allow_hosts=settings.allow_hosts,
        explain_denials=settings.explain_denials,
    )

    def begin(address: BoundAddress) -> None:
        if ready is not None:
            ready(address)
        elif not output.quiet:
            terminal.print_banner(
                address,
                serving,
                settings.policy,
                wanted_port=settings.port,
                workers=settings.workers,
                config=settings.config,
                trust=[] if rereading.authority is None else trust_rows(rereading.authority, address.url),
                aside=output.banner_is_aside,
            )

    repeated = log_to_stderr()
    try:
        was_cut_off = _serve(start, rereading, begin, repeated)
    except OSError as error:
        click.echo(terminal.bind_error(error, settings.host, settings.port, strict=settings.strict_port), err=True)
        sys.exit(EXIT_UNBOUND)
    except WorkersFailed as error:
        click.echo(terminal.start_error(error), err=True)
        sys.exit(EXIT_FAILED)
    finally:
        log_rest(repeated)
    if was_cut_off:
        sys.exit(EXIT_INTERRUPTED)


def _serve(start: Start, rereading: Rereading, begin: Begin, repeated: Repeated) -> bool:
    settings = rereading.settings
    host, port, workers = settings.host, settings.port, settings.workers
    or_next = 0 if settings.strict_port or port == 0 else _PORTS_TO_TRY
    if workers == 1:
        return trio.run(_serve_alone, start, rereading, or_next, begin)
    queues = open_queues(host, port, workers, or_next=or_next)
    return _supervise(start, queues, rereading, begin, repeated)


async def _serve_alone(start: Start, rereading: Rereading, or_next: int, begin: Begin) -> bool:
    settings = rereading.settings
    listeners = await open_listeners(settings.host, settings.port, or_next=or_next)
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with trio.open_nursery() as nursery:
            start = functools.partial(start, listeners=listeners, cors=rereading.policies)
            server: Server = await nursery.start(start)
            await nursery.start(rereading.serve, server)
            begin(server.addresses[0])
            was_cut_off = await _stop_on_signal(server, signals, settings.output)
            nursery.cancel_scope.cancel()
    return was_cut_off


def _supervise(
    start: Start,
    queues: Sequence[Sequence[socket.socket]],
    rereading: Rereading,
    begin: Begin,
    repeated: Repeated,
) -> bool:
    output, supervisor = rereading.settings.output, os.getpid()
    address = bound_address(queues[0][0], "http" if rereading.ssl_context is None else "https")

    async def serve_on(*, listeners: Sequence[socket.socket], task_status: trio.TaskStatus[Server]) -> None:
        try:
            async with rereading.watched(supervisor if listeners is queues[0] else None):
                await start(listeners=listeners, cors=rereading.policies, task_status=task_status)
        finally:
            log_rest(repeated)

    def tell(moment: Moment, number: int) -> None:
        if moment is Moment.STARTED:
            begin(address)
        elif moment is Moment.STOPPING and not output.quiet:
            terminal.print_stopping(number, aside=output.banner_is_aside)
        elif moment is Moment.REPLACED and not output.quiet:
            terminal.print_replaced(number, aside=output.banner_is_aside)

    grace = rereading.settings.limits.grace_seconds
    was_cut_off = Supervisor(serve_on, queues, grace=grace, tell=tell, prepare=rereading.read).run()
    if not output.quiet:
        terminal.print_stopped(was_cut_off, aside=output.banner_is_aside)
    return was_cut_off


async def _stop_on_signal(server: Server, signals: AsyncIterator[int], output: Output) -> bool:
    """Whether a second signal cut answers off."""
    await anext(signals)
    server.stop()
    with trio.move_on_after(_PATIENCE) as brief:
        await server.wait_stopped()
    if brief.cancelled_caught and not output.quiet:
        terminal.print_stopping(server.connections, aside=output.banner_is_aside)
    cut_off = False
    async with trio.open_nursery() as nursery:

        async def wait_for_second() -> None:
            nonlocal cut_off
            await anext(signals)
            cut_off = True
            server.stop(grace=0)

        nursery.start_soon(wait_for_second)
        await server.wait_stopped()
        nursery.cancel_scope.cancel()
    if not output.quiet:
        terminal.print_stopped(cut_off, aside=output.banner_is_aside)
    return cut_off
