"""The supervisor: keeps the workers running, replaces them, and stops them. The package says what holds."""

import functools
import logging
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from corserver.http.workers.moments import Moment, WorkersFailed
from corserver.http.workers.process import Process, how
from corserver.http.workers.signals import Signals, caught_signals, has_terminal
from corserver.http.workers.slot import Slot
from corserver.http.workers.worker import EXIT_CUT_OFF, Command, Serve

logger = logging.getLogger("corserver")

#: A worker that has served for less did not live, in seconds.
_QUICK_SECONDS: Final = 1.0
#: How long to wait after the second worker in a row that did not live, and at most, in seconds.
_FIRST_DELAY: Final = 0.1
_LONGEST_DELAY: Final = 10.0
#: How long to wait for something to happen, in seconds: poll(2) counts no more than 24 days.
_LONGEST_WAIT: Final = 86400.0
#: How much later than it should have ended a worker is killed, in seconds.
_KILL_SECONDS: Final = 2.0


class Supervisor:
    """Runs a worker for each of *queues*, the listening sockets of a slot; closes them in the end.

    *serve_on* is `serve` with everything but *listeners* and *task_status*.
    *grace* is how long answers may take to finish, in seconds, as in `Limits`; *drain* is how long they go on after a
    SIGTERM, saying that they will end. *tell* is called with a `Moment`, *prepare* before a SIGHUP replaces the
    workers; where it returns False they stay.
    Where it *reloads*, a SIGHUP means that the program has changed: who serves the old one is stopped at once, and
    where a worker does not start, the next SIGHUP is waited for.
    """

    def __init__(
        self,
        serve_on: Serve,
        queues: Sequence[Sequence[socket.socket]],
        *,
        grace: float,
        drain: float = 0.0,
        tell: Callable[[Moment, int], None] | None = None,
        reloads: bool = False,
        prepare: Callable[[], bool] | None = None,
    ) -> None:
        self._serve_on = serve_on
        self._slots = [Slot(listeners) for listeners in queues]
        self._grace = grace
        self._drain = drain
        #: When to stop, if it is draining.
        self._stop_at = float("inf")
        self._tell = tell
        self._reloads = reloads
        self._prepare = prepare
        #: All that run, those that are leaving too.
        self._processes: set[Process] = set()
        self._to_replace: list[Slot] = []
        #: Whose places are taken, until they accept no more; and whether that is still to be told.
        self._replaced: set[Process] = set()
        self._tells_replaced = False
        self._has_started = False
        self._is_stopping = False
        self._was_cut_off = False
        self._failure = ""
        self._had_terminal = has_terminal()

    def run(self) -> bool:
        """Serve until a signal stops it. Whether answers were cut off.

        Raises `WorkersFailed`, and OSError where there cannot be a worker.
        """
        try:
            with caught_signals() as signals:
                for slot in self._slots:
                    slot.worker = self._fork(slot)
                while self._processes or not self._is_stopping:
                    self._wait(signals)
                    self._reap()
                    self._keep_time()
                    self._replace_next()
                    self._tell_replaced()
        finally:
            self._let_go_of_all()
        if self._failure:
            raise WorkersFailed(self._failure)
        return self._was_cut_off

    # ---------------------------------------------------------------------------------------------------- what happens

    def _wait(self, signals: Signals) -> None:
        reporting = {process.report_fd: process for process in self._processes}
        poll = select.poll()
        for fd in (signals.fileno(), *reporting):
            if fd is not None:
                poll.register(fd, select.POLLIN)
        deadline = min(self._deadlines(), default=float("inf"))
        seconds = min(max(0.0, deadline - time.monotonic()), _LONGEST_WAIT)
        for fd, _ in poll.poll(seconds * 1000 + 1):
            if fd in reporting:
                self._read_report(reporting[fd])
        for number in signals.take():
            self._heed(number)

    def _deadlines(self) -> Iterator[float]:
        yield self._stop_at
        yield from (process.kill_at for process in self._processes)
        if not self._is_stopping:
            yield from (slot.start_at for slot in self._slots if slot.is_empty)

    def _heed(self, number: signal.Signals) -> None:
        hangs_up, is_ending = number is signal.SIGHUP, self._is_draining or self._is_stopping
        if number is signal.SIGTERM and self._drain and self._has_started and not is_ending:
            self._stop_at = time.monotonic() + self._drain
            for process in self._processes:
                process.say(Command.DRAIN)
        elif number in (signal.SIGINT, signal.SIGTERM) or (hangs_up and self._had_terminal and not has_terminal()):
            self._stop()
        elif hangs_up and not is_ending and (self._prepare is None or self._prepare()):
            for slot in self._slots:
                slot.start_at = 0.0
                if (starting := slot.give_up_start()) is not None:
                    starting.tell(Command.STOP, _KILL_SECONDS)
            self._to_replace = [slot for slot in self._slots if not slot.is_empty]

    @property
    def _is_draining(self) -> bool:
        return self._stop_at < float("inf")

    def _stop(self) -> None:
        command, seconds = (Command.CUT, 0.0) if self._is_stopping else (Command.STOP, self._grace)
        self._is_stopping, self._stop_at = True, float("inf")
        self._replace_no_more()
        self._close_listeners()
        for process in self._processes:
            process.tell(command, seconds + _KILL_SECONDS)

    def _read_report(self, process: Process) -> None:
        was_leaving, left = process.is_leaving, process.left
        if process.read_report():
            self._serves(process)
        if process.is_leaving and not was_leaving:
            self._leaves(process)
        if self._is_stopping and process.left != left:
            self._say_who_is_left()

    def _serves(self, process: Process) -> None:
        slot = self._slot_of(process)
        if slot is not None and process is slot.successor:
            old, slot.worker, slot.successor = slot.worker, process, None
            if old is not None:
                old.tell(*self._farewell())
                self._replaced.add(old)
            self._tells_replaced = True
        if not self._has_started and all(slot.worker and slot.worker.serving_since for slot in self._slots):
            self._has_started = True
            self._say(Moment.STARTED, len(self._slots))

    def _tell_replaced(self) -> None:
        # Only now, as whoever hears it may ask, and is to be answered by a new one.
        self._replaced = {process for process in self._replaced & self._processes if process.accepts}
        is_over = not (self._replaced or self._to_replace or any(slot.successor for slot in self._slots))
        if self._tells_replaced and is_over:
            self._tells_replaced = False
            self._say(Moment.REPLACED, len(self._slots))

    def _farewell(self) -> tuple[Command, float]:
        if self._reloads:
            return Command.STOP, self._grace + _KILL_SECONDS
        return Command.RETIRE, 2 * self._grace + _KILL_SECONDS

    def _leaves(self, process: Process) -> None:
        # Of its own will: somebody else sent it a SIGTERM. Its queue is not to wait until it has finished.
        process.kill_at = time.monotonic() + self._grace + _KILL_SECONDS
        slot = self._slot_of(process)
        if self._has_started and slot is not None and process is slot.worker:
            logger.warning("worker %d stops, not told by its supervisor; another one starts now", process.pid)
            slot.worker, slot.start_at = None, 0.0

    def _say_who_is_left(self) -> None:
        counts = [process.left for process in self._processes]
        total = sum(count or 0 for count in counts)
        if total and None not in counts:
            self._say(Moment.STOPPING, total)

    def _say(self, moment: Moment, number: int) -> None:
        if self._tell is not None:
            self._tell(moment, number)

    # -------------------------------------------------------------------------------------------------- workers' ends

    def _reap(self) -> None:
        for process in tuple(self._processes):
            code = process.exit_code()
            if code is not None:
                self._read_report(process)  # Its last words.
                self._forget(process)
                self._was_cut_off |= self._is_stopping and code == EXIT_CUT_OFF
                self._ended(process, code)

    def _ended(self, process: Process, code: int) -> None:
        slot = self._slot_of(process)
        if slot is None or self._is_stopping:
            return
        what = f"worker {process.pid} ended: {how(code)}"
        if self._reloads and process is not slot.successor:
            slot.worker, slot.start_at = None, float("inf")
            logger.warning("nothing is served until the program changes: %s", what)
        elif not self._has_started:
            self._failure = what
            self._stop()
        elif process is slot.successor:
            slot.successor = None
            self._replace_no_more()
            logger.warning("%s; it did not get to serve, and the workers that do stay", what)
        else:
            slot.worker = None
            if not process.is_leaving:
                self._restart(slot, what, process.serving_since)

    def _restart(self, slot: Slot, what: str, serving_since: float | None) -> None:
        now = time.monotonic()
        did_live = serving_since is not None and now - serving_since >= _QUICK_SECONDS
        slot.failures = 0 if did_live else slot.failures + 1
        delay = 0.0 if slot.failures < 2 else min(_FIRST_DELAY * 2.0 ** (slot.failures - 2), _LONGEST_DELAY)
        slot.start_at = now + delay
        when = f"in {delay:g} seconds, as {slot.failures} in a row ended at once" if delay else "now"
        logger.warning("%s; another one starts %s", what, when)

    def _keep_time(self) -> None:
        now = time.monotonic()
        if self._stop_at <= now:
            self._stop()
        for process in self._processes:
            if process.kill_at <= now:
                logger.warning("worker %d did not stop in time: it is killed", process.pid)
                process.kill()
                self._was_cut_off |= self._is_stopping
        for slot in self._slots:
            if not self._is_stopping and slot.is_empty and slot.start_at <= now:
                try:
                    slot.worker = self._fork(slot)
                except OSError as error:
                    self._restart(slot, f"no worker can be started: {error.strerror}", None)

    def _replace_next(self) -> None:
        if not self._has_started or any(slot.successor for slot in self._slots):
            return
        while self._to_replace:
            slot = self._to_replace.pop(0)
            if slot.worker is not None:  # Otherwise whoever comes is a new one.
                try:
                    slot.successor = self._fork(slot)
                except OSError as error:
                    self._replace_no_more()
                    logger.warning("no worker can be started, and those that serve stay: %s", error.strerror)
                return

    def _replace_no_more(self) -> None:
        self._to_replace.clear()
        self._tells_replaced = False

    # ------------------------------------------------------------------------------------------ processes and sockets

    def _slot_of(self, process: Process) -> Slot | None:
        return next((slot for slot in self._slots if process in (slot.worker, slot.successor)), None)

    def _fork(self, slot: Slot) -> Process:
        def let_go_of_others() -> None:
            for process in tuple(self._processes):
                self._forget(process)
            self._close_listeners(keep=slot)

        process = Process.fork(functools.partial(self._serve_on, listeners=slot.listeners), let_go_of_others)
        self._processes.add(process)
        if self._is_draining:
            process.say(Command.DRAIN)
        return process

    def _forget(self, process: Process) -> None:
        self._processes.remove(process)
        process.forget()

    def _let_go_of_all(self) -> None:
        # Workers run still only if something raised here: their pipes end, and they stop.
        for process in tuple(self._processes):
            self._forget(process)
        self._close_listeners()

    def _close_listeners(self, keep: Slot | None = None) -> None:
        for slot in self._slots:
            if slot is not keep:
                for listener in slot.listeners:
                    listener.close()
