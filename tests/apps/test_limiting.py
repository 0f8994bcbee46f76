"""So many requests at once, and 503 for others."""

from collections.abc import AsyncIterator

import pytest
import trio

from corserver import HTTPError, Request, Response
from corserver.apps.adding import AddedHeaders
from corserver.apps.limiting import LimitedConcurrency
from corserver.cors.scopes import Path

REQUEST = Request(method="GET", target="/", path=Path())


async def test_a_request_counts_until_it_is_answered() -> None:
    begun, go_on = trio.Event(), trio.Event()

    async def app(request: Request) -> Response:
        begun.set()
        await go_on.wait()
        return Response("done")

    limited = LimitedConcurrency(app, 1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(limited, REQUEST)
        await begun.wait()
        with pytest.raises(HTTPError) as refused:
            await limited(REQUEST)
        assert refused.value.status == 503
        go_on.set()
    assert (await limited(REQUEST)).body == b"done"


async def test_a_stream_counts_until_it_is_closed_and_an_error_no_longer() -> None:
    async def app(request: Request) -> Response:
        async def body() -> AsyncIterator[bytes]:
            yield b"a"

        if request.method == "PUT":
            raise ValueError("broken")
        return Response(body())

    limited = LimitedConcurrency(app, 1)
    with pytest.raises(ValueError, match="broken"):
        await limited(REQUEST._replace(method="PUT"))
    response = await limited(REQUEST)
    with pytest.raises(HTTPError):
        await limited(REQUEST)
    await response.body.aclose()  # type: ignore[union-attr]
    await limited(REQUEST)


async def test_lines_are_added_where_the_app_has_none_of_that_name() -> None:
    async def app(request: Request) -> Response:
        if request.method == "PUT":
            raise HTTPError(404)
        return Response("a", headers={"X-One": "own"})

    added = AddedHeaders(app, [("x-one", "1"), ("x-two", "2")])
    response = await added(REQUEST)
    assert (response.header(b"x-one"), response.header(b"x-two")) == (b"own", b"2")
    with pytest.raises(HTTPError) as error:
        await added(REQUEST._replace(method="PUT"))
    assert error.value.response().header(b"x-two") == b"2"
