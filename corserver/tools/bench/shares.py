"""A load in one process, or in several of which each has a share: `python -m corserver.tools.bench.shares` is one.

A process is given its plan on stdin, opens its connections, says `ready`, waits for a line, and runs; its progress and
in the end its share are lines of JSON on stdout.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import trio

from corserver.tools.bench.client import Client
from corserver.tools.bench.plan import BenchError, Plan
from corserver.tools.bench.result import Share

#: Called about once a second with the right answers and the errors so far.
Progress = Callable[[int, int], None]


async def run(plan: Plan, processes: int, progress: Progress) -> tuple[Share, ...]:
    """The load of *plan*, in so many processes."""
    plans = plan.shares(processes)
    if len(plans) == 1:
        client = Client(plan, progress)
        await client.open()
        return (await client.run(),)
    children: list[_Child] = []
    counts = [(0, 0)] * len(plans)

    def count(index: int, done: int, errors: int) -> None:
        counts[index] = done, errors
        progress(sum(done for done, _ in counts), sum(errors for _, errors in counts))

    try:
        for _ in plans:
            children += [await _open()]
        for child, each in zip(children, plans, strict=True):
            await child.start(each)
        for child in children:
            await child.say("go")
        async with trio.open_nursery() as nursery:
            for index, child in enumerate(children):
                nursery.start_soon(child.follow, index, count)
    finally:
        for child in children:
            child.end()
    return tuple(child.share for child in children)


class _Child:
    """A process with a share."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._said = b""
        self.share: Share

    async def start(self, plan: Plan) -> None:
        await self.say(json.dumps(asdict(plan) | {"request": plan.request.decode("latin-1")}))
        await self._next()

    async def say(self, line: str) -> None:
        assert self._process.stdin is not None
        await self._process.stdin.send_all(f"{line}\n".encode())

    async def follow(self, index: int, count: Callable[[int, int, int], None]) -> None:
        while "share" not in (said := await self._next()):
            count(index, *said["progress"])
        share = said["share"]
        for name in ("latencies", "statuses"):
            share[name] = {int(key): value for key, value in share[name].items()}
        self.share = Share(**share | {"seconds": tuple(share["seconds"])})
        await self._process.wait()

    async def _next(self) -> dict[str, Any]:
        """The next line of what it says."""
        assert self._process.stdout is not None
        while b"\n" not in self._said:
            more = await self._process.stdout.receive_some()
            if not more:
                raise BenchError("a process of the client ended early: what it said is above")
            self._said += more
        line, _, self._said = self._said.partition(b"\n")
        found: dict[str, Any] = json.loads(line)
        return found

    def end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()


async def _open() -> _Child:
    command = [sys.executable, "-m", "corserver.tools.bench.shares"]
    # a group of its own: Ctrl-C is for this process, which ends them
    process = await trio.lowlevel.open_process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0)
    return _Child(process)


def main() -> None:
    """One share, in a process of its own."""
    given = json.loads(sys.stdin.readline())
    plan = Plan(**given | {"request": given["request"].encode("latin-1")})

    def say(what: dict[str, Any]) -> None:
        print(json.dumps(what), flush=True)

    async def share() -> Share:
        client = Client(plan, lambda done, errors: say({"progress": [done, errors]}))
        await client.open()
        say({"ready": True})
        sys.stdin.readline()
        return await client.run()

    say({"share": asdict(trio.run(share))})


if __name__ == "__main__":
    main()
