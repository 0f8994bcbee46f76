"""Apps of Starlette's, FastAPI's and Quart-Trio's, as people write them."""

import asyncio
import contextvars
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
import sniffio
import trio
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, UploadFile
from quart_trio import QuartTrio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from corserver import App, asgi
from corserver.apps.asgi.loops import LoopName, loop_of
from tests.trio_asyncio_here import needs_asyncio

from .hosting import LOOPS, client

both = pytest.mark.parametrize("loop", LOOPS)


def a_fastapi_app(done: list[str]) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        yield {"answer": 42}
        done.append("closed")

    app = FastAPI(lifespan=lifespan)

    @app.get("/items/{number}")
    async def item(number: int, request: Request, q: str = "") -> dict[str, Any]:
        return {"number": number, "q": q, "state": request.state.answer}

    @app.get("/thread")
    def in_a_thread() -> str:
        return "from a thread"

    @app.post("/upload")
    async def upload(file: UploadFile) -> int:
        return len(await file.read())

    @app.get("/later")
    async def later(tasks: BackgroundTasks) -> str:
        async def work() -> None:
            await anyio.lowlevel.checkpoint()
            done.append(sniffio.current_async_library())

        tasks.add_task(work)
        return "now"

    def refuse() -> None:
        raise HTTPException(418, "no tea")

    @app.get("/refused", dependencies=[Depends(refuse)])
    async def refused() -> None: ...

    @app.get("/broken")
    async def broken() -> None:
        raise ValueError("broken")

    return app


@both
async def test_fastapi(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []
    async with client(a_fastapi_app(done), loop=loop) as http:
        assert (await http.get("/items/7?q=x")).json() == {"number": 7, "q": "x", "state": 42}
        assert (await http.get("/items/seven")).status_code == 422
        assert (await http.get("/thread")).json() == "from a thread"
        assert (await http.post("/upload", files={"file": b"x" * 3_000_000})).json() == 3_000_000
        assert (await http.get("/later")).json() == "now"
        assert (await http.get("/refused")).status_code == 418
        assert (await http.get("/broken")).status_code == 500
        assert (await http.get("/openapi.json")).json()["openapi"].startswith("3.")
    assert done == [loop, "closed"]
    assert "ValueError: broken" in caplog.text


variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="unset")


def a_starlette_app() -> Starlette:
    async def numbers(request: Request) -> Response:
        async def pieces() -> AsyncIterator[str]:
            for number in range(5):
                yield f"{number};"
                await anyio.lowlevel.checkpoint()

        return StreamingResponse(pieces())

    async def echo(request: Request) -> Response:
        return StreamingResponse(request.stream())

    async def context(request: Request) -> Response:
        before = variable.get()
        variable.set(request.query_params["v"])
        await anyio.lowlevel.checkpoint()
        return PlainTextResponse(f"{before} {variable.get()}")

    async def where(request: Request) -> Response:
        return JSONResponse([request.scope["root_path"], str(request.url_for("below:where"))])

    async def handle(request: Request, error: Exception) -> Response:
        return PlainTextResponse("handled", 409)

    async def conflict(request: Request) -> Response:
        raise StarletteHTTPException(409)

    class Middleware(BaseHTTPMiddleware):
        async def dispatch(self, request: Request, call_next: Any) -> Any:
            response = await call_next(request)
            response.headers["x-seen"] = "yes"
            return response

    app = Starlette(
        routes=[
            Route("/numbers", numbers),
            Route("/echo", echo, methods=["POST"]),
            Route("/context", context),
            Route("/conflict", conflict),
            Mount("/below", name="below", routes=[Route("/where", where, name="where")]),
        ],
        exception_handlers={409: handle},
    )
    app.add_middleware(Middleware)
    return app


@both
async def test_starlette(loop: str) -> None:
    async with client(a_starlette_app(), loop=loop) as http:
        answer = await http.get("/numbers")
        assert (answer.text, answer.headers["x-seen"]) == ("0;1;2;3;4;", "yes")
        assert (await http.post("/echo", content=b"y" * 300_000)).content == b"y" * 300_000
        assert (await http.get("/context?v=1")).text == "unset 1"
        assert (await http.get("/context?v=2")).text == "unset 2"
        assert (await http.get("/conflict")).text == "handled"
        assert (await http.get("/below/where")).json() == ["/below", f"{str(http.base_url).rstrip('/')}/below/where"]


@both
async def test_a_stream_that_raises_is_not_taken_for_a_whole_one(loop: str) -> None:
    has_arrived = trio.Event()

    async def broken(request: Request) -> Response:
        async def pieces() -> AsyncIterator[str]:
            yield "first"
            while not has_arrived.is_set():
                await anyio.lowlevel.checkpoint()
            raise ValueError("in the middle")

        return StreamingResponse(pieces())

    async with client(Starlette(routes=[Route("/", broken)]), loop=loop) as http, http.stream("GET", "/") as answer:
        pieces = answer.aiter_bytes()
        assert await anext(pieces) == b"first"
        has_arrived.set()
        with pytest.raises(httpx.TransportError):
            await anext(pieces)


@both
async def test_two_hosted_apps_in_one_server(loop: str) -> None:
    done: list[str] = []
    router = App()
    router.mount("/one", asgi(a_fastapi_app(done), loop=loop))
    router.mount("/two", asgi(a_starlette_app(), loop=loop))
    async with client(router) as http:
        assert (await http.get("/one/thread")).json() == "from a thread"
        assert (await http.get("/two/numbers")).text == "0;1;2;3;4;"
        assert (await http.get("/one/items/1")).json()["state"] == 42
    assert done == ["closed"]


@needs_asyncio
async def test_an_app_that_knows_asyncio_only_runs_without_being_asked() -> None:
    app = FastAPI()

    @app.get("/")
    async def root() -> list[Any]:
        loop = asyncio.get_running_loop()
        lock = asyncio.Lock()
        async with lock, asyncio.timeout(5):
            first, second = await asyncio.gather(asyncio.sleep(0, "a"), loop.run_in_executor(None, str, "b"))
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            assert await reader.read() == b""
            writer.close()
            await writer.wait_closed()
        return [first, second, sniffio.current_async_library()]

    async with client(app, loop="auto") as http:
        assert (await http.get("/")).json() == ["a", "b", "asyncio"]


async def test_quart_trio_runs_on_trio_without_being_asked() -> None:
    app = QuartTrio(__name__)

    @app.get("/")
    async def root() -> dict[str, str]:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 0)
        return {"library": sniffio.current_async_library()}

    @app.post("/echo")
    async def echo() -> Any:
        from quart import request

        return await request.get_data()

    @app.get("/broken")
    async def broken() -> str:
        raise ValueError("broken")

    assert loop_of(app) is LoopName.TRIO
    async with client(app, loop="auto") as http:
        assert (await http.get("/")).json() == {"library": "trio"}
        assert (await http.post("/echo", content=b"z" * 200_000)).content == b"z" * 200_000
        assert (await http.get("/broken")).status_code == 500
