"""`corserver [DIRECTORY]`: serve a directory."""

from pathlib import Path
from typing import Any

import click

from corserver import __version__
from corserver.apps.auth import BasicAuth
from corserver.apps.files import StaticFiles
from corserver.apps.proxy import Fallback
from corserver.cli.commands import DefaultCommand
from corserver.cli.proxy import make_proxy, without_body_limit
from corserver.cli.server_options import LIMITS_EPILOG, Settings, server_options
from corserver.cli.serving import run_server
from corserver.config import cache_control, embedding_lines, header_lines, users
from corserver.http.messages import App


@click.command(
    cls=DefaultCommand,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=LIMITS_EPILOG,
)
@click.argument("directory", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
@server_options
@click.option("--index", default="index.html", show_default=True, metavar="NAME", help="The page of a directory.")
@click.option("--no-listing", is_flag=True, help="Do not list directories that have no such page.")
@click.option("--spa", "-s", "--single", is_flag=True, help="Answer a page that does not exist with the root's index.")
@click.option("--clean-urls", is_flag=True, help="Answer /about with about.html, and send /about.html there.")
@click.option("--compress", is_flag=True, help="Compress text with gzip where no .br, .zst or .gz is beside the file.")
@click.option(
    "--cache",
    default="no-cache",
    show_default=True,
    metavar="SECONDS",
    help="Let files be used that long without asking again (also 10m, 2h, 7d, no-store); "
    "those with a hash in their name for good.",
)
@click.option(
    "-H",
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    help="Put this line on every answer. Repeatable.",
)
@click.option(
    "--isolate", is_flag=True, help="Make pages cross-origin isolated: SharedArrayBuffer, WebAssembly threads."
)
@click.option(
    "--auth",
    multiple=True,
    envvar="CORSERVER_AUTH",
    metavar="USER:PASS",
    help="Ask for this name and password. Repeatable. Others on this machine can see it here: CORSERVER_AUTH hides it.",
)
@click.option("--dotfiles", is_flag=True, help="Serve files and directories whose name begins with a dot.")
@click.option(
    "--fallback", metavar="URL", help="Ask the server at URL for what is no file here, and whatever is no GET."
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def serve_directory(directory: Path, settings: Settings, **flags: Any) -> None:
    """Serve DIRECTORY (default: the current one) over HTTP, to this machine only; without CORS until asked for."""
    fallback = flags.pop("fallback")
    app, remarks = _site(directory, with_cors=settings.policy is not None, **flags)
    if fallback is not None:
        behind = make_proxy(fallback, settings.policy)
        app, settings = Fallback(app, behind), without_body_limit(settings)
        remarks = "; ".join(filter(None, (remarks, f"then {behind.url}")))
    what = f"{directory.resolve()}{f' ({remarks})' if remarks else ''}"
    run_server(app, settings, serving=("Root", what))


def _site(
    directory: Path,
    *,
    with_cors: bool,
    index: str,
    no_listing: bool,
    spa: bool,
    clean_urls: bool,
    compress: bool,
    cache: str,
    headers: tuple[str, ...],
    isolate: bool,
    auth: tuple[str, ...],
    dotfiles: bool,
) -> tuple[App, str]:
    """The app, and what is to be said of it in the banner."""
    try:
        own = header_lines(headers)
        named = {name.lower() for name, _ in own}
        usual = [line for line in embedding_lines(isolate=isolate, cors=with_cors) if line[0].lower() not in named]
        age = cache_control(cache)
        files = StaticFiles(
            directory,
            index=index,
            listing=not no_listing,
            spa=spa,
            clean_urls=clean_urls,
            compress=compress,
            cache_control=age,
            immutable=age.startswith("max-age"),
            headers=(*usual, *own),
            dotfiles=dotfiles,
        )
        logins = users(auth)
        app = BasicAuth(files, logins) if logins else files
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    remarks = {
        f"login: {', '.join(logins)}": bool(logins),
        "cross-origin isolated": isolate,
        "with dotfiles": dotfiles,
    }
    return app, "; ".join(remark for remark, holds in remarks.items() if holds)
