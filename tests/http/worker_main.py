"""`python -m tests.http.worker_main`: workers that are told to stop as they start, one after the other."""

import os
import signal
from typing import cast

import trio

from corserver import App, Server, serve
from corserver.http.listeners import open_listeners
from corserver.http.workers.worker import Command, run_worker

#: trio's order within a turn is random: several tries.
TRIES = 12


class Telling:
    """Tells the worker to stop, in the very step in which its server has started."""

    def __init__(self, status: trio.TaskStatus[Server], commands: int) -> None:
        self._status = status
        self._commands = commands

    def started(self, value: Server) -> None:
        self._status.started(value)
        os.write(self._commands, Command.STOP.value)


def main() -> None:
    for _ in range(TRIES):
        pid = os.fork()
        if not pid:
            be_worker()
        print("ended:", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def be_worker() -> None:
    commanded, commands = os.pipe()
    _, report = os.pipe()
    signal.alarm(20)  # Nobody else would end it.

    async def serve_on(*, task_status: trio.TaskStatus[Server]) -> None:
        listeners = await open_listeners("127.0.0.1", 0)
        await serve(
            App(), listeners=listeners, task_status=cast("trio.TaskStatus[Server]", Telling(task_status, commands))
        )

    run_worker(serve_on, commanded, report, ())


if __name__ == "__main__":
    main()
