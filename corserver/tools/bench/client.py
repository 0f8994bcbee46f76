"""The load: connections that send the same bytes again and again, and how long each answer took.

What is measured must not be this client, so that it is lean: one task of trio's waits for all connections at once (a
selector can itself be waited for, like a socket), and an answer that was seen before costs a look-up and a send.

Latency. In a closed loop a connection sends as soon as it has its answer, and latency counts from there. A server
that stalls then also stalls the load, and the requests that were not sent in that time are missing from the
percentiles: "coordinated omission". With a rate each request has a planned time, and its latency counts from that,
however late it was sent: what a stall did to all who came meanwhile is in the figures.
"""

import contextlib
import select
import selectors
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, Final

import trio

from corserver.tools.bench.answers import Malformed, Reader
from corserver.tools.bench.links import Link, words
from corserver.tools.bench.plan import Plan
from corserver.tools.bench.result import Share

#: How long answers are waited for at the end, in seconds.
GRACE: Final = 2.0
#: How long until a connection that failed is opened again, in seconds.
_PAUSE: Final = 0.05
_CHUNK: Final = 256 * 1024
#: How often in a row trio's other tasks are not asked.
_LOOKS: Final = 16
#: trio's deadlines are kept to a millisecond (epoll's): a planned time that is nearer is waited for by itself.
_FINE: Final = 0.002


class Client:
    """One process's share of a load."""

    def __init__(self, plan: Plan, progress: Callable[[int, int], None] = lambda done, errors: None) -> None:
        self._plan = plan
        self._progress = progress
        self._selector = selectors.DefaultSelector()
        self._reader = Reader()
        self._links = [Link() for _ in range(plan.connections)]
        self._idle: deque[Link] = deque()
        self._broken: deque[tuple[float, Link]] = deque()
        self._address: tuple[int, Any] | None = None
        self._start = self._deadline = self._last = 0.0
        self._sent = self._done = self._busy = 0
        self._looks = self._others = 0
        self._latencies: list[float] = []
        self._counted: Counter[int] = Counter()
        self._statuses: Counter[int] = Counter()
        self._errors: Counter[str] = Counter()
        self._seconds: list[float] = []

    async def open(self) -> None:
        """Open the connections, so that opening them is not part of the time that is measured."""
        found = await trio.socket.getaddrinfo(self._plan.host, self._plan.port, type=socket.SOCK_STREAM)
        self._address = found[0][0], found[0][4]
        for link in self._links:
            self._idle.append(link) if self._plan.reconnects else self._connect(link)
        with trio.move_on_after(GRACE):
            while len(self._idle) + len(self._broken) < len(self._links):
                await trio.lowlevel.wait_readable(self._selector.fileno())
                self._look()

    async def run(self) -> Share:
        """The load, from its first request to its last answer."""
        cpu, self._start = time.process_time(), time.perf_counter()
        self._deadline = self._start + self._plan.duration
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tick)
            await self._drive()
            nursery.cancel_scope.cancel()
        self._fold()
        end = self._last if self._is_sent_up else max(self._last, self._deadline)
        self._errors["no answer in time"] += sum(link.since > 0 for link in self._links)
        self._errors += Counter()  # Without the zeros.
        for link in self._links:
            self._close(link)
        self._selector.close()
        return Share(
            elapsed=max(end - self._start, 1e-9),
            cpu=time.process_time() - cpu,
            latencies=dict(self._counted),
            statuses=dict(self._statuses),
            errors=dict(self._errors),
            seconds=tuple(self._seconds),
            crowd=self._others / max(self._looks, 1) / max(len(self._links) - 1, 1),
            planned=self._planned(min(time.perf_counter(), self._deadline)),
        )

    @property
    def _is_sent_up(self) -> bool:
        return self._plan.requests is not None and self._sent >= self._plan.requests

    async def _drive(self) -> None:
        while True:
            now = time.perf_counter()
            is_over = now >= self._deadline or self._is_sent_up
            if is_over and (not self._busy or now >= self._deadline + GRACE):
                return
            if not is_over:
                self._mend(now)
                self._send_due(now)
            pause = max(self._pause(now, is_over), 0)
            patience = min(pause, _FINE) if self._plan.rate is None else 0.0
            if not patience or not self._look(patience):
                await self._wait(pause)
            # trio's own way to wait costs as much as a few answers: not while there are more, or will be in a moment.
            for _ in range(_LOOKS):
                if (patience and self._idle) or not self._look(patience):
                    break
            await trio.lowlevel.checkpoint()

    async def _wait(self, seconds: float) -> None:
        """Wait for something to come, or so long."""
        if self._plan.rate is not None and seconds < _FINE:
            select.select([self._selector.fileno()], [], [], seconds)
            return
        with trio.move_on_after(seconds):
            await trio.lowlevel.wait_readable(self._selector.fileno())

    def _pause(self, now: float, is_over: bool) -> float:
        """How long nothing is to be done if nothing comes."""
        if is_over:
            return self._deadline + GRACE - now
        until = min(self._deadline, self._broken[0][0]) if self._broken else self._deadline
        if self._plan.rate and self._idle:
            until = min(until, self._start + self._sent / self._plan.rate)
        return until - now

    def _planned(self, now: float) -> int:
        """How many requests should have been sent by *now*."""
        if self._plan.rate is None:
            return self._sent
        return min(int((now - self._start) * self._plan.rate) + 1, self._plan.requests or sys.maxsize)

    def _send_due(self, now: float) -> None:
        """Send on idle links what is due: at its time with a rate, else at once."""
        rate, idle = self._plan.rate, self._idle
        due = len(idle) if rate is None else self._planned(now) - self._sent
        while idle and due > 0 and not self._is_sent_up:
            due -= 1
            self._begin(idle.popleft(), now if rate is None else self._start + self._sent / rate)

    def _begin(self, link: Link, since: float) -> None:
        self._sent += 1
        self._busy += 1
        link.since = since
        if link.sock is None:
            self._connect(link)
        else:
            self._send(link)

    def _send(self, link: Link) -> None:
        assert link.sock is not None
        try:
            sent = link.sock.send(self._plan.request)
            if sent < len(self._plan.request):  # The request before it was answered, so there is room.
                self._fail(link, "a request was not taken")
        except OSError as error:
            self._fail(link, words(error))

    def _look(self, seconds: float = 0.0) -> int:
        """See to every link that something came for, or comes so soon, and return how many."""
        known, reading, latencies = self._reader.known, self._plan.rate is None, self._latencies
        request, status = self._plan.request, self._plan.status
        keeps = reading and not self._plan.reconnects
        ready = self._selector.select(seconds)
        if ready:
            self._looks += 1
            self._others += len(ready) - 1
        for key, events in ready:
            link: Link = key.data
            if events & selectors.EVENT_WRITE:
                self._opened(link)
                continue
            assert link.sock is not None
            try:
                data = link.sock.recv(_CHUNK)
            except OSError as error:
                self._fail(link, words(error))
                continue
            answer = None if link.data else known.get(data)
            if answer is None or answer.closes or answer.status != status or not (keeps and link.since):
                self._take(link, data)
                continue
            # The way of nearly all: known bytes, and the next request at once.
            now = time.perf_counter()
            latencies.append(now - link.since)
            self._done += 1
            self._last = now
            if now >= self._deadline or self._is_sent_up:
                link.since, self._busy = 0.0, self._busy - 1
                self._idle.append(link)
            else:
                self._sent += 1
                link.since = now
                try:
                    link.sock.send(request)
                except OSError as error:
                    self._fail(link, words(error))
        return len(ready)

    def _take(self, link: Link, data: bytes) -> None:
        if not data:
            return self._fail(link, "the connection was closed before an answer")
        if not link.since:
            return self._fail(link, "something came that was not asked for")
        link.data += data
        try:
            answer = self._reader.read(link.data)
        except Malformed as error:
            return self._fail(link, str(error))
        if answer is None:
            return None
        now = time.perf_counter()
        self._last = now
        if answer.status == self._plan.status:
            self._latencies.append(now - link.since)
            self._done += 1
        else:
            self._statuses[answer.status] += 1
            self._errors[f"status {answer.status}"] += 1
        link.data, link.since, self._busy = b"", 0.0, self._busy - 1
        if self._plan.reconnects:
            self._close(link)
        elif answer.closes:
            self._close(link)
            return self._connect(link)
        self._idle.append(link)
        return None

    def _fail(self, link: Link, why: str) -> None:
        """The link is of no use any more. Without a request under way that is the server's right."""
        if link.since:
            self._errors[why] += 1
            link.since, self._busy = 0.0, self._busy - 1
        self._close(link)
        self._broken.append((time.perf_counter() + _PAUSE, link))

    def _mend(self, now: float) -> None:
        while self._broken and self._broken[0][0] <= now:
            _, link = self._broken.popleft()
            self._idle.append(link) if self._plan.reconnects else self._connect(link)

    def _connect(self, link: Link) -> None:
        assert self._address is not None
        sock, failure = link.connect(*self._address)
        if failure is not None:
            self._fail(link, words(failure))
        else:
            self._selector.register(sock, selectors.EVENT_WRITE, link)

    def _opened(self, link: Link) -> None:
        assert link.sock is not None
        failure = link.failure()
        if failure is not None:
            if not link.since:
                self._errors[words(failure)] += 1
            return self._fail(link, words(failure))
        self._selector.modify(link.sock, selectors.EVENT_READ, link)
        if link.since:
            return self._send(link)
        self._idle.append(link)
        return None

    def _close(self, link: Link) -> None:
        if link.sock is None:
            return
        with contextlib.suppress(KeyError):
            self._selector.unregister(link.sock)
        link.reset()
        if link in self._idle:
            self._idle.remove(link)

    async def _tick(self) -> None:
        """Count what each second brought."""
        before, since = 0, self._start
        while True:
            await trio.sleep(max(since + 1 - time.perf_counter(), 0))
            now = time.perf_counter()
            self._seconds.append((self._done - before) / (now - since))
            before, since = self._done, now
            self._fold()
            self._progress(self._done, sum(self._errors.values()))

    def _fold(self) -> None:
        """Count the latencies so far, in microseconds: a list of all would grow for as long as the load lasts."""
        if self._latencies:
            self._counted.update(round(seconds * 1e6) for seconds in self._latencies)
            self._statuses[self._plan.status] += len(self._latencies)
            self._latencies.clear()
