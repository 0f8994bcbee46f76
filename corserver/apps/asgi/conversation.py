"""One request put to a hosted app, and its answer.

The app has a task of its own, so that it may go on once its answer is complete, and answer and receive in tasks that it
starts. What it sends is handed to the connection's task, which sends it on: an answer that is complete by then goes out
as a whole, any other piece by piece. An app that is ahead by more than `_MOST_AHEAD` waits.
"""

import logging
from enum import Enum, unique
from typing import Any, Final

import trio

from corserver.apps.asgi.incoming import Incoming
from corserver.apps.asgi.loop import Event, Loop
from corserver.apps.asgi.outgoing import Start, file_slice, piece_of, response_start, trailer_lines
from corserver.apps.asgi.protocol import ASGIApp, ClientLeft, Message, Scope, mistake_in
from corserver.http.fileslice import FileSlice
from corserver.http.messages import BodyWithTrailers, PeerLeft, Request, Response

logger = logging.getLogger("corserver")

#: How many bytes the app may have sent that the connection has not taken.
_MOST_AHEAD: Final = 65536
#: How many messages it may send that nobody wants.
_MOST_UNWANTED: Final = 64
_BODILESS: Final = (204, 304)


@unique
class _Phase(Enum):
    #: `http.response.start` must come next.
    START = "its start was expected"
    BODY = "its body was expected"
    MORE = "the rest of its body was expected"
    #: `http.response.trailers` must come next, as the start had said.
    TRAILERS = "its trailers were expected"
    COMPLETE = "it is complete already"


#: By name: an enum takes its time to find a member (Python 3.11).
_START, _BODY, _MORE, _TRAILERS, _COMPLETE = _Phase

#: What has come so far is all of the body.
_BEGUN: Final = (_COMPLETE, _TRAILERS)


class Conversation(BodyWithTrailers):
    """A request, and the answer, which is also the response's body where that is a stream."""

    __slots__ = (
        "_ahead",
        "_error",
        "_file",
        "_incoming",
        "_is_closed",
        "_loop",
        "_phase",
        "_pieces",
        "_request",
        "_room",
        "_start",
        "_task",
        "_unwanted",
        "_waiting",
        "trailers",
    )

    def __init__(self, request: Request, loop: Loop) -> None:
        self._request = request
        self._loop = loop
        self._incoming = Incoming(request, loop)
        self._phase = _START
        self._start: Start | None = None
        #: What the connection has not taken yet, and how much it is.
        self._pieces: list[bytes] = []
        self._ahead = 0
        self._file: FileSlice | None = None
        self.trailers = ()
        self._error: BaseException | None = None
        #: Whether nobody takes anything any more.
        self._is_closed = False
        #: How many messages were sent since, or raised.
        self._unwanted = 0
        #: The app's task, and the connection's while it waits for the app.
        self._task: Any = None
        self._waiting: trio.lowlevel.Task | None = None
        #: Set when the app may send more.
        self._room: Event | None = None

    # ------------------------------------------------------------------------------------------ the connection's side

    async def answer(self, app: ASGIApp, scope: Scope) -> Response:
        """Call *app*, and wait for its answer, or the beginning of it. Raises what the app raises before."""
        self._task = self._loop.start(self._request, self._run, app, scope)
        try:
            while not self._has_begun():
                await self._wait()
            if self._error is not None:
                raise self._error
            assert self._start is not None, "an answer has a start"
            status, headers, closes, has_trailers = self._start
            is_whole = self._phase is _COMPLETE
            if not self._is_bodiless(status) and (has_trailers or not is_whole) and self._file is None:
                return Response(self, status, headers, closes=closes)
            await self._let_go()
            body = self._file or (b"".join(self._pieces) if is_whole else b"")
            return Response(body, status, headers, closes=closes)
        except BaseException as error:
            await self._abandon(error)
            raise

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._error is not None:
                raise self._error
            if self._phase is _COMPLETE:
                await self._let_go()
                raise StopAsyncIteration
            await self._wait()
        taken, self._pieces, self._ahead = self._pieces, [], 0
        room, self._room = self._room, None
        if room is not None:
            room.set()
        return taken[0] if len(taken) == 1 else b"".join(taken)

    async def aclose(self) -> None:
        """Nobody takes anything any more."""
        if not self._is_closed:
            self._incoming.has_left = True
            await self._let_go()

    async def _let_go(self) -> None:
        """The app may go on, but is heard no more."""
        self._is_closed = True
        self._incoming.end()
        if self._room is not None:
            self._room.set()
        if self._incoming.is_listening:
            with trio.CancelScope(shield=True):  # It is cancelled already, so that this does not wait for anybody.
                await self._incoming.ended()
        self._loop.see_out(self._request, self._task)

    async def _abandon(self, error: BaseException) -> None:
        if isinstance(error, trio.Cancelled):
            self._incoming.has_left = True
            self._loop.cancel(self._task)
        if self._file is not None:
            self._file.close()
        await self._let_go()

    def _has_begun(self) -> bool:
        return self._error is not None or self._phase in _BEGUN or bool(self._pieces)

    def _is_bodiless(self, status: int) -> bool:
        return self._request.method == "HEAD" or status in _BODILESS

    async def _wait(self) -> None:
        self._waiting = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._stop_waiting)

    def _stop_waiting(self, raise_cancel: object) -> trio.lowlevel.Abort:
        self._waiting = None
        return trio.lowlevel.Abort.SUCCEEDED

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            trio.lowlevel.reschedule(waiting)

    # ------------------------------------------------------------------------------------------------- the app's side

    async def _run(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self._receive, self._send)
        except BaseException as raised:
            error = mistake_in(raised)
            if error is None:
                self._fail(RuntimeError("the app's task was cancelled before its answer was complete"))
                raise
            self._raised(error)
        else:
            if self._incoming.has_left:
                self._fail(PeerLeft())
            elif self._phase is not _COMPLETE:
                self._fail(RuntimeError(f"the app returned without an answer that is complete: {self._phase.value}"))

    async def _receive(self) -> Message:
        message = await self._incoming.receive()
        if self._incoming.error is not None:  # What the client sent cannot be read: that is its answer.
            self._fail(self._incoming.error)
        return message

    async def _send(self, message: Message) -> None:
        try:
            if self._is_closed and self._phase is not _COMPLETE:
                await self._drop()
                return
            kind = message["type"]
            phase = self._phase
            if phase is _START and kind == "http.response.start":
                self._start, self._phase = response_start(message), _BODY
            elif (phase is _BODY or phase is _MORE) and kind == "http.response.body":
                await self._take(piece_of(message), bool(message.get("more_body", False)))
            elif phase is _BODY and kind == "http.response.pathsend":
                self._file = file_slice(message["path"])
                self._complete()
            elif phase is _TRAILERS and kind == "http.response.trailers":
                self.trailers += trailer_lines(message)
                if not message.get("more_trailers", False):
                    self._complete()
            else:
                raise RuntimeError(f"the message {kind!r} does not fit into the answer: {phase.value}")
        except Exception:
            if self._unwanted:  # An app that tries again and again lets others have turns.
                await self._loop.turn()
            self._unwanted += 1
            raise

    async def _drop(self) -> None:
        """Nobody wants it: the body of an answer to HEAD, for one. Who goes on and on is told to end."""
        await self._loop.turn()
        self._unwanted += 1
        if self._incoming.has_left or self._unwanted > _MOST_UNWANTED:
            self._incoming.has_left = True
            raise ClientLeft("the client has left")

    async def _take(self, piece: bytes, more: bool) -> None:
        self._pieces.append(piece)
        self._ahead += len(piece)
        if more:
            self._phase = _MORE
        else:
            assert self._start is not None, "a body comes after its start"
            if not self._start.has_trailers:
                self._complete()
                return
            self._phase = _TRAILERS
        self._wake()
        while self._ahead > _MOST_AHEAD and not self._is_closed:
            if self._room is None:
                self._room = self._loop.event()
            await self._room.wait()

    def _complete(self) -> None:
        self._phase = _COMPLETE
        self._incoming.end()
        self._wake()

    def _raised(self, error: Exception) -> None:
        if self._incoming.has_left or self._incoming.error is not None:  # Whatever it is, it follows from that.
            logger.debug("an app raised after its client had left, or sent what is no body", exc_info=error)
            self._fail(PeerLeft())
        elif self._phase is _COMPLETE or self._is_closed:
            request = self._request
            logger.error(
                "%s %s: the app raised, once its answer was complete", request.method, request.target, exc_info=error
            )
        else:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        if self._phase is not _COMPLETE and self._error is None:
            self._error = error
            self._incoming.end()
            self._wake()
