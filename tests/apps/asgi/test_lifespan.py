"""The life of a hosted app: who takes part in it, who does not, and who cannot start."""

import pytest
import trio

from corserver import App, asgi
from corserver.apps.asgi import LifespanFailed

from .hosting import LOOPS, Message, Receive, Send, answering, client, serving

pytestmark = pytest.mark.parametrize("loop", LOOPS)


def living(told: list[str], *, failure: str = "") -> object:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await answering()(scope, receive, send)
            return
        told.append((await receive())["type"])
        if failure:
            await send({"type": "lifespan.startup.failed", "message": failure})
            return
        await send({"type": "lifespan.startup.complete"})
        told.append((await receive())["type"])
        await send({"type": "lifespan.shutdown.complete"})

    return app


async def test_an_app_is_told_of_its_start_and_its_end(loop: str) -> None:
    told: list[str] = []
    async with client(living(told), loop=loop, lifespan="on") as http:
        assert (await http.get("/")).status_code == 200
        assert told == ["lifespan.startup"]
    assert told == ["lifespan.startup", "lifespan.shutdown"]


async def test_a_mounted_app_too(loop: str) -> None:
    told: list[str] = []
    router = App()
    router.mount("/old", asgi(living(told), loop=loop))  # type: ignore[arg-type]
    async with client(router) as http:
        assert (await http.get("/old/x")).status_code == 200
    assert told == ["lifespan.startup", "lifespan.shutdown"]


async def test_an_app_that_takes_no_part_is_served_without(loop: str) -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await answering(b"yes")(scope, receive, send)

    async with client(app, loop=loop) as http:
        assert (await http.get("/")).content == b"yes"
    with pytest.raises(LifespanFailed, match="AssertionError"):
        async with asgi(app, loop=loop, lifespan="on"):
            pass


async def test_off_it_is_not_told(loop: str) -> None:
    told: list[str] = []
    async with client(living(told), loop=loop, lifespan="off") as http:
        assert (await http.get("/")).status_code == 200
    assert told == []


@pytest.mark.parametrize("lifespan", ["auto", "on"])
async def test_an_app_that_says_that_it_cannot_start_is_not_served(loop: str, lifespan: str) -> None:
    with pytest.raises(LifespanFailed, match="no database"):
        async with asgi(living([], failure="no database"), loop=loop, lifespan=lifespan):  # type: ignore[arg-type]
            pass


async def test_it_ends_in_order_when_the_server_is_cancelled(loop: str) -> None:
    told: list[str] = []
    with trio.CancelScope() as scope:
        async with serving(living(told), loop=loop):
            scope.cancel()
            await trio.sleep_forever()
    assert told == ["lifespan.startup", "lifespan.shutdown"]


async def test_uncalled_for_it_says_what_is_missing(loop: str) -> None:
    from corserver.cors.scopes import Path
    from corserver.http.messages import Request

    with pytest.raises(RuntimeError, match="is entered before it is called"):
        await asgi(answering(), loop=loop)(Request(method="GET", target="/", path=Path()))
