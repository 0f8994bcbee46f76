"""`sys.exit()` and Ctrl-C in what a hosted app runs beside its requests, and in what a request had started."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import httpx
import pytest
import trio

from corserver import Server, asgi, serve
from tests.trio_asyncio_here import needs_asyncio

from .hosting import LOOPS, ASGIApp, Message, Receive, Send, answering, client

CHECK = b"it goes on"


class Exiting:
    """An app that ends the program once a request has come, which it answers after that."""

    def __init__(self, error: BaseException) -> None:
        self.told: list[str] = []
        self._error = error

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        else:
            await self.exit()
            await answering(CHECK)(scope, receive, send)

    async def live(self, receive: Receive, send: Send) -> None:
        self.told.append((await receive())["type"])
        await send({"type": "lifespan.startup.complete"})
        self.told.append((await receive())["type"])
        await send({"type": "lifespan.shutdown.complete"})

    async def exit(self) -> None:
        """Let the program end, and wait until that is known."""

    def boom(self) -> None:
        raise self._error


class InATask(Exiting):
    async def live(self, receive: Receive, send: Send) -> None:
        self.asked, self.done = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(self.background())
        task.add_done_callback(lambda _: self.done.set())
        await super().live(receive, send)

    async def background(self) -> None:
        await self.asked.wait()
        self.boom()

    async def exit(self) -> None:
        self.asked.set()
        await self.done.wait()


class InACallback(Exiting):
    async def live(self, receive: Receive, send: Send) -> None:
        self.asked, self.done = asyncio.Event(), asyncio.Event()
        waiting = asyncio.create_task(self.asked.wait())
        waiting.add_done_callback(lambda _: asyncio.get_running_loop().call_soon(self.boom))
        waiting.add_done_callback(lambda _: asyncio.get_running_loop().call_soon(self.done.set))
        await super().live(receive, send)

    exit = InATask.exit


class InTheLifespan(InATask):
    async def live(self, receive: Receive, send: Send) -> None:
        self.asked, self.done = asyncio.Event(), asyncio.Event()
        self.told.append((await receive())["type"])
        async with asyncio.TaskGroup() as group:
            group.create_task(self.background()).add_done_callback(lambda _: self.done.set())
            await send({"type": "lifespan.startup.complete"})
            await receive()


class InANursery(Exiting):
    async def live(self, receive: Receive, send: Send) -> None:
        self.asked, self.done = trio.Event(), trio.Event()
        self.told.append((await receive())["type"])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.background)
            await send({"type": "lifespan.startup.complete"})
            await receive()

    async def background(self) -> None:
        await self.asked.wait()
        self.done.set()
        self.boom()

    async def exit(self) -> None:
        self.asked.set()
        await self.done.wait()


class ByStopping(InATask):
    """As `loop.run_forever` is ended elsewhere."""

    async def background(self) -> None:
        await self.asked.wait()
        asyncio.get_running_loop().stop()


EXITS = [
    pytest.param(InATask, "asyncio", marks=needs_asyncio),
    pytest.param(InACallback, "asyncio", marks=needs_asyncio),
    pytest.param(InTheLifespan, "asyncio", marks=needs_asyncio),
    (InANursery, "trio"),
]


async def ending(app: ASGIApp, loop: str, ask: Callable[[Server], Awaitable[None]]) -> list[BaseException]:
    """What `serve` raises, which *app* ends by itself."""
    ends: list[BaseException] = []

    async def run(task_status: trio.TaskStatus[Server]) -> None:
        try:
            await serve(asgi(app, loop=loop), port=0, task_status=task_status)
        except (SystemExit, KeyboardInterrupt) as end:
            ends.append(end)

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            await ask(await nursery.start(run))
    return ends


@pytest.mark.parametrize(("kind", "loop"), EXITS)
async def test_the_server_stops_in_order(kind: type[Exiting], loop: str, caplog: pytest.LogCaptureFixture) -> None:
    async def ask(server: Server) -> None:
        async with httpx.AsyncClient() as http:
            assert (await http.get(server.url)).content == CHECK

    error = SystemExit(3)
    app = kind(error)
    assert await ending(app, loop, ask) == [error]
    # Where it is the life itself that ends, there is nobody to be told.
    assert app.told in (["lifespan.startup", "lifespan.shutdown"], ["lifespan.startup"])
    assert (len(app.told) == 2) is (kind in (InATask, InACallback))
    assert caplog.messages == ["the app ends the program: the server stops"]


@needs_asyncio
async def test_so_it_does_where_the_app_stops_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    async def ask(server: Server) -> None:
        async with httpx.AsyncClient() as http:
            assert (await http.get(server.url)).content == CHECK

    app = ByStopping(SystemExit())
    (error,) = await ending(app, "asyncio", ask)
    assert str(error) == "the app has stopped its event loop"
    assert app.told == ["lifespan.startup", "lifespan.shutdown"]
    assert len(caplog.messages) == 1


@pytest.mark.parametrize(("kind", "loop"), EXITS)
async def test_so_it_does_after_ctrl_c_in_the_apps_own_code(
    kind: type[Exiting], loop: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def ask(server: Server) -> None:
        async with httpx.AsyncClient() as http:
            assert (await http.get(server.url)).content == CHECK

    error = KeyboardInterrupt()
    assert await ending(kind(error), loop, ask) == [error]
    assert not [message for message in caplog.messages if "ends the program" in message]


class Stopping:
    def started(self, value: Server | None = None) -> None:
        assert value is not None
        value.stop()


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("told", [[], ["lifespan.startup.complete"]], ids=["at the start", "at the end"])
async def test_so_it_does_where_the_life_itself_ends_the_program(loop: str, told: list[str]) -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        for kind in told:
            await send({"type": kind})
            await receive()
        sys.exit("no database")

    with trio.fail_after(10), pytest.raises(SystemExit, match="no database"):
        await serve(asgi(app, loop=loop), port=0, task_status=Stopping())


@needs_asyncio
@pytest.mark.parametrize("name", ["task", "callback"])
async def test_what_a_request_has_started_ends_nobody_else(name: str, caplog: pytest.LogCaptureFixture) -> None:
    async def exit_() -> None:
        sys.exit(3)

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["path"] == "/task":
            await asyncio.create_task(exit_())
        if scope["path"] == "/callback":
            asyncio.get_running_loop().call_soon(sys.exit, 3)
            await asyncio.sleep(0)
        await answering(CHECK)(scope, receive, send)

    async with client(app, loop="asyncio") as http:
        assert (await http.get(f"/{name}")).status_code == (500 if name == "task" else 200)
        assert (await http.get("/")).content == CHECK
    assert "what a request had started tried to end the program" in caplog.messages
