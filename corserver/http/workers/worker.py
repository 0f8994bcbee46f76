"""A worker as it sees itself: from just after the fork to its exit.

It has two pipes. On one the supervisor commands, a byte each; when that ends the supervisor is gone, and the worker
stops as if it was told to. On the other it reports, in lines: `serving`, once it does; `closed`, once it accepts no
more; `left 3`, the connections that are left some moments after it was told to stop; `served`, once none is, and the
app ends; `leaving`, when it stops for another reason, a SIGTERM. The signals of a terminal are for the supervisor, and
ignored here.
"""

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from enum import Enum
from typing import Final, NoReturn

import trio

from corserver.http.health import LEAVING_SECONDS
from corserver.http.server import Server
from corserver.http.workers.signals import ignore

logger = logging.getLogger("corserver")

#: A worker's exit status: its answers were finished; they were cut off; it failed.
EXIT_DONE: Final = 0
EXIT_FAILED: Final = 1
EXIT_CUT_OFF: Final = 130
#: How long after a stop the connections are counted that hold it up, in seconds.
_PATIENCE: Final = 0.2


class CannotStart(Exception):
    """A worker cannot serve, and why was said already."""


class Command(Enum):
    """What the supervisor says."""

    #: Another worker serves: send the clients there.
    RETIRE = b"r"
    #: Go on, but say that the end is near.
    DRAIN = b"d"
    #: Finish the answers under way, within the grace.
    STOP = b"s"
    #: Finish nothing.
    CUT = b"c"


#: What a worker runs: `serve` with everything but its *task_status*.
Serve = Callable[..., Awaitable[None]]


def run_worker(serve: Serve, control: int, report: int, mask: Iterable[int]) -> NoReturn:
    """Be a worker; ends the process. *control* and *report* are its ends of the pipes, *mask* the signals to block."""
    code = EXIT_FAILED
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, ignore)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        code = EXIT_CUT_OFF if trio.run(_Worker(control, report).run, serve) else EXIT_DONE
    except BaseException as error:
        if not _was_said(error):
            logger.exception("a worker failed")
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # A log that nobody reads any more.
                stream.flush()
        os._exit(code)


def _was_said(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return error.split(CannotStart)[1] is None
    return isinstance(error, CannotStart)


class _Worker:
    def __init__(self, control: int, report: int) -> None:
        self._control = control
        self._report = report
        self._server: Server | None = None
        self._starting = trio.CancelScope()
        #: How it was told to end before it had started.
        self._told: Command | None = None
        self._stopping = trio.Event()
        self._was_cut_off = False
        self._is_draining = False

    async def run(self, serve: Serve) -> bool:
        """Serve until told to stop. Whether answers were cut off."""
        async with trio.open_nursery() as nursery:
            await nursery.start(self._heed_signals)
            nursery.start_soon(self._heed_commands)
            async with trio.open_nursery() as serving:
                with self._starting:
                    self._server = await serving.start(serve)
                if self._server is None:
                    serving.cancel_scope.cancel()
                else:
                    if self._is_draining:
                        self._server.drain()
                    if self._told is not None:  # As it started, so that there was nothing to cancel any more.
                        self._obey(self._told)
                    self._say("serving")
                    nursery.start_soon(self._count, self._server)
                    nursery.start_soon(self._tell_ends, self._server)
            nursery.cancel_scope.cancel()
        return self._was_cut_off

    async def _heed_signals(self, task_status: trio.TaskStatus[None]) -> None:
        with trio.open_signal_receiver(signal.SIGTERM) as signals:
            task_status.started()
            async for _ in signals:
                self._say("leaving")
                self._obey(Command.STOP)

    async def _heed_commands(self) -> None:
        async with trio.lowlevel.FdStream(self._control) as control:
            async for data in control:
                for byte in data:
                    self._obey(Command(bytes([byte])))
        self._obey(Command.STOP)

    def _obey(self, command: Command) -> None:
        self._is_draining |= command is Command.DRAIN
        if self._server is None:
            if command is not Command.DRAIN:
                self._told = command
                self._starting.cancel()
        elif command is Command.RETIRE:
            self._server.retire()
        elif command is Command.DRAIN:
            self._server.drain()
        elif command is Command.STOP:
            self._stopping.set()
            if self._is_draining:
                self._server.retire(LEAVING_SECONDS)
            else:
                self._server.stop()
        else:
            self._was_cut_off = True
            self._server.stop(grace=0)

    async def _count(self, server: Server) -> None:
        await self._stopping.wait()
        await trio.sleep(_PATIENCE)
        self._say(f"left {server.connections}")

    async def _tell_ends(self, server: Server) -> None:
        await server.wait_closed()
        self._say("closed")
        await server.wait_stopped()
        self._say("served")

    def _say(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # The supervisor is gone, which the other pipe says.
            os.write(self._report, f"{line}\n".encode())
