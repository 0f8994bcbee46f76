"""corserver as it is measured: an app, a route, a policy. `python -m bench.server [PORT]` prints `ready URL`."""

import functools
import sys

import trio

from bench.preflight import HEADER, MAX_AGE, METHOD, ORIGIN
from corserver import App, Policy, Request, Server, serve

app = App(cors=Policy(origins=[ORIGIN], methods=[METHOD], headers=[HEADER], max_age=MAX_AGE))


@app.put("/items/{id}")
async def put_item(request: Request) -> dict[str, object]:
    """The route that the preflight is about."""
    return {"id": request.path_params["id"], "item": await request.json()}


async def main(port: int) -> None:
    """Serve until killed; *port* 0 is any free one."""
    async with trio.open_nursery() as nursery:
        server: Server = await nursery.start(functools.partial(serve, app, port=port))
        print("ready", server.url, flush=True)


if __name__ == "__main__":
    trio.run(main, int(sys.argv[1]) if sys.argv[1:] else 0)
