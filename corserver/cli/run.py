"""Run a server in the terminal until a signal stops it."""

import functools
import signal
import sys
from collections.abc import AsyncIterator, Sequence

import click
import trio

from corserver.cli import terminal
from corserver.cors.policy import Policy
from corserver.http.messages import App
from corserver.http.server import Server, open_listeners, serve

#: How many ports after a taken one are tried.
_PORTS_TO_TRY = 20
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
    quiet: bool,
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
            access_log=None if quiet else terminal.print_entry,
            allow_hosts=allow_hosts,
            explain_denials=explain_denials,
            listeners=listeners,
        )
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with trio.open_nursery() as nursery:
                server: Server = await nursery.start(start)
                if not quiet:
                    terminal.print_banner(server, serving, policy, wanted_port=port)
                return await _stop_on_signal(server, signals, quiet=quiet)

    try:
        was_cut_off = trio.run(main)
    except OSError as error:
        click.echo(terminal.bind_error(error, host, port, strict=strict_port), err=True)
        sys.exit(EXIT_UNBOUND)
    if was_cut_off:
        sys.exit(EXIT_INTERRUPTED)


async def _stop_on_signal(server: Server, signals: AsyncIterator[int], *, quiet: bool) -> bool:
    """Whether a second signal cut answers off."""
    await anext(signals)
    server.stop()
    if not quiet and server.connections:
        terminal.print_stopping(server.connections)
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
    if not quiet:
        terminal.print_stopped(cut_off)
    return cut_off
