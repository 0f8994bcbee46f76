"""Run a server in the terminal until a signal stops it."""

import functools
import signal
import sys
from collections.abc import AsyncIterator, Sequence

import click
import trio

from corserver.cli import terminal
from corserver.cli.logs import Output, log_rest, log_to_stderr
from corserver.cors.policy import Policy
from corserver.http.limits import Limits
from corserver.http.listeners import open_listeners
from corserver.http.messages import App
from corserver.http.server import Server, serve

#: How many ports after a taken one are tried.
_PORTS_TO_TRY = 20
#: How long it may take to stop before somebody who waits is told why, in seconds.
_PATIENCE = 0.2
EXIT_UNBOUND = 3
EXIT_INTERRUPTED = 130


def run_server(
    app: App,
    *,
    serving: tuple[str, str],
    host: str,
    port: int,
    strict_port: bool,
    policy: Policy | None,
    allow_hosts: Sequence[str] | None,
    explain_denials: bool,
    server_header: str | None,
    limits: Limits,
    output: Output,
) -> None:
    """Serve *app* until SIGINT or SIGTERM; a second one does not wait for the answers under way.

    *serving* is the banner's line on what is served: a label and a text. Exits with 3 where the address cannot be
    bound, with 130 where answers were cut off.
    """

    async def main() -> bool:
        or_next = 0 if strict_port or port == 0 else _PORTS_TO_TRY
        listeners = await open_listeners(host, port, or_next=or_next)
        start = functools.partial(
            serve,
            app,
            cors=policy,
            access_log=output.access_log,
            limits=limits,
            server_header=server_header,
            allow_hosts=allow_hosts,
            explain_denials=explain_denials,
            listeners=listeners,
        )
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with trio.open_nursery() as nursery:
                server: Server = await nursery.start(start)
                if not output.quiet:
                    aside = output.banner_is_aside
                    terminal.print_banner(server, serving, policy, wanted_port=port, aside=aside)
                return await _stop_on_signal(server, signals, output)

    repeated = log_to_stderr()
    try:
        was_cut_off = trio.run(main)
    except OSError as error:
        click.echo(terminal.bind_error(error, host, port, strict=strict_port), err=True)
        sys.exit(EXIT_UNBOUND)
    finally:
        log_rest(repeated)
    if was_cut_off:
        sys.exit(EXIT_INTERRUPTED)


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
