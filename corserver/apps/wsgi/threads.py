"""The threads that an app is called in: a few at once, and what comes meanwhile waits in line.

A thread that has done its work looks for more before it ends, so that most calls neither start a thread nor wake the
server's: with a `trio.CapacityLimiter`, which only the server's thread may touch, a call would cost a wake more.
"""

import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import trio

#: Something to do, which raises nothing.
Work = Callable[[], None]


class Threads:
    """At most *most* threads at once, for what is given to `run`, in order."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._line: deque[Work] = deque()
        self._running = 0
        #: Those that have begun.
        self._idents: set[int] = set()
        self._changed = threading.Condition()

    def run(self, work: Work) -> None:
        """Call *work* in a thread, once there is one. Raises RuntimeError where the system gives none."""
        with self._changed:
            if self._running == self._most:
                self._line.append(work)
                return
            self._running += 1
        try:
            trio.lowlevel.start_thread_soon(lambda: self._work(work), _ignore)
        except BaseException:
            with self._changed:
                self._running -= 1
            raise

    def wait_idle(self, seconds: float) -> bool:
        """Wait until there is nothing to do, *seconds* at most. Blocks. Returns whether there is nothing."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, seconds)

    def places(self) -> list[str]:
        """Where the threads are that have something to do: a file, a line and a function of each."""
        frames = [frame for ident, frame in sys._current_frames().items() if ident in self._idents]
        return [f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}" for frame in frames]

    def _work(self, work: Work) -> None:
        ident = threading.get_ident()
        self._idents.add(ident)
        while True:
            work()
            with self._changed:
                if not self._line:
                    self._running -= 1
                    self._idents.discard(ident)
                    self._changed.notify_all()
                    return
                work = self._line.popleft()


def _ignore(_: Any) -> None:
    pass
