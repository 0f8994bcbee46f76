"""`corserver [DIRECTORY]`: serve a directory."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from corserver import __version__
from corserver.apps.auth import BasicAuth
from corserver.apps.files import StaticFiles
from corserver.apps.proxy import Fallback
from corserver.cli.commands import DefaultCommand
from corserver.cli.completion import SHELLS, print_completion
from corserver.cli.options.configured import ServingCommand, checked, configuration, is_given
from corserver.cli.options.server_options import header_option, server_options, topic_texts
from corserver.cli.options.settings import Settings
from corserver.cli.options.topics import CONTEXT, option
from corserver.cli.proxy import make_proxy, without_body_limit
from corserver.cli.serving.embeddable import Embeddable
from corserver.cli.serving.rereading import Changed
from corserver.cli.serving.server import run_server
from corserver.config import cache_control, embedding_lines, header_lines, users
from corserver.cors.policy import Policy
from corserver.cors.scopes import PathPattern, Scopes
from corserver.http.messages import App


class ServeDirectory(DefaultCommand, ServingCommand):
    """The command that is meant without a name, configured as those with one that serve are."""


class Directory(click.Path):
    """A directory that there is."""

    def __init__(self) -> None:
        super().__init__(exists=True, file_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Raises `click.UsageError`, which says what there is instead."""
        path = Path(value)
        if path.is_file():
            raise click.UsageError(f"{value} is a file: write the directory that it is in, {path.parent}", ctx)
        if not path.exists():
            port = f"; a port is --port {value}" if value.isdecimal() else ""
            raise click.UsageError(f"there is no directory {value!r} in {Path.cwd()}{port}", ctx)
        return super().convert(value, param, ctx)


@click.command(
    cls=ServeDirectory,
    texts=topic_texts(),
    context_settings=CONTEXT,
)
@click.argument("directory", default=".", type=Directory())
@server_options
@option(
    "--index",
    topic="files",
    default="index.html",
    show_default=True,
    metavar="NAME",
    help="The page of a directory.",
)
@option("--no-listing", topic="files", is_flag=True, help="Do not list directories that have no such page.")
@option(
    "--spa",
    "-s",
    "--single",
    topic="files",
    common=True,
    is_flag=True,
    help="Answer a page that does not exist with the root's index.",
)
@option("--clean-urls", topic="files", is_flag=True, help="Answer /about with about.html, and send /about.html there.")
@option(
    "--compress",
    topic="files",
    is_flag=True,
    help="Compress text with gzip where no .br, .zst or .gz is beside the file.",
)
@option(
    "--cache",
    topic="files",
    default="no-cache",
    show_default=True,
    callback=checked(cache_control),
    metavar="SECONDS",
    help="Let files be used that long without asking again (also 10m, 2h, 7d, no-store); "
    "those with a hash in their name for good.",
)
@header_option
@option(
    "--isolate",
    topic="files",
    is_flag=True,
    help="Make pages cross-origin isolated: SharedArrayBuffer, WebAssembly threads.",
)
@option(
    "--auth",
    topic="files",
    multiple=True,
    hide_input=True,
    callback=checked(users),
    metavar="USER:PASS",
    help="Ask for this name and password. Repeatable. Others on this machine can see it here: CORSERVER_AUTH hides it.",
)
@option(
    "--fallback",
    topic="files",
    metavar="URL",
    help="Ask the server at URL for what is no file here, and for whatever is no GET or HEAD.",
)
@option(
    "--live",
    topic="files",
    common=True,
    is_flag=True,
    help="Reload the pages that are open when files change.  [extra: live]",
)
@option("--dotfiles", topic="files", is_flag=True, help="Serve files and directories whose name begins with a dot.")
@option(
    "--completion",
    topic="output",
    type=click.Choice(SHELLS),
    is_eager=True,
    expose_value=False,
    callback=print_completion,
    help="Print a script that completes commands and options, for a shell to read.",
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def serve_directory(directory: Path, settings: Settings, **flags: Any) -> None:
    """Serve DIRECTORY (default: the current one) over HTTP, to this machine only; without CORS until asked for."""
    _keep_passwords(directory)
    fallback, own = flags.pop("fallback"), header_lines(flags["headers"])
    behind = None if fallback is None else make_proxy(fallback, settings.policy, "--fallback: ", headers=own)
    app, remarks, govern = _site(directory, settings.policy, behind, **flags)
    settings = replace(settings, headers=own)
    if flags["live"]:
        if settings.workers > 1:
            raise click.UsageError("--live is for one process: leave out --workers")
        from corserver.apps.live import PRIVATE

        _keep_private(PRIVATE, settings.policy)
        settings = replace(settings, private_paths=(PRIVATE,))
    if behind is not None:
        settings = without_body_limit(settings)
        remarks = "; ".join(filter(None, (remarks, f"then {behind.url}")))
    what = f"{directory.resolve()}{f' ({remarks})' if remarks else ''}"
    run_server(app, settings, serving=("Root", what), changed=govern)


def _keep_private(prefix: str, policies: Policy | Scopes | None) -> None:
    scopes = policies.scopes if isinstance(policies, Scopes) else ()
    for scope in scopes:
        if PathPattern.parse(prefix).holds(scope.pattern):
            raise click.UsageError(
                f"[[cors]] path = '{scope.pattern}': with --live, {prefix} is for pages of the same origin alone, and "
                "no policy governs it: take this table out"
            )


def _keep_passwords(directory: Path) -> None:
    found = configuration(click.get_current_context())
    if found is None or "auth" not in found.places or is_given("auth"):
        return
    if found.file.path.resolve().is_relative_to(directory.resolve()):
        where = f"{found.file.path}:{found.file.line(*found.places['auth'])}"
        raise click.UsageError(f"{where} has passwords, and would itself be served: keep them in CORSERVER_AUTH")


def _site(
    directory: Path,
    policies: Policy | Scopes | None,
    behind: App | None,
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
    live: bool,
    dotfiles: bool,
) -> tuple[App, str, Changed]:
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
                has_fallback=behind is not None,
                clean_urls=clean_urls,
                compress=compress,
                cache_control=age,
                immutable=age.startswith("max-age"),
                headers=(*[line for line in usual if line[0].lower() not in named], *own),
                dotfiles=dotfiles,
            )

        app: App
        site = Embeddable(files(True), files(False), policies)
        logins = users(auth)
        app = _live(site, directory) if live else site
        app = app if behind is None else Fallback(app, behind)
        app = BasicAuth(app, logins) if logins else app
    except (ValueError, ImportError) as error:
        raise click.UsageError(str(error)) from error
    remarks = {
        f"login: {', '.join(logins)}": bool(logins),
        "cross-origin isolated": isolate,
        "live": live,
        "with dotfiles": dotfiles,
    }
    return app, "; ".join(remark for remark, holds in remarks.items() if holds), site.govern


def _live(files: App, directory: Path) -> App:
    from corserver.apps.live import Live

    return Live(files, [str(directory)])
