"""The lobby: where connections wait while nothing is under way.

trio's own waiting costs a system call or two and a turn of the scheduler for every wait of every connection. The lobby
keeps the sockets of all idle connections in one set of the operating system (`polling`), and takes what has arrived in
batches. A preflight whose answer is known is answered there and then (`preflights`); anything else is the crew's
(`crew`), one of whom is at the lobby's door and serves the connection, with the bytes in hand.

A visitor is in one of three states:

    WAITING   for its next request; after a second of silence a socket and a small object are all that there is of it
    BUSY      its connection is served, and reads by itself; the lobby looks away, or sends a file's rest (`sendfile`)
    LEAVING   its last answer is sent; what still comes is dropped, until the peer ends its side too (RFC 9112 §9.6)

A batch is bounded, and after each trio's other tasks have their turn. Deadlines are not timed one by one: a second task
looks through the visitors when the earliest is due. What a peer does not take of an answer its connection sends later.
"""

import contextlib
import logging
import socket
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final

import trio

from corserver.http.connection import Connection
from corserver.http.crew import Crew
from corserver.http.exchange import Service
from corserver.http.messages import Address
from corserver.http.outbox import Outbox
from corserver.http.polling import Poller
from corserver.http.preflights import Preflights, Prepared
from corserver.http.sendfile import FileSending
from corserver.http.visitor import BUSY, LEAVING, WAITING, Visitor
from corserver.http.wire.response_heads import http_date

logger = logging.getLogger("corserver")

_RECEIVE: Final = 65536
#: How many visitors are seen to before trio's other tasks have a turn.
_BATCH: Final = 64
#: How many of them are sent a piece of a file, which takes up to a millisecond. The others are ready still.
_PIECES: Final = 8
#: After how long a silence a visitor becomes small, and the time between two looks at the deadlines, in seconds.
_SHEDDING_SECONDS: Final = 1.0
_SWEEP_SECONDS: Final = 0.25


class Lobby:
    """Waits for all the connections of a server, which are served in *nursery*. *left* is called when one is gone."""

    def __init__(self, service: Service, poller: Poller, nursery: trio.Nursery, left: Callable[[], None]) -> None:
        self._service = service
        self._poller = poller
        self._crew = Crew(nursery, self._serve, door=self)
        self._left = left
        self._preflights = Preflights(service)
        self._visitors: dict[int, Visitor] = {}
        self.is_stopping = False
        self._outbox = Outbox(self)
        self._clock = trio.lowlevel.current_clock()
        limits = service.limits
        #: How many requests of a connection may be answered here; its last answer is the connection's own.
        self._most_answers = sys.maxsize if limits.requests is None else limits.requests - 1
        if service.proxies is not None:  # Who asked is the connection's business.
            self._most_answers = 0
        soonest = min(limits.head_seconds, limits.idle_seconds, limits.linger_idle_seconds, limits.write_seconds)
        self._shortest = min(soonest, _SHEDDING_SECONDS)

    def __len__(self) -> int:
        return len(self._visitors)

    def admit(self, sock: socket.socket, client: Address) -> None:
        """Take a connection in; its socket does not block."""
        visitor = Visitor(self, sock, client, self._service.limits)
        self._visitors[visitor.fd] = visitor
        try:
            self._watch(visitor)
        except OSError as error:  # There is a limit to how many can be watched (epoll_ctl(2), ENOSPC).
            logger.warning("a connection cannot be taken in: %s", error.strerror)
            self.dismiss(visitor)

    def open(self) -> None:
        """Have the visitors seen to, until the lobby stops."""
        self._crew.open()

    async def deliver(self) -> None:
        """Send the answers of those who had to wait, until cancelled."""
        await self._outbox.deliver()

    async def sweep(self) -> None:
        """Let go whose time is over, until cancelled."""
        while True:
            now = trio.current_time()
            earliest = now + self._shortest
            for visitor in tuple(self._visitors.values()):
                if visitor.sending is not None:
                    visitor.sending.look(now)
                due = visitor.due
                if due <= now:
                    if visitor.sending is not None:
                        self.put_down(visitor).give_up()
                    else:
                        self.dismiss(visitor)
                    continue
                earliest = min(earliest, due)
                if visitor.connection is not None and visitor.state is WAITING:
                    visitor.shed(now - _SHEDDING_SECONDS)
            self._crew.dismiss_spare()
            if self._service.crew is not None:
                self._service.crew.dismiss_spare()
            await trio.sleep_until(max(earliest, now + _SWEEP_SECONDS))

    def retire(self) -> None:
        """Leave the answers to the connections, which say that they are the last."""
        self._most_answers = 0

    def stop(self) -> None:
        """Let go who is idle, now and from now on; what has arrived by now is answered still."""
        if not self.is_stopping:
            self.is_stopping = True
            self.retire()
            self._outbox.empty()
            for _ in range(0, len(self._visitors), _BATCH):
                self.look()
            for visitor in tuple(self._visitors.values()):
                self.dismiss(visitor)
                if visitor.state is BUSY and visitor.connection is not None:
                    visitor.connection.stop()
                if visitor.sending is not None:  # Tasks are waited for, until their time is over.
                    self.put_down(visitor).stop()
            self._crew.stop()

    def close(self) -> None:
        """Close whatever is left, once no task is."""
        for visitor in tuple(self._visitors.values()):
            self.forget(visitor)
            visitor.close_now()
        self._poller.close()

    # ------------------------------------------------------------------------------------------ what visitors ask for

    def seat(self, visitor: Visitor) -> None:
        """As `Host`."""
        if not visitor.is_watched:
            self._watch(visitor)
        visitor.state = WAITING

    def post(self, visitor: Visitor) -> None:
        """As `Host`."""
        self._outbox.put(visitor)
        self.seat(visitor)
        if not self._crew.is_beginning:
            self._outbox.wake()

    def dismiss(self, visitor: Visitor) -> None:
        """Let a visitor go, once it was sent what is owed, and if nothing is under way."""
        if visitor.state is BUSY:
            return
        if visitor.owed:
            visitor.until = trio.current_time()
            self.call(visitor)
        else:
            self.forget(visitor)
            with contextlib.suppress(OSError):
                visitor.close_now()

    def call(self, visitor: Visitor, data: bytes = b"") -> None:
        """As `Host`."""
        visitor.state, visitor.received = BUSY, data
        self._crew.call(visitor)

    def give_way(self) -> None:
        """As `Host`."""
        self._crew.give_way()

    def carry(self, visitor: Visitor, sending: FileSending) -> None:
        """As `Host`."""
        if not visitor.is_watched:
            self._watch(visitor)
        self._poller.turn_to_sending(visitor.fd)
        visitor.sending = sending
        sending.wait(trio.current_time())

    def put_down(self, visitor: Visitor) -> FileSending:
        """As `Host`."""
        sending, visitor.sending = visitor.sending, None
        assert sending is not None, "it is carried"
        self._poller.turn_to_receiving(visitor.fd)
        return sending

    def forget(self, visitor: Visitor) -> None:
        """A visitor is about to be closed."""
        if self._visitors.get(visitor.fd) is visitor:  # Its descriptor may be another's already.
            del self._visitors[visitor.fd]
            self._look_away(visitor)
            self._left()

    # ---------------------------------------------------------------------------------------------------- at the door

    async def wait(self) -> None:
        """As `Door`."""
        await trio.lowlevel.wait_readable(self._poller.fileno())

    def all_begun(self) -> None:
        """As `Door`: what was posted meanwhile goes out."""
        self._outbox.empty()

    def shut(self) -> None:
        """As `Door`."""
        trio.lowlevel.notify_closing(self._poller.fileno())

    def look(self) -> None:
        """As `Door`."""
        now, began, log = trio.current_time(), time.time(), self._service.access_log
        date = http_date(int(began))
        visitors, answer_to, pieces = self._visitors, self._preflights.answer, 0
        for fd in self._poller.ready(_BATCH):
            visitor = visitors[fd]
            if visitor.state is BUSY:
                if visitor.sending is None:
                    self._look_away(visitor)
                elif pieces < _PIECES:
                    pieces += 1
                    if not visitor.sending.go_on(now):
                        self.put_down(visitor).stop()
                continue
            try:
                data = visitor.receive_now(_RECEIVE)
                answer = answer_to(data)
                if answer is None or visitor.state is LEAVING or visitor.served >= self._most_answers:
                    self._see_to(visitor, data, now)
                else:
                    sent = date.join(answer.parts)
                    visitor.push(sent)
                    visitor.served += 1
                    visitor.since = now
                    if log is not None:
                        log(answer.entry(visitor.client, data, sent, began, self._clock.current_time() - now))
                    if answer.closes or visitor.owed:
                        self._follow_up(visitor, answer, now)
            except BlockingIOError:  # A false alarm.
                continue
            except OSError:  # It has left.
                self.dismiss(visitor)
            except Exception:
                logger.exception("a connection failed by the server's own fault: it is closed, the others go on")
                self.dismiss(visitor)

    def _see_to(self, visitor: Visitor, data: bytes, now: float) -> None:
        if visitor.served:  # Of the first head, the time counts from the connection's start.
            visitor.since = now
        if not data:
            self.dismiss(visitor)
        elif visitor.state is not LEAVING:
            self.call(visitor, data)

    def _follow_up(self, visitor: Visitor, answer: Prepared, now: float) -> None:
        if answer.closes:
            visitor.until = now + self._service.limits.linger_seconds
        if visitor.owed:
            self.call(visitor)
        elif answer.closes:
            # As `Transport.linger`: a close with unread input would reset the connection, and may overtake the answer.
            visitor.state = LEAVING
            visitor.end()

    def _serve(self, visitor: Visitor) -> Coroutine[Any, Any, None]:
        connection = visitor.connection
        if connection is None:
            connection = visitor.connection = Connection(visitor, self._service, visitor.client)
            if self.is_stopping:
                connection.stop()
        return connection.run()

    def _watch(self, visitor: Visitor) -> None:
        self._poller.add(visitor.fd)
        visitor.is_watched = True

    def _look_away(self, visitor: Visitor) -> None:
        if visitor.is_watched:
            self._poller.remove(visitor.fd)
            visitor.is_watched = False
