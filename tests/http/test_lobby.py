"""The lobby over real sockets: who waits there, for how long, and who goes when it stops."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio
import trio.testing

from corserver.http.messages import Request, Response
from corserver.http.visitor import State, Visitor

from .lobbies import GET, PREFLIGHT, Attended, ask, read_all, served, talk, until, visitors
from .peer import read_answers, request


def has_connection(visitor: Visitor) -> bool:
    return visitor.connection is not None


# --------------------------------------------------------------------------------------------------------- its states


async def test_a_visitor_has_a_connection_only_for_what_the_lobby_cannot_answer_and_briefly(
    mock_clock: trio.testing.MockClock, attended: Attended
) -> None:
    async with attended(served()) as hall:
        client = hall.enter()
        (visitor,) = visitors(hall)
        for _ in range(3):
            assert (await ask(client, PREFLIGHT)).status == 204
        assert not has_connection(visitor)
        for _ in range(3):
            assert (await ask(client, GET)).body == b"hello"
            assert (await ask(client, PREFLIGHT)).status == 204
        assert has_connection(visitor)
        mock_clock.jump(1)
        await until(lambda: not has_connection(visitor))
        assert visitor.state is State.WAITING
        assert (await ask(client, GET)).body == b"hello"


async def test_a_handler_that_is_at_work_is_left_alone_however_its_peer_behaves(attended: Attended) -> None:
    go_on = trio.Event()

    async def slow(request: Request) -> Response:
        await go_on.wait()
        return Response("done")

    async with attended(served(slow)) as hall:
        impatient, gone, ended = hall.enter(), hall.enter(), hall.enter()
        for client in (impatient, gone, ended):
            await client.send_all(GET)
        await until(lambda: all(visitor.state is State.BUSY for visitor in visitors(hall)))
        await impatient.send_all(PREFLIGHT)
        await gone.aclose()
        await ended.send_eof()
        for _ in range(5):
            await trio.testing.wait_all_tasks_blocked()
        assert not any(visitor.is_watched for visitor in visitors(hall)), "what is pending is not reported again"
        go_on.set()
        assert read_answers(await read_all(ended))[0].body == b"done"
        await impatient.send_eof()
        assert [answer.status for answer in read_answers(await read_all(impatient), ["GET", "OPTIONS"])] == [200, 204]


async def test_an_answer_reaches_a_peer_that_has_ended_its_side_already(attended: Attended) -> None:
    async with attended(served()) as hall:
        client = hall.enter()
        await client.send_all(GET)
        await client.send_eof()
        assert read_answers(await read_all(client))[0].body == b"hello"


async def test_answers_keep_their_order_whoever_sends_them(attended: Attended) -> None:
    async def app(request: Request) -> Response:
        return Response(b"x" * 50_000 if request.target == "/large" else request.target)

    sent = [request("GET", "/1"), PREFLIGHT, request("GET", "/large"), request("GET", "/2"), PREFLIGHT, PREFLIGHT]
    async with attended(served(app)) as hall:
        for pause in (False, True):
            client = hall.enter()
            for data in sent:
                await client.send_all(data)
                if pause:
                    await trio.lowlevel.checkpoint()
            await client.send_eof()
            answers = read_answers(await read_all(client))
            assert [(a.status, len(a.body)) for a in answers] == [
                (200, 2), (204, 0), (200, 50_000), (200, 2), (204, 0), (204, 0),
            ]  # fmt: skip


@pytest.mark.parametrize("before", [b"", GET], ids=["without a task", "with one"])
async def test_what_a_peer_does_not_take_is_owed_to_it_and_comes_whole_and_in_order(
    before: bytes, attended: Attended
) -> None:
    async with attended(served(requests=None)) as hall:
        client = hall.enter(buffer=4096)
        (visitor,) = visitors(hall)
        if before:
            await ask(client, before)
        sent = 0
        while visitor.state is State.WAITING:  # Each is taken by itself: the lobby answers it.
            await client.send_all(PREFLIGHT)
            sent += 1
            assert sent < 1000
            await trio.testing.wait_all_tasks_blocked()
        await client.send_all(PREFLIGHT + GET)
        await client.send_eof()
        answers = read_answers(await read_all(client), ["OPTIONS"] * (sent + 1))
        assert [answer.status for answer in answers] == [204] * (sent + 1) + [200]


async def test_a_preflight_that_closes_is_the_last_and_what_comes_after_it_is_dropped(attended: Attended) -> None:
    last = PREFLIGHT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    async with attended(served()) as hall:
        for before in (b"", GET):  # without a task, and with one
            client = hall.enter()
            if before:
                await ask(client, before)
            assert (await ask(client, last)).get(b"connection") == [b"close"]
            await client.send_all(b"more" * 100)
            await client.send_eof()
            assert await read_all(client) == b""
        await until(lambda: hall.left == 2)


# ----------------------------------------------------------------------------------------------------------- deadlines


@pytest.mark.parametrize(
    ("limits", "sent", "statuses"),
    [
        ({"head_seconds": 0.2}, b"", []),
        ({"head_seconds": 0.2}, b"GET / HT", [408]),
        ({"head_seconds": 0.2}, PREFLIGHT[:-1], [408]),
        ({"idle_seconds": 0.2}, PREFLIGHT, [204]),
        ({"idle_seconds": 0.2}, GET, [200]),
        ({"head_seconds": 0.2}, PREFLIGHT + GET[:-1], [204, 408]),
        ({"linger_idle_seconds": 0.1}, PREFLIGHT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), [204]),
        ({"requests": 3}, PREFLIGHT * 9, [204] * 3),
    ],
)
async def test_who_is_silent_for_too_long_is_let_go(
    limits: dict[str, Any], sent: bytes, statuses: list[int], attended: Attended
) -> None:
    async with attended(served(**limits)) as hall:
        client = hall.enter()
        start = time.monotonic()
        if sent:
            await client.send_all(sent)
        with trio.fail_after(5):
            received = await read_all(client)
        assert [answer.status for answer in read_answers(received, ["OPTIONS"] * 9)] == statuses
        await client.aclose()
        await until(lambda: hall.left == 1)
        assert time.monotonic() - start < 3


async def test_after_a_long_handler_the_silence_counts_from_when_the_answer_is_sent(attended: Attended) -> None:
    async with attended(served(idle_seconds=0.5)) as hall:
        client = hall.enter()
        await ask(client, PREFLIGHT)
        (visitor,) = visitors(hall)
        visitor.since -= 1000
        assert visitor.post(b"late", b"")
        assert visitor.due == float("inf")
        assert await client.receive_some() == b"late"
        assert trio.current_time() - visitor.since < 100


async def test_a_head_that_begins_late_in_a_long_silence_has_its_full_time(attended: Attended) -> None:
    async with attended(served(head_seconds=1.0)) as hall:
        client = hall.enter()
        (visitor,) = visitors(hall)
        await ask(client, PREFLIGHT)
        visitor.since -= 50  # as if it had been silent for so long
        await client.send_all(GET[:10])
        await until(lambda: visitor.state is State.BUSY)
        await client.send_all(GET[10:])
        assert read_answers(bytes(await client.receive_some()))[0].status == 200


async def test_the_last_request_that_a_connection_may_make_says_so(attended: Attended) -> None:
    async with attended(served(requests=3)) as hall:
        client = hall.enter()
        answers = [await ask(client, data) for data in (PREFLIGHT, GET, PREFLIGHT)]
        assert [answer.get(b"connection") for answer in answers] == [[], [], [b"close"]]
        assert await read_all(client) == b""


# ------------------------------------------------------------------------------------------------------------ stopping


async def test_stopping_lets_go_who_is_idle_and_answers_what_has_arrived(attended: Attended) -> None:
    async with attended(served()) as hall:
        new, kept, parked, asking = [hall.enter() for _ in range(4)]
        await ask(kept, PREFLIGHT)
        await ask(parked, GET)
        await ask(asking, PREFLIGHT)
        await asking.send_all(GET)  # It has arrived, and the lobby has not seen it.
        hall.lobby.stop()
        for client in (new, kept, parked):
            assert await read_all(client) == b""
        (answer,) = read_answers(await read_all(asking))
        assert answer.body == b"hello"


async def test_an_answer_that_is_about_to_go_out_survives_the_stop(attended: Attended) -> None:
    async def app(request: Request) -> Response:
        hall.lobby.stop()
        return Response("last")

    async with attended(served(app)) as hall:
        client = hall.enter()
        await client.send_all(GET)
        assert read_answers(await read_all(client))[0].body == b"last"


async def test_streams_and_large_answers_go_through_the_lobbys_sockets(attended: Attended) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 10_000

    async def app(request: Request) -> Response:
        return Response(pieces() if request.target == "/stream" else b"y" * 3_000_000)

    async with attended(served(app)) as hall:
        received = await talk(hall, request("GET", "/stream") + request("GET", "/large") + request("GET", "/stream"))
        assert [len(answer.body) for answer in read_answers(received)] == [1_000_000, 3_000_000, 1_000_000]
