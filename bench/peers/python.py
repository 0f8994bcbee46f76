"""corserver, and its peers in Python."""

import importlib.util
import platform
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Final

from bench.exchanges import Kind
from bench.peers.contender import API, Contender, Place
from corserver import __version__

_FILES: Final = frozenset({Kind.FILES})
_GET: Final = frozenset({Kind.JSON})
_INSTALL: Final = "pip install -e '.[bench]'"


def _missing(*modules: str) -> Callable[[], str | None]:
    return lambda: None if all(map(importlib.util.find_spec, modules)) else _INSTALL


def _versions(*distributions: str) -> Callable[[], str]:
    return lambda: ", ".join(f"{name} {metadata.version(name)}" for name in distributions)


def corserver_version() -> str:
    """Of this tree, and what it is built on."""
    return f"{__version__}, {_versions('trio', 'h11')()}"


def _corserver(*options: str) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        files = ["--files", str(place.files)] if place.kind is Kind.FILES else []
        return [sys.executable, "-m", "bench.server", str(place.port), *files, *options]

    return command


def _module(*arguments: str) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        given = (argument.format(port=place.port, files=place.files) for argument in arguments)
        return [sys.executable, "-m", *given]

    return command


def _hosting(name: str, app: str, loop: str, *parts: str, kinds: frozenset[Kind] = API) -> Contender:
    needed = (*parts, *(["trio_asyncio"] if loop == "asyncio" else []))
    return Contender(
        name=name,
        command=_corserver("--asgi", app, "--loop", loop),
        version=lambda: ", ".join(filter(None, (corserver_version(), _versions(*needed)()))),
        missing=_missing(*needed),
        kinds=kinds,
    )


def _uvicorn(name: str, *app: str, http: str = "httptools", kinds: frozenset[Kind] = API) -> Contender:
    options = ("--loop", "uvloop", "--http", http, "--lifespan", "off", "--no-access-log", "--log-level", "error")
    limits = ("--timeout-keep-alive", "75", "--backlog", "1024")
    serving = _module("uvicorn", *app, "--port", "{port}", *options, *limits)
    parts = ("uvicorn", "uvloop", http, *(["starlette"] if "--factory" in app else []))
    # FastAPI is on top of Starlette.
    parts += ("fastapi",) * any("fastapi" in word for word in app)

    def command(place: Place) -> list[str]:
        return ["env", f"BENCH_FILES={place.files}", *serving(place)]

    return Contender(name=name, command=command, version=_versions(*parts), missing=_missing(*parts), kinds=kinds)


CORSERVER: Final = (
    Contender(name="corserver", command=_corserver(), version=corserver_version, kinds=frozenset(Kind)),
    Contender(name="corserver+log", command=_corserver("--access-log"), version=corserver_version),
    Contender(name="corserver-plain", command=_corserver("--plain"), version=corserver_version),
    _hosting("corserver-asgi", "plain", "trio"),
    _hosting("corserver-asyncio", "plain", "asyncio"),
    _hosting("corserver-fastapi", "fastapi", "trio", "fastapi", kinds=_GET),
    _hosting("corserver-fastapi-asyncio", "fastapi", "asyncio", "fastapi", kinds=_GET),
    Contender(
        name="import trio",
        command=lambda place: [sys.executable, "-c", "import trio"],
        version=_versions("trio"),
        answers=False,
    ),
)

#: No worker beside it: `-w 0` serves in the process itself.
_HYPERCORN: Final = "-k trio -b 127.0.0.1:{port} -w 0 --keep-alive 75 --backlog 1024 --log-level error"
#: It takes as many connections at once as its backlog is long.
_GRANIAN: Final = (
    "--interface asginl --host 127.0.0.1 --port {port} --workers 1 --backlog 16384 --loop uvloop --http 1 --no-ws "
    "--log-level error"
)

PYTHON: Final = (
    _uvicorn("uvicorn", "bench.apps.asgi:bare"),
    _uvicorn("uvicorn-cors", "bench.apps.asgi:starlette", "--factory"),
    _uvicorn("uvicorn-fastapi", "bench.apps.asgi:fastapi", "--factory", kinds=_GET),
    _uvicorn("uvicorn-h11-cors", "bench.apps.asgi:starlette", "--factory", http="h11"),
    _uvicorn("uvicorn-files", "bench.apps.asgi:files", "--factory", kinds=_FILES),
    Contender(
        name="hypercorn",
        command=_module("hypercorn", "bench.apps.asgi:bare", *_HYPERCORN.split()),
        version=_versions("hypercorn", "trio"),
        missing=_missing("hypercorn"),
    ),
    Contender(
        name="granian",
        command=_module("granian", "bench.apps.asgi:bare", *_GRANIAN.split()),
        version=_versions("granian", "uvloop"),
        missing=_missing("granian"),
    ),
    Contender(
        name="aiohttp",
        command=_module("bench.apps.aiohttp_server", "{port}"),
        version=_versions("aiohttp"),
        missing=_missing("aiohttp"),
    ),
    Contender(
        name="http.server",
        command=_module(
            "http.server", "{port}", "--bind", "127.0.0.1", "--directory", "{files}", "--protocol", "HTTP/1.1"
        ),
        version=platform.python_version,
        kinds=_FILES,
    ),
)
