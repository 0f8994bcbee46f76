"""`corserver demo`: two origins and a page that shows how Access-Control-Allow-Origin works."""

from collections.abc import Sequence

import click

from corserver.cli.options.settings import Settings
from corserver.cli.options.topics import CONTEXT, Option
from corserver.cli.output import notices
from corserver.cli.output.logs import Output
from corserver.cli.serving.opening import open_in_browser
from corserver.cli.serving.server import run_server
from corserver.http.listeners import BoundAddress
from corserver.tools.demo.sites import Demo

_EPILOG = """\b
Examples:
  corserver demo --open
  corserver demo --port 9000
"""


@click.command(
    context_settings=CONTEXT,
    epilog=_EPILOG,
)
@click.option(
    "-p",
    "--port",
    cls=Option,
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Site A's; site B has the next one. 0 is any free port.",
)
@click.option("-o", "--open", "open_", is_flag=True, help="Open the page in the browser.")
def demo(port: int, open_: bool) -> None:
    """Show how Access-Control-Allow-Origin works: site A serves a page that asks site B, and draws what went over the
    wire. Both are on this machine, and nothing else is asked.
    """
    site_b_port = port + 1 if 0 < port < 65535 else 0
    sites = Demo(site_b_port, access_log=Output().access_log())

    def ready(addresses: Sequence[BoundAddress]) -> None:
        address = addresses[0]
        taken = [] if port in (0, address.port) else [("Port", f"{port} is taken, so this is {address.port}")]
        notices.print_rows(
            ("URL", address.url),
            *taken,
            ("Site A", f"{address.url} (the page)"),
            ("Site B", f"{sites.site_b_url} (what it asks)"),
        )
        if open_:
            open_in_browser(address.url)

    settings = Settings(port=port, output=Output(lines=False))
    run_server(sites.app, settings, serving=("Demo", ""), ready=ready)
