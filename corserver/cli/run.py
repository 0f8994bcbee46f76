"""`corserver run MODULE:APP`: serve an app of ASGI, WSGI or corserver's own."""

import functools
import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from corserver.cli.options.configured import Needed, ServingCommand, checked
from corserver.cli.options.server_options import header_option, server_options, topic_texts
from corserver.cli.options.settings import Settings
from corserver.cli.options.topics import CONTEXT, option
from corserver.cli.serving.hosting import Hosting, Late
from corserver.cli.serving.loading import named
from corserver.cli.serving.server import EXIT_FAILED, run_server
from corserver.cli.serving.watching import Watch, watching
from corserver.config import header_lines
from corserver.http.limits import Limits
from corserver.http.workers import CannotStart

EXAMPLES: Final = """\b
Examples:
  corserver run main:app --cors https://app.example
  corserver run main:app --reload
  corserver run --wsgi flask_app:app --workers 2
  corserver run --factory "shop:create_app" --root-path /api

"""

#: An app has its own limit on a body, or streams it.
_LIMITS: Final = Limits(body=None)
#: What the banner says of CORS.
_OWN: Final = "the app's own policies (--cors ORIGIN takes their place)"
_LEFT: Final = "off: what the app itself says of it is left as it is (--cors ORIGIN takes its place)"
_OWN_IF_ANY: Final = "the app's own policies, if it has any (--cors ORIGIN takes their place)"
_LEVELS: Final = ("critical", "error", "warning", "info", "debug", "trace")


#: Flags that do nothing without another one.
_NEEDS: Final = {
    "threads": "--wsgi",
    "reload_dir": "--reload",
    "reload_include": "--reload",
    "reload_exclude": "--reload",
}


def _check_folders(given: str | tuple[str, ...]) -> None:
    for folder in (given,) if isinstance(given, str) else given:
        if not Path(folder).is_dir():
            raise ValueError(f"there is no directory {folder}")


def _check_root_path(given: str) -> None:
    if given and not given.startswith("/"):
        raise ValueError(f"a path begins with a slash: write /{given}")


@click.command(
    cls=ServingCommand,
    texts=topic_texts(_LIMITS),
    context_settings=CONTEXT,
    epilog=EXAMPLES,
)
@click.argument("target", metavar="MODULE:APP", cls=Needed, callback=checked(named))
@functools.partial(server_options, base=_LIMITS)
@option("--factory", topic="app", common=True, is_flag=True, help="APP is a function that makes the app.")
@option(
    "--app-dir",
    topic="app",
    common=True,
    default="",
    callback=checked(_check_folders),
    metavar="DIRECTORY",
    help="Where MODULE is looked for first.  [default: here]",
)
@option(
    "--wsgi",
    "is_wsgi",
    topic="app",
    common=True,
    is_flag=True,
    help="APP is a WSGI app (Flask, Django), run in threads.",
)
@option("--threads", topic="app", type=click.IntRange(min=1), metavar="N", help="How many threads a WSGI app has.")
@option(
    "--loop",
    topic="app",
    type=click.Choice(["auto", "asyncio", "trio"]),
    default="auto",
    show_default=True,
    help="What an ASGI app runs on; auto is trio for Quart-Trio and asyncio for others.",
)
@option(
    "--lifespan",
    topic="app",
    type=click.Choice(["auto", "on", "off"]),
    default="auto",
    show_default=True,
    help="Tell an ASGI app of its start and end: auto if it listens, on or it does not start, off never.",
)
@option(
    "--root-path",
    topic="app",
    default="",
    callback=checked(_check_root_path),
    metavar="PATH",
    help="The beginning of all paths that a proxy in front removes.",
)
@option(
    "--reload",
    topic="app",
    common=True,
    is_flag=True,
    help="Load the app anew when its files change, and the policies when the configuration file does.",
)
@option(
    "--reload-dir",
    topic="app",
    multiple=True,
    callback=checked(_check_folders),
    metavar="DIRECTORY",
    help="Watch this instead of the app's. Repeatable.",
)
@option(
    "--reload-include",
    topic="app",
    multiple=True,
    metavar="GLOB",
    help="Watch such files too, beside *.py. Repeatable.",
)
@option("--reload-exclude", topic="app", multiple=True, metavar="GLOB", help="Do not watch such files. Repeatable.")
@option(
    "--limit-concurrency",
    topic="app",
    type=click.IntRange(min=1),
    metavar="N",
    help="Answer 503 while more connections than that are open: --limit concurrency.",
)
@option(
    "--timeout-graceful-shutdown",
    topic="app",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long answers may take to finish at the end: --limit grace-seconds.",
)
@header_option
@option(
    "--log-level",
    topic="output",
    type=click.Choice(_LEVELS),
    default="info",
    show_default=True,
    help="What goes to the log; above info there is no line for each request.",
)
def run(
    target: str,
    settings: Settings,
    *,
    reload: bool,
    reload_dir: tuple[str, ...],
    reload_include: tuple[str, ...],
    reload_exclude: tuple[str, ...],
    limit_concurrency: int | None,
    timeout_graceful_shutdown: float | None,
    headers: tuple[str, ...],
    log_level: str,
    **about_app: Any,
) -> None:
    """Serve APP, an object in the Python module MODULE: an ASGI app (FastAPI, Starlette, Quart ...), a WSGI app with
    --wsgi, or an App of corserver's, with its own policies unless --cors is given."""
    hosting = Hosting(target=target, has_others=settings.workers > 1, **about_app)
    _warn_of_idle(wsgi=hosting.is_wsgi, reload=reload)
    limits = settings.limits
    if limit_concurrency is not None:
        limits = replace(limits, concurrency=limit_concurrency)
    if timeout_graceful_shutdown is not None:
        limits = replace(limits, grace_seconds=timeout_graceful_shutdown)
    settings = replace(settings, limits=limits, headers=header_lines(headers))
    settings = _logging_at(log_level, settings)
    if reload:
        watch = Watch(reload_dir or (hosting.app_dir or ".",), reload_include, reload_exclude)
        if settings.workers > 1:
            click.echo("WARNING --reload serves by one process: --workers does nothing", err=True)
        with watching(watch):
            _serve(hosting, replace(settings, workers=1, watch_config=True), reloads=True)
    else:
        _serve(hosting, settings, reloads=False)


def _warn_of_idle(**given: bool) -> None:
    ctx = click.get_current_context()
    for name, needed in _NEEDS.items():
        # A configuration file may well have them for another time.
        if not given[needed.removeprefix("--")] and ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            click.echo(f"WARNING --{name.replace('_', '-')} does nothing without {needed}", err=True)


def _serve(hosting: Hosting, settings: Settings, *, reloads: bool) -> None:
    app, words = Late(hosting), hosting.target
    unasked = _OWN_IF_ANY
    if settings.workers == 1 and not reloads:
        try:
            words += f" ({app.load()})"
        except CannotStart:
            sys.exit(EXIT_FAILED)
        unasked = _LEFT if app.cors is None else _OWN
    cannot_start = False
    try:
        run_server(app, settings, serving=("App", words), unasked=unasked, reloads=reloads)
    except* CannotStart:
        cannot_start = True
    if cannot_start:
        sys.exit(EXIT_FAILED)


def _logging_at(name: str, settings: Settings) -> Settings:
    level = logging.DEBUG if name == "trace" else logging.getLevelNamesMapping()[name.upper()]
    logging.getLogger("corserver").setLevel(level)
    output = settings.output
    return replace(settings, output=replace(output, lines=output.lines and level <= logging.INFO))
