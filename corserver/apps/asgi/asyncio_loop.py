"""What apps use of an asyncio loop, and trio-asyncio's does not have: with it, they find what asyncio promises.

Where trio-asyncio says no, asyncio's documentation says yes: to an executor of the app's own (Django's threads are in
one, pools of processes are), to a handle from `call_soon_threadsafe`, to a delay in the past, to a second handler of a
signal, to an asynchronous generator that Cython compiled, and to `asyncio.run` in a thread.
"""

import asyncio
import logging
import signal
import sys
import traceback
from asyncio import events
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import Context, ContextVar
from types import FrameType
from typing import Any, Final

import trio
import trio_asyncio

from corserver.apps.asgi.loop import log_exit

logger = logging.getLogger("corserver")

#: Whether what runs was started by a request, and not by the app's life.
of_request: Final = ContextVar("of_request", default=False)


class AsyncioLoop(trio_asyncio.TrioEventLoop):  # type: ignore[misc]  # It has no types.
    """A loop of trio-asyncio's that does what asyncio's do. `open_loop` makes those; `completed` makes one of these."""

    #: What the app has set, None for trio's threads.
    own_executor: Executor | None = None
    #: What has ended the program, if anything has, and what is told of it.
    _exit: SystemExit | KeyboardInterrupt | None = None
    _has_exit: trio.Event
    #: Whether the app is through, and trio-asyncio may stop it.
    is_over = False

    @classmethod
    def completed(cls, loop: trio_asyncio.TrioEventLoop) -> "AsyncioLoop":
        """*loop*, which is one of this class from now on."""
        loop.__class__ = cls
        found: AsyncioLoop = loop
        found._has_exit = trio.Event()
        return found

    async def raise_exit(self) -> None:
        """Wait until `sys.exit()` is called in a task or a callback, and not on behalf of a request, and raise that.

        So it is for a KeyboardInterrupt. asyncio's loops end at once. This one goes on: who waits for what runs on it
        waits for ever where it has ended, and what is under way is to end in order.
        """
        await self._has_exit.wait()
        assert self._exit is not None, "it is set before"
        raise self._exit

    async def _main_loop_one(self, no_wait: bool = False) -> None:
        # trio-asyncio calls it again and again, for a callback each time. What ends its loop is raised here. The name
        # is trio-asyncio's own: a release that has another ends its loop as asyncio does, and nothing else is lost.
        while True:
            try:
                await super()._main_loop_one(no_wait)
            except (SystemExit, KeyboardInterrupt) as error:
                if type(error).__module__.partition(".")[0] == trio_asyncio.__name__:  # It was told to end.
                    raise
                self._heed(error)
            if no_wait:
                return

    def _heed(self, error: SystemExit | KeyboardInterrupt) -> None:
        if isinstance(error, SystemExit) and _context_of(error).get(of_request):
            logger.error("what a request had started tried to end the program", exc_info=error)
        elif self._exit is None:
            log_exit(error)
            self._exit = error
            self._has_exit.set()

    def stop(self, waiter: trio.Event | None = None) -> Any:
        """As asyncio's, whose loops run no longer than the program."""
        if self.is_over:
            return super().stop(waiter)
        return self.call_soon(sys.exit, "the app has stopped its event loop")

    def set_default_executor(self, executor: Executor) -> None:
        """As asyncio's."""
        self.own_executor = executor

    def run_in_executor(self, executor: Executor | None, func: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":
        """As asyncio's: in any executor."""
        chosen = self.own_executor if executor is None else executor
        if chosen is None or isinstance(chosen, trio_asyncio.TrioExecutor):
            in_trios: asyncio.Future[Any] = super().run_in_executor(chosen, func, *args)
            return in_trios
        return asyncio.wrap_future(chosen.submit(func, *args), loop=self)

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """As asyncio's; trio's threads need none."""
        executor, self.own_executor = self.own_executor, None
        if executor is not None:
            await super().run_in_executor(None, executor.shutdown)

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As asyncio's: soon, for a delay in the past."""
        timer: asyncio.TimerHandle = super().call_later(max(delay, 0), callback, *args, context=context)
        return timer

    def call_soon_threadsafe(
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """As asyncio's: with a handle, by which it can be taken back."""
        handle = asyncio.Handle(callback, args, self, context)

        def call() -> None:
            if not handle.cancelled():
                callback(*args)

        super().call_soon_threadsafe(call, context=context)
        return handle

    def add_signal_handler(self, sig: int, callback: Callable[..., Any], *args: Any) -> None:
        """As asyncio's: in the place of the one before. But what the server does at the signal is done, too."""
        self.remove_signal_handler(sig)
        servers = signal.getsignal(sig)
        super().add_signal_handler(sig, callback, *args)
        own = signal.getsignal(sig)

        def both(signum: int, frame: FrameType | None) -> None:
            for handler in (own, servers):
                if callable(handler):
                    handler(signum, frame)

        signal.signal(sig, both)


@contextmanager
def complete(loop: trio_asyncio.TrioEventLoop) -> Iterator[AsyncioLoop]:
    """*loop* as an `AsyncioLoop`, and what is asyncio's outside of it, as long as it is open here."""
    found = AsyncioLoop.completed(loop)
    with _compiled_generators(found), _loops_of_threads():
        # A library that was imported before trio-asyncio has the function that asks asyncio itself.
        asyncio._set_running_loop(found)
        try:
            yield found
        finally:
            found.is_over = True
            asyncio._set_running_loop(None)


@contextmanager
def _compiled_generators(loop: AsyncioLoop) -> Iterator[None]:
    """Asynchronous generators that Cython compiled have no frame, where trio-asyncio would note their loop."""
    hooks = sys.get_asyncgen_hooks()
    assert hooks.firstiter is not None, "trio-asyncio sets it"
    assert hooks.finalizer is not None, "trio-asyncio sets it"
    note, end = hooks.firstiter, hooks.finalizer

    def firstiter(generator: AsyncGenerator[Any, Any]) -> None:
        if hasattr(generator, "ag_frame"):
            note(generator)

    def finalizer(generator: AsyncGenerator[Any, Any]) -> None:
        if hasattr(generator, "ag_frame"):
            end(generator)
        elif not loop.is_closed():
            loop.call_soon_threadsafe(loop.create_task, _close(generator))

    sys.set_asyncgen_hooks(firstiter, finalizer)
    try:
        yield
    finally:
        sys.set_asyncgen_hooks(*hooks)


def _context_of(error: BaseException) -> Context:
    """Of the callback that has raised *error*."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code is asyncio.Handle._run.__code__:
            found: Context = frame.f_locals["self"]._context
            return found
    return Context()


async def _close(generator: AsyncGenerator[Any, Any]) -> None:
    await generator.aclose()


@contextmanager
def _loops_of_threads() -> Iterator[None]:
    """What `asyncio.run` makes in a thread of the app's is a loop of asyncio's own.

    trio-asyncio would give it one for programs without trio, which switches between greenlets and has the same gaps.
    """
    given = events.new_event_loop

    def new_event_loop() -> asyncio.AbstractEventLoop:
        return given() if trio.lowlevel.in_trio_run() else asyncio.SelectorEventLoop()

    asyncio.new_event_loop = events.new_event_loop = new_event_loop
    try:
        yield
    finally:
        asyncio.new_event_loop = events.new_event_loop = given
