"""What apps use of asyncio, beyond what trio-asyncio has: executors, handles, signals, generators, loops of threads."""

import asyncio
import gc
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import trio
from asgiref.sync import async_to_sync, sync_to_async

from corserver.apps.asgi.loops import LoopName, open_loop
from tests.trio_asyncio_here import needs_asyncio

pytestmark = needs_asyncio


async def on_asyncio(fn: Callable[..., Awaitable[Any]], *args: Any) -> Any:
    with trio.fail_after(10):
        async with open_loop(LoopName.ASYNCIO, None) as tasks:
            return await tasks.run(fn, *args)


def of_thread() -> str:
    return threading.current_thread().name


async def test_work_is_done_in_an_executor_of_the_apps_own() -> None:
    async def app() -> list[str]:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "own") as own, ThreadPoolExecutor(1, "default") as default:
            before = await loop.run_in_executor(None, of_thread)
            loop.set_default_executor(default)
            names = [await loop.run_in_executor(own, of_thread), await loop.run_in_executor(None, of_thread)]
            names.append(await asyncio.to_thread(of_thread))
            await loop.shutdown_default_executor()
            await loop.shutdown_default_executor()
            with pytest.raises(ZeroDivisionError):
                await loop.run_in_executor(own, divmod, 1, 0)
        return [before, *names]

    before, *names = await on_asyncio(app)
    assert before not in names
    assert names == ["own_0", "default_0", "default_0"]


async def test_django_calls_what_is_not_async_in_one_thread() -> None:
    async def inner(name: str) -> str:
        await asyncio.sleep(0)
        return f"{name} {of_thread()}"

    def outer() -> str:
        return async_to_sync(inner)(of_thread())

    thread, loops = (await on_asyncio(sync_to_async(outer))).split(" ")
    assert thread.startswith("ThreadPoolExecutor")
    assert loops == of_thread()


async def test_what_is_called_from_a_thread_can_be_taken_back() -> None:
    async def app() -> list[str]:
        loop, seen, last = asyncio.get_running_loop(), list[str](), asyncio.Event()

        def work() -> None:
            loop.call_soon_threadsafe(seen.append, "called")
            loop.call_soon_threadsafe(seen.append, "taken back").cancel()
            loop.call_soon_threadsafe(last.set)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()  # The loop waits, so that nothing is called before it is taken back.
        await last.wait()
        return seen

    assert await on_asyncio(app) == ["called"]


async def test_a_delay_in_the_past_is_none() -> None:
    async def app() -> None:
        done = asyncio.Event()
        timer = asyncio.get_running_loop().call_later(-1, done.set)
        assert isinstance(timer, asyncio.TimerHandle)
        await done.wait()

    await on_asyncio(app)


async def test_a_signal_has_the_handler_that_came_last() -> None:
    async def app() -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR1, pytest.fail, "it was replaced")
        loop.add_signal_handler(signal.SIGUSR1, done.set)
        os.kill(os.getpid(), signal.SIGUSR1)
        await done.wait()
        assert loop.remove_signal_handler(signal.SIGUSR1)

    before = signal.getsignal(signal.SIGUSR1)
    await on_asyncio(app)
    assert signal.getsignal(signal.SIGUSR1) is before


async def test_a_signal_is_the_servers_though_the_app_handles_it_too() -> None:
    async def app() -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR1, done.set)
        os.kill(os.getpid(), signal.SIGUSR1)
        await done.wait()

    with trio.open_signal_receiver(signal.SIGUSR1) as signals:
        await on_asyncio(app)
        with trio.fail_after(10):
            assert await anext(signals) == signal.SIGUSR1


class Compiled:
    """An asynchronous generator as Cython's are: Python has no frame of it."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    async def aclose(self) -> None:
        assert asyncio.current_task() is not None
        self.closed.set()


async def test_a_compiled_generator_that_is_dropped_is_closed() -> None:
    async def app() -> None:
        hooks, generator = sys.get_asyncgen_hooks(), Compiled()
        assert hooks.firstiter is not None
        assert hooks.finalizer is not None
        hooks.firstiter(generator)  # type: ignore[arg-type]  # It is as much of one as matters.
        hooks.finalizer(generator)  # type: ignore[arg-type]
        await generator.closed.wait()

    hooks = sys.get_asyncgen_hooks()
    await on_asyncio(app)
    assert sys.get_asyncgen_hooks() == hooks


async def test_a_generator_that_is_dropped_is_closed() -> None:
    async def app() -> None:
        closed = asyncio.Event()

        async def numbers() -> AsyncGenerator[int, None]:
            try:
                yield 1
            finally:
                await asyncio.sleep(0)
                closed.set()

        async for _ in numbers():
            break
        gc.collect()
        await closed.wait()

    await on_asyncio(app)


async def test_a_thread_has_loops_of_asyncios_own() -> None:
    async def inner() -> str:
        with ThreadPoolExecutor(1, "own") as own:
            name = await asyncio.get_running_loop().run_in_executor(own, of_thread)
        return f"{type(asyncio.get_running_loop()).__module__} {name}"

    async def app() -> str:
        return await asyncio.to_thread(asyncio.run, inner())

    before = asyncio.new_event_loop
    assert await on_asyncio(app) == "asyncio.unix_events own_0"
    assert asyncio.new_event_loop is before
