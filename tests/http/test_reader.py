"""What is read late: by a task that outlives the answer to its request."""

from collections.abc import Callable
from functools import partial

import pytest
import trio
import trio.testing

from corserver import Request, Response, Server, serve
from corserver.http.crew import Crew
from corserver.http.exchange import Call, Service, run_call

from .kqueues import openers
from .lobbies import Hall, ask, attended_with, read_all, until
from .peer import request
from .transcript import recorded

ONE = request("POST", "/one", body=b"abc")
TWO = request("POST", "/two", "Content-Length: 6")


class Late:
    """Answers `/one` at once, and lets *act* have that request when it is told to; echoes anything else."""

    def __init__(self, act: Callable[[Request], object]) -> None:
        self._act = act
        self.may_act = trio.Event()
        self.came_of_it: list[object] = []

    async def __call__(self, request: Request) -> Response:
        if request.target == "/one":
            request.start_soon(self._run, request)
            return Response("one")
        self.may_act.set()
        await until(lambda: self.came_of_it)
        return Response(await request.body())

    async def _run(self, request: Request) -> None:
        await self.may_act.wait()
        try:
            self.came_of_it.append(await self._act(request))  # type: ignore[misc]
        except Exception as error:
            self.came_of_it.append(error)


async def read_whole(request: Request) -> bytes:
    return await request.body()


async def inform(request: Request) -> None:
    await request.inform(103, {"Link": "</a>"})


def employed(hall: Hall) -> Hall:
    hall.service.crew = Crew[Call](hall.nursery, run_call)
    return hall


pollers = pytest.mark.parametrize("open_poller", openers().values(), ids=openers())


@pollers
async def test_a_body_that_is_read_late_is_not_the_next_ones(open_poller: Callable[[], object]) -> None:
    app = Late(read_whole)
    async with attended_with(open_poller, Service(app=app)) as hall:  # type: ignore[arg-type]
        client = employed(hall).enter()
        assert (await ask(client, ONE)).body == b"one"
        await client.send_all(TWO)
        await until(lambda: app.came_of_it)
        assert (await ask(client, b"secret")).body == b"secret"
        hall.service.crew.stop()  # type: ignore[union-attr]
    assert isinstance(app.came_of_it[0], RuntimeError)


@pollers
async def test_one_that_is_waited_for_when_the_answer_is_sent_ends_the_connection(
    open_poller: Callable[[], object],
) -> None:
    app = Late(read_whole)
    app.may_act.set()
    async with attended_with(open_poller, Service(app=app)) as hall:  # type: ignore[arg-type]
        client = employed(hall).enter()
        with recorded() as records:
            assert (await ask(client, ONE[:-1])).body == b"one"
            await client.send_eof()
            assert await read_all(client) == b""
        assert records.own_faults == []
        hall.service.crew.stop()  # type: ignore[union-attr]


@pollers
async def test_nothing_is_told_behind_an_answer(open_poller: Callable[[], object]) -> None:
    app = Late(inform)
    async with attended_with(open_poller, Service(app=app)) as hall:  # type: ignore[arg-type]
        client = employed(hall).enter()
        assert (await ask(client, request("GET", "/one"))).body == b"one"
        app.may_act.set()
        await until(lambda: app.came_of_it)
        assert app.came_of_it == [None]
        assert (await ask(client, request("GET", "/three"))).status == 200
        hall.service.crew.stop()  # type: ignore[union-attr]


@pytest.mark.parametrize("lobby", [True, False])
async def test_who_waits_for_the_client_to_leave_takes_nothing_of_the_next_request(lobby: bool) -> None:
    app = Late(Request.client_left)
    app.may_act.set()
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(partial(serve, app, port=0, lobby=lobby))
            client = await trio.open_tcp_stream("127.0.0.1", server.addresses[0].port)
            assert (await ask(client, request("GET", "/one"))).body == b"one"
            await trio.testing.wait_all_tasks_blocked()
            assert (await ask(client, request("POST", "/two", body=b"abc"))).body == b"abc"
            await client.aclose()
            server.stop()
    assert isinstance(app.came_of_it[0], RuntimeError)
