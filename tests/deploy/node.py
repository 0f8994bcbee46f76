"""A node for the tests of a fleet: `python -m tests.deploy.node PORT`; GET and POST say which it is."""

import os
import sys

from corserver import App, Request, Response
from corserver.cli.options.settings import Settings
from corserver.cli.output.logs import Output
from corserver.cli.serving.server import run_server

app = App()


@app.get("/")
async def get(request: Request) -> Response:
    return Response(f"{os.getpid()} {request.client}")


@app.post("/")
async def post(request: Request) -> Response:
    return Response(await request.body())


if __name__ == "__main__":
    settings = Settings(
        port=int(sys.argv[1]),
        strict_port=True,
        output=Output(lines=False),
        trusted_proxies=["127.0.0.1"],
        health="/healthz",
        drain_seconds=0.6,
    )
    run_server(app, settings, serving=("Node", sys.argv[1]))
