"""corserver as it is measured: an app, routes, a policy. `python -m bench.server [PORT]` prints `ready URL`.

It imports as little as it can, as its start is measured too.
"""

import argparse
import functools
from collections.abc import Callable
from pathlib import Path

import trio

from bench.answers import HEADER, ITEM, MAX_AGE, METHOD, ORIGIN
from corserver import App, Entry, Limits, Policy, Request, Server, serve
from corserver.http.messages import App as AnyApp

policy = Policy(origins=[ORIGIN], methods=[METHOD], headers=[HEADER], max_age=MAX_AGE)
app = App(cors=policy)


@app.get("/items/{id}")
async def get_item(request: Request) -> dict[str, object]:
    """The item of the path."""
    return {**ITEM, "id": request.path_params["id"]}


@app.put("/items/{id}")
async def put_item(request: Request) -> dict[str, object]:
    """The route that the preflight is about."""
    return {"id": request.path_params["id"], "item": await request.json()}


@app.post("/items/{id}")
async def post_item(request: Request) -> dict[str, object]:
    """Read and parse."""
    item = await request.json()
    return {"stored": item["name"]}


def _access_log() -> Callable[[Entry], None] | None:
    from corserver.cli.output.logs import Output  # Only here: it is what the command line loads, not what `serve` does.

    return Output().access_log()


def _remember_nothing() -> None:
    from corserver.http import serving
    from corserver.http.exchange import Service

    # There is no public word for it: nobody but a test or this measurement wants such a server.
    vars(serving)["Service"] = functools.partial(Service, remembers=False)


def _served(files: Path | None, hosted: str | None, loop: str) -> AnyApp:
    if files is not None:
        from corserver import StaticFiles  # Only here: a fifth of what is imported is for files.

        return StaticFiles(files)
    if hosted is None:
        return app
    from bench.apps import asgi as apps  # Only here, for the same reason.
    from corserver import asgi

    return asgi(getattr(apps, hosted)(), loop=loop, lifespan="off")


async def run(port: int, served: AnyApp, *, access_log: bool, limits: Limits) -> None:
    """Serve until killed; *port* 0 is any free one."""
    service = functools.partial(
        serve,
        served,
        port=port,
        cors=None if served is app else policy,
        access_log=_access_log() if access_log else None,
        limits=limits,
    )
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(service)
        print("ready", server.url, flush=True)


def main() -> None:
    """Serve what is measured, by corserver's public names, `--plain` apart."""
    parser = argparse.ArgumentParser(prog="python -m bench.server", description=__doc__)
    parser.add_argument("port", nargs="?", default=0, type=int, help="0 is any free one")
    parser.add_argument("--files", type=Path, metavar="DIRECTORY", help="serve these instead of the app")
    parser.add_argument("--asgi", metavar="NAME", help="serve what this function of bench.apps.asgi makes")
    parser.add_argument("--loop", default="trio", choices=["trio", "asyncio"], help="what that runs on")
    parser.add_argument("--access-log", action="store_true", help="write lines to stdout, as the command line does")
    parser.add_argument(
        "--plain", action="store_true", help="remember no heads, and nothing of what was decided on them"
    )
    parser.add_argument("--requests", type=int, default=0, help="on a connection; 0 is no limit")
    parser.add_argument("--idle-seconds", type=float, default=75.0, help="how long a connection may say nothing")
    given = parser.parse_args()
    limits = Limits(requests=given.requests or None, idle_seconds=given.idle_seconds)
    if given.plain:
        _remember_nothing()
    served = _served(given.files, given.asgi, given.loop)
    trio.run(functools.partial(run, given.port, served, access_log=given.access_log, limits=limits))


if __name__ == "__main__":
    main()
