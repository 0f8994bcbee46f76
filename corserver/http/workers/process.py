"""A worker as the supervisor sees it: a process and the two pipes to it."""

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Final, Self

from corserver.http.workers.signals import HEARD
from corserver.http.workers.worker import Command, Serve, run_worker

#: How long the app of a worker may take to end, which has served all: an ASGI app's lifespan gets 30 seconds anyway.
_APP_SECONDS: Final = 32.0


class Process:
    """A running worker. *started* and `serving_since` are of `time.monotonic`, as is `kill_at`, when it is overdue."""

    def __init__(self, pid: int, control: int, report: int) -> None:
        self.pid = pid
        self._control = control
        self._report: int | None = report
        #: Since when it serves, None while it does not yet.
        self.serving_since: float | None = None
        #: Whether it was told to end, or has said that it will.
        self.is_leaving = False
        #: Whether it may accept connections.
        self.accepts = True
        #: How many connections hold up its end, once it has said so.
        self.left: int | None = None
        self.kill_at = float("inf")

    @classmethod
    def fork(cls, serve: Serve, let_go: Callable[[], None]) -> Self:
        """Start a worker, which first of all calls *let_go*. Raises OSError."""
        control, our_control = os.pipe()
        try:
            our_report, report = os.pipe()
        except OSError:
            os.close(control)
            os.close(our_control)
            raise
        os.set_blocking(our_report, False)
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # What is buffered would be written by both.
                stream.flush()
        # A signal for the worker must not meet the supervisor's handlers in it.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
        try:
            pid = os.fork()
            if not pid:
                try:
                    os.close(our_control)
                    os.close(our_report)
                    let_go()
                    run_worker(serve, control, report, mask)
                finally:
                    os._exit(1)
        except OSError:
            os.close(our_control)
            os.close(our_report)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.close(control)
            os.close(report)
        return cls(pid, our_control, our_report)

    @property
    def report_fd(self) -> int | None:
        """What is readable when it reports something, None once nothing can come any more."""
        return self._report

    def read_report(self) -> bool:
        """Read what it reports, if anything; whether it has begun to serve."""
        if self._report is None or not select.select([self._report], [], [], 0)[0]:
            return False
        data = os.read(self._report, 4096)
        if not data:
            os.close(self._report)
            self._report = None
        begins = False
        for line in data.splitlines():
            word, _, number = line.partition(b" ")
            if word == b"serving":
                begins, self.serving_since = True, time.monotonic()
            elif word == b"leaving":
                self.is_leaving = True
            elif word == b"closed":
                self.accepts = False
            elif word == b"served":
                self.kill_at = max(self.kill_at, time.monotonic() + _APP_SECONDS)
            else:
                self.left = int(number)
        return begins

    def tell(self, command: Command, kill_after: float) -> None:
        """Tell it to end, and be patient for so many seconds, or for what is left of those of an earlier time."""
        self.is_leaving = True
        self.kill_at = min(self.kill_at, time.monotonic() + kill_after)
        self.say(command)

    def say(self, command: Command) -> None:
        """Tell it something."""
        with contextlib.suppress(BrokenPipeError):  # It has ended already.
            os.write(self._control, command.value)

    def kill(self) -> None:
        """End it at once."""
        self.kill_at = float("inf")
        os.kill(self.pid, signal.SIGKILL)

    def exit_code(self) -> int | None:
        """Its exit status once it has ended, the negative number of a signal that ended it, None while it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None

    def forget(self) -> None:
        """Close the pipes."""
        os.close(self._control)
        if self._report is not None:
            os.close(self._report)


def how(code: int) -> str:
    """An `exit_code` in words."""
    if code >= 0:
        return f"exit status {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
