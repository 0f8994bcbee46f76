"""What passes between the thread of an app and the task of its connection: pieces of both bodies, one answer, one end.

The thread puts pieces of its answer here and goes on, until so much is waiting that the client has to take some of it
first. So a thread is ahead of its client by a bounded number of bytes, and many small pieces cost one wake of the task.
What the thread wants to read, the task receives for it, in the moments in which it waits for the thread.
"""

import threading
from collections.abc import Awaitable, Callable
from enum import Enum
from queue import SimpleQueue
from typing import Any, Final

import trio

from corserver.http.fileslice import FileSlice
from corserver.http.messages import Response

#: How many bytes of an answer may wait for the client before the thread waits, too.
_AHEAD: Final = 256 * 1024


class Gone(ConnectionAbortedError):
    """What reading and writing raise in the thread once the request is over: its client has left, or has its answer."""


class BodyFailed(OSError):
    """What reading raises in the thread if the request's body cannot be received; its cause says why."""


class _Wish(Enum):
    NOTHING = "nothing"
    BODY = "a piece of the request's body"
    ROOM = "room for more of its answer"


class Handover:
    """Between one thread and one task. *receive* gives the next piece of the request's body, `b""` at its end.

    As an async iterable it is the answer's body.
    """

    __slots__ = (
        "_answer",
        "_failure",
        "_is_answered",
        "_is_ended",
        "_is_over",
        "_is_waiting",
        "_lock",
        "_pieces",
        "_receive",
        "_replies",
        "_size",
        "_task",
        "_token",
        "_wish",
    )

    def __init__(self, receive: Callable[[], Awaitable[bytes]]) -> None:
        self._receive = receive
        self._token = trio.lowlevel.current_trio_token()
        #: Guards all that follows but the task, which only its own thread knows.
        self._lock = threading.Lock()
        self._replies: SimpleQueue[bytes | Exception] = SimpleQueue()
        self._wish = _Wish.NOTHING
        self._answer: Response | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._failure: BaseException | None = None
        #: Whether the answer was taken.
        self._is_answered = False
        #: Whether the thread has said its last word, and whether nobody listens to it any more.
        self._is_ended = False
        self._is_over = False
        self._is_waiting = False
        self._task: trio.lowlevel.Task | None = None

    # ------------------------------------------------------------------------------------------------ in the thread

    @property
    def is_over(self) -> bool:
        """Whether nobody listens to the thread any more."""
        return self._is_over

    def answer(self, response: Response, *, is_whole: bool) -> None:
        """The response. Unless it *is_whole*, its body is this. Raises `Gone`."""
        with self._lock:
            self._check()
            self._answer = response
            self._is_ended = self._is_over = is_whole
            self._wake()

    def put(self, piece: bytes) -> None:
        """A piece of the response's body. Waits while too much of it is waiting. Raises `Gone`."""
        with self._lock:
            self._check()
            self._pieces.append(piece)
            self._size += len(piece)
            is_full = self._size >= _AHEAD
            if is_full:
                self._wish = _Wish.ROOM
            self._wake()
        if is_full:
            self._reply()

    def read(self) -> bytes:
        """The next piece of the request's body, `b""` at its end. Raises `Gone` and `BodyFailed`."""
        with self._lock:
            self._check()
            self._wish = _Wish.BODY
            self._wake()
        return self._reply()

    def end(self, failure: BaseException | None = None) -> bool:
        """The response's body has come to its end, or the app to a *failure*. Returns whether anybody listens."""
        with self._lock:
            if self._is_over:
                return False
            self._failure = failure
            self._is_ended = self._is_over = True
            self._wake()
            return True

    def _reply(self) -> bytes:
        reply = self._replies.get()
        if isinstance(reply, Gone):
            raise reply
        if isinstance(reply, Exception):
            raise BodyFailed(f"the request's body cannot be received: {reply}") from reply
        return reply

    def _check(self) -> None:
        if self._is_over:
            raise Gone("the request is over")

    def _wake(self) -> None:
        if self._is_waiting:
            self._is_waiting = False
            self._token.run_sync_soon(self._resume)

    # -------------------------------------------------------------------------------------------------- in the task

    async def response(self) -> Response:
        """The app's answer. Raises what the app raises instead, and what *receive* does: `HTTPError`, for one."""
        try:
            await self._news()
        except BaseException:
            self._abandon()
            if self._answer is not None and isinstance(self._answer.body, FileSlice):
                self._answer.body.close()
            raise
        self._is_answered = True
        if self._answer is not None:
            return self._answer
        assert self._failure is not None, "a thread that ends without an answer says why"
        raise _exception(self._failure)

    def __aiter__(self) -> "Handover":
        return self

    async def __anext__(self) -> bytes:
        self._answer = None
        await self._news()
        with self._lock:
            pieces, self._pieces, self._size = self._pieces, [], 0
            if self._wish is _Wish.ROOM:
                self._wish = _Wish.NOTHING
                self._replies.put(b"")
        if pieces:
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if self._failure is not None:
            raise _exception(self._failure)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Nobody listens any more: whatever the thread does next with the request raises."""
        self._abandon()

    async def _news(self) -> None:
        """Wait for what is for the client; the thread is given meanwhile what it reads."""
        while True:
            with self._lock:
                if self._answer is not None or self._pieces or self._is_ended:
                    return
                is_reading = self._wish is _Wish.BODY
                self._is_waiting = not is_reading
            if is_reading:
                await self._receive_for_thread()
            else:
                self._task = trio.lowlevel.current_task()
                await trio.lowlevel.wait_task_rescheduled(self._abort)

    async def _receive_for_thread(self) -> None:
        reply: bytes | Exception
        try:
            reply = await self._receive()
        except Exception as error:
            reply = error
        with self._lock:
            self._wish = _Wish.NOTHING
        self._replies.put(reply)
        if isinstance(reply, Exception) and not self._is_answered:
            raise reply  # It is the answer, if there is none yet: an app would make a 500 of it.

    def _resume(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            trio.lowlevel.reschedule(task)

    def _abort(self, raise_cancel: Any) -> trio.lowlevel.Abort:
        self._task = None
        return trio.lowlevel.Abort.SUCCEEDED

    def _abandon(self) -> None:
        with self._lock:
            self._is_over, self._is_waiting = True, False
            self._pieces.clear()
            wish, self._wish = self._wish, _Wish.NOTHING
        if wish is not _Wish.NOTHING:
            self._replies.put(Gone("the client has left"))


def _exception(failure: BaseException) -> Exception:
    """*failure*, or what stands for it: `sys.exit()` in an app ends its request, not the server."""
    if isinstance(failure, Exception):
        return failure
    stand_in = RuntimeError(f"the app raised {type(failure).__name__}")
    stand_in.__cause__ = failure
    return stand_in
