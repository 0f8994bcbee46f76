"""`corserver [DIRECTORY]`: serve a directory."""

from pathlib import Path
from textwrap import fill
from typing import Any

import click

from corserver import __version__
from corserver.apps.auth import BasicAuth
from corserver.apps.files import StaticFiles
from corserver.cli import terminal
from corserver.cli.commands import DefaultCommand
from corserver.cli.logs import LogFormat, Output
from corserver.cli.policy import policy_options, read_policy
from corserver.cli.run import run_server
from corserver.config import cache_control, embedding_lines, header_lines, limits_sentence, users
from corserver.config import limits as read_limits
from corserver.http.messages import App

_EPILOG = "\b\n" + fill(f"Limits: {limits_sentence()}", 78, subsequent_indent="  ", break_on_hyphens=False)


@click.command(
    cls=DefaultCommand,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)
@click.argument("directory", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "-p", "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 is any free port."
)
@click.option("--host", "-b", "--bind", default="127.0.0.1", show_default=True, help="Address; 0.0.0.0 is all of them.")
@click.option("--strict-port", is_flag=True, help="Fail if the port is taken, rather than use the next free one.")
@click.option(
    "--workers", default=1, show_default=True, metavar="N", type=click.IntRange(min=1), help="Processes that serve."
)
@policy_options
@click.option("--explain-denials", is_flag=True, help="Say in a refused preflight's body why it was refused.")
@click.option("--allow-host", multiple=True, metavar="NAME", help="Answer for this host name too.")
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
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change a limit on what a client can make the server do, such as body=1GiB, idle-seconds=5 or requests=none. "
    "Repeatable; they are listed below.",
)
@click.option(
    "--log-format",
    type=click.Choice([form.value for form in LogFormat]),
    default=LogFormat.TEXT.value,
    show_default=True,
    help="For people; the Common Log Format; or a JSON object a line. With the latter two the banner goes to stderr.",
)
@click.option("--no-access-log", is_flag=True, help="No line for each request.")
@click.option("--no-server-header", is_flag=True, help="No Server line in responses.")
@click.option("-q", "--quiet", is_flag=True, help="No banner and no line for each request.")
@click.version_option(__version__, message="%(prog)s %(version)s")
def serve_directory(
    directory: Path,
    port: int,
    host: str,
    strict_port: bool,
    workers: int,
    explain_denials: bool,
    allow_host: tuple[str, ...],
    limits: tuple[str, ...],
    log_format: str,
    no_access_log: bool,
    no_server_header: bool,
    quiet: bool,
    **flags: Any,
) -> None:
    """Serve DIRECTORY (default: the current one) over HTTP, to this machine only; without CORS until asked for."""
    policy = read_policy(**{name: flags.pop(name) for name in tuple(flags) if name.startswith("cors")})
    try:
        chosen = read_limits(limits)
    except ValueError as error:
        raise click.UsageError(terminal.limits_error(error)) from error
    app, remarks = _site(directory, with_cors=policy is not None, **flags)
    run_server(
        app,
        serving=("Root", f"{directory.resolve()}{f' ({remarks})' if remarks else ''}"),
        host=host,
        port=port,
        strict_port=strict_port,
        workers=workers,
        policy=policy,
        allow_hosts=allow_host or None,
        explain_denials=explain_denials,
        server_header=None if no_server_header else "corserver",
        limits=chosen,
        output=Output(LogFormat(log_format), lines=not no_access_log, quiet=quiet),
    )


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
