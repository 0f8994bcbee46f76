"""A server of several workers to be run by the tests: `python -m tests.http.workers_main 2`.

What the supervisor tells is written as lines. With a second argument, the path of a file, workers end with status 7
before they serve, while that file exists. `/slow` answers when there is something to read on stdin, or its end. With
`--drains` they have a health endpoint, and SIGTERM drains them; with `--never` they
say that they begin, and never serve.
"""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import trio

from corserver import Limits, Policy, Request, Response
from corserver.http.listeners import bound_address, open_queues
from corserver.http.serving import serve
from corserver.http.workers import Moment, Supervisor


class Site:
    """Says which process answers."""

    def __init__(self, broken: Path | None) -> None:
        self._broken = broken

    async def __aenter__(self) -> Self:
        if self._broken is not None and self._broken.exists():
            os._exit(7)
        if "--never" in sys.argv:
            print("BEGINS", flush=True)
            await trio.sleep_forever()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        pass

    async def __call__(self, request: Request) -> Response:
        match request.target:
            case "/pid":
                return Response(str(os.getpid()))
            case "/slow":
                return Response(_slow())
        return Response("no such thing", 404)


async def _slow() -> AsyncIterator[bytes]:
    yield b"begun"
    await trio.lowlevel.wait_readable(0)
    yield b", finished"


def main(workers: int, broken: Path | None) -> None:
    queues = open_queues("127.0.0.1", 0, workers, apart="--one-queue" not in sys.argv)
    url = bound_address(queues[0][0], "http").url

    def tell(moment: Moment, number: int) -> None:
        print(moment.name, number, url, flush=True)

    drain = 20.0 if "--drains" in sys.argv else 0.0
    health = "/healthz" if drain else None

    async def serve_on(**arguments: object) -> None:
        policy = Policy(["https://site.example"], methods=["PUT"])
        limits = Limits(grace_seconds=20)
        await serve(Site(broken), cors=policy, limits=limits, health=health, **arguments)  # type: ignore[arg-type]

    was_cut_off = Supervisor(serve_on, queues, grace=20, drain=drain, tell=tell).run()
    print("CUT OFF" if was_cut_off else "STOPPED", flush=True)


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[2:] if not argument.startswith("--")]
    main(int(sys.argv[1]), paths[0] if paths else None)
