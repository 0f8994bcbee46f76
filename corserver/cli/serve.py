"""`corserver [DIRECTORY]`: serve a directory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from corserver import __version__
from corserver.apps.auth import BasicAuth
from corserver.apps.files import StaticFiles
from corserver.cli.commands import DefaultCommand
from corserver.cli.configured import Lines, ServingCommand, checked, configuration, is_given
from corserver.cli.embeddable import Embeddable
from corserver.cli.rereading import Policies
from corserver.cli.server_options import LIMITS_EPILOG, Settings, server_options
from corserver.cli.serving import run_server
from corserver.config import cache_control, embedding_lines, header_lines, users
from corserver.http.messages import App


class ServeDirectory(DefaultCommand, ServingCommand):
    """The command that is meant without a name, configured as those with one that serve are."""


@click.command(
    cls=ServeDirectory,
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
    callback=checked(cache_control),
    metavar="SECONDS",
    help="Let files be used that long without asking again (also 10m, 2h, 7d, no-store); "
    "those with a hash in their name for good.",
)
@click.option(
    "-H",
    "--header",
    "headers",
    multiple=True,
    type=Lines(),
    callback=checked(header_lines),
    metavar="'NAME: VALUE'",
    help="Put this line on every answer. Repeatable.",
)
@click.option(
    "--isolate", is_flag=True, help="Make pages cross-origin isolated: SharedArrayBuffer, WebAssembly threads."
)
@click.option(
    "--auth",
    multiple=True,
    hide_input=True,
    callback=checked(users),
    metavar="USER:PASS",
    help="Ask for this name and password. Repeatable. Others on this machine can see it here: CORSERVER_AUTH hides it.",
)
@click.option("--dotfiles", is_flag=True, help="Serve files and directories whose name begins with a dot.")
@click.version_option(__version__, message="%(prog)s %(version)s")
def serve_directory(directory: Path, settings: Settings, **flags: Any) -> None:
    """Serve DIRECTORY (default: the current one) over HTTP, to this machine only; without CORS until asked for."""
    _keep_passwords(directory)
    app, remarks, govern = _site(directory, settings.policy, **flags)
    what = f"{directory.resolve()}{f' ({remarks})' if remarks else ''}"
    run_server(app, settings, serving=("Root", what), changed=govern)


def _keep_passwords(directory: Path) -> None:
    found = configuration(click.get_current_context())
    if found is None or "auth" not in found.places or is_given("auth"):
        return
    if found.file.path.resolve().is_relative_to(directory.resolve()):
        where = f"{found.file.path}:{found.file.line(*found.places['auth'])}"
        raise click.UsageError(f"{where} has passwords, and would itself be served: keep them in CORSERVER_AUTH")


def _site(
    directory: Path,
    policies: Policies,
    *,
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
) -> tuple[App, str, Callable[[Policies], None]]:
    """The app, what is to be said of it in the banner, and what is to be called when there are other policies."""
    try:
        own = header_lines(headers)
        named = {name.lower() for name, _ in own}
        age = cache_control(cache)

        def files(with_cors: bool) -> StaticFiles:
            usual = embedding_lines(isolate=isolate, cors=with_cors)
            return StaticFiles(
                directory,
                index=index,
                listing=not no_listing,
                spa=spa,
                clean_urls=clean_urls,
                compress=compress,
                cache_control=age,
                immutable=age.startswith("max-age"),
                headers=(*[line for line in usual if line[0].lower() not in named], *own),
                dotfiles=dotfiles,
            )

        site = Embeddable(files(True), files(False), policies)
        logins = users(auth)
        app = BasicAuth(site, logins) if logins else site
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    remarks = {
        f"login: {', '.join(logins)}": bool(logins),
        "cross-origin isolated": isolate,
        "with dotfiles": dotfiles,
    }
    return app, "; ".join(remark for remark, holds in remarks.items() if holds), site.govern
