"""The lobby's visitors beside each other: none gets another's answer, waits for another or falls with one."""

import os
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
import trio
import trio.testing

from corserver.cors.policy import Policy
from corserver.cors.scopes import PathPattern, Scope, Scopes
from corserver.http.hosts import AllowedHosts
from corserver.http.log import Entry
from corserver.http.messages import Request, Response

from .lobbies import GET, OTHER, PREFLIGHT, SITE, Attended, ask, read_all, served, until, visitors
from .peer import Answer, read_answers, request
from .transcript import recorded

# ------------------------------------------------------------------------------------------------------- no cross-talk


def allowed(answer: Answer) -> bytes | None:
    return answer.cors.get(b"access-control-allow-origin")


async def test_the_same_head_gets_each_scopes_own_answer_however_often_asked_for_elsewhere(
    attended: Attended,
) -> None:
    table = Scopes(
        [
            Scope(PathPattern.parse("/any/*"), Policy(["*"], max_age=1)),
            Scope(PathPattern.parse("/other/*"), Policy([OTHER])),
            Scope(PathPattern.parse("/put/*"), Policy([SITE], max_age=2), ("PUT",)),
            Scope(PathPattern.parse("/off/*"), None),
        ],
        default=Policy([SITE], max_age=3),
    )
    expected = {
        "/": (204, SITE.encode(), b"3"),
        "/any/x": (204, b"*", b"1"),
        "/other/x": (403, None, None),
        "/put/x": (204, SITE.encode(), b"2"),
        "/putx": (204, SITE.encode(), b"3"),
        "/off/x": (200, None, None),
    }
    async with attended(served(scopes=table)) as hall:
        client = hall.enter()
        for path in [*expected, *expected, *reversed(expected)]:
            for _ in range(5):
                answer = await ask(client, PREFLIGHT.replace(b" / ", f" {path} ".encode()))
                age = answer.cors.get(b"access-control-max-age")
                assert (answer.status, allowed(answer), age) == expected[path]


async def test_no_answer_outlives_its_policy(attended: Attended) -> None:
    service = served()
    async with attended(service) as hall:
        client = hall.enter()
        for policy, expected in (
            (Policy([SITE]), SITE.encode()),
            (Policy([OTHER]), None),
            (Policy(["*"]), b"*"),
            (Policy([SITE]), SITE.encode()),
        ) * 2:
            service.scopes = Scopes(default=policy)
            for data in (PREFLIGHT, PREFLIGHT, PREFLIGHT, GET, GET, GET):
                assert allowed(await ask(client, data)) == expected


async def test_a_predicate_is_asked_each_time(attended: Attended) -> None:
    asked: list[str] = []

    def predicate(origin: str) -> bool:
        asked.append(origin)
        return len(asked) % 2 == 1

    async with attended(served(scopes=Scopes(default=Policy([], predicate=predicate)))) as hall:
        client = hall.enter()
        assert [(await ask(client, PREFLIGHT)).status for _ in range(4)] == [204, 403, 204, 403]
        assert [allowed(await ask(client, GET)) for _ in range(4)] == [SITE.encode(), None] * 2


@pytest.mark.parametrize("framing", ["Content-Length: 5", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("behind", [b"", GET, GET[:20]])
async def test_a_head_that_is_known_has_the_body_that_came_with_it(
    framing: str, behind: bytes, attended: Attended
) -> None:
    head = request("POST", "/", f"Origin: {SITE}", framing)
    async with attended(served()) as hall:
        for number in range(5):
            client = hall.enter()
            body = b"no. %d" % number
            data = head + (body if "Length" in framing else b"5\r\n%s\r\n0\r\n\r\n" % body) + behind
            at = len(data) * number // 4  # Whole, in the end.
            await client.send_all(data[:at])
            await trio.testing.wait_all_tasks_blocked()
            await client.send_all(data[at:])
            await client.send_eof()
            answers = read_answers(await read_all(client))
            assert [answer.body for answer in answers][:1] == [body]
            assert [answer.status for answer in answers][1:] == {b"": [], GET: [200], GET[:20]: [400]}[behind]


async def test_a_foreign_host_is_refused_after_any_number_of_others(attended: Attended) -> None:
    service = served()
    service.hosts = AllowedHosts()
    foreign = PREFLIGHT.replace(b"Host: localhost", b"Host: evil.example")
    async with attended(service) as hall:
        client = hall.enter()
        for _ in range(3):
            assert (await ask(client, PREFLIGHT)).status == 204
            refused = await ask(client, foreign)
            assert (refused.status, b"--allow-host" in refused.body) == (403, True)


# ------------------------------------------------------------------------------------------------------------ fairness


async def test_a_flood_of_preflights_delays_a_handler_by_no_more_than_a_batch(attended: Attended) -> None:
    answered: list[Entry] = []
    seen: list[int] = []

    async def app(request: Request) -> Response:
        for client in crowd:
            os.write(client.socket.fileno(), PREFLIGHT)
        before = len(answered)
        while len(answered) < before + len(crowd):
            seen.append(len(answered))
            await trio.lowlevel.checkpoint()
        return Response("done")

    service = served(app)
    service.access_log = answered.append
    async with attended(service) as hall:
        crowd = [hall.enter() for _ in range(300)]
        for _ in range(3):  # Its answer is known, then.
            assert (await ask(crowd[0], PREFLIGHT)).status == 204
        with trio.fail_after(5):
            assert (await ask(hall.enter(), GET)).body == b"done"
        answers = [bytes(await client.receive_some()) for client in crowd]
        assert all(answer.startswith(b"HTTP/1.1 204") for answer in answers)
    # Between two of its turns the lobby has one or two: trio shuffles who is ready.
    assert max(later - earlier for earlier, later in pairwise(seen)) <= 2 * 64


async def test_who_pipelines_lets_others_have_their_turn(attended: Attended) -> None:
    order: list[str] = []

    async def app(request: Request) -> Response:
        order.append(request.target)
        return Response()

    async with attended(served(app)) as hall:
        eager, other = hall.enter(), hall.enter()
        await eager.send_all(request("GET", "/eager") * 50)
        await other.send_all(request("GET", "/other"))
        await until(lambda: len(order) == 51)
        assert order.index("/other") < 40


async def test_a_stream_that_never_waits_lets_others_have_their_turn(attended: Attended) -> None:
    pieces = 0
    seen: list[int] = []

    async def stream() -> AsyncIterator[bytes]:
        nonlocal pieces
        while pieces < 1000:
            pieces += 1
            yield b"piece"

    async def app(request: Request) -> Response:
        if request.target == "/other":
            seen.append(pieces)
            return Response()
        return Response(stream())

    async with attended(served(app)) as hall:
        eager, other = hall.enter(), hall.enter()
        await eager.send_all(request("GET", "/eager"))
        await other.send_all(request("GET", "/other"))
        await until(lambda: seen)
        assert seen[0] < 100


# -------------------------------------------------------------------------------------------- peers and apps that fail


async def test_a_peer_that_resets_its_connection_leaves_nothing_behind(attended: Attended) -> None:
    async with attended(served()) as hall:
        for data in (b"", PREFLIGHT, GET, GET[:9]):
            client = hall.enter()
            if data:
                await client.send_all(data)
            await client.aclose()
        await until(lambda: hall.left == 4)


async def test_who_is_closed_twice_takes_nobody_with_him_who_has_his_descriptor_now(attended: Attended) -> None:
    async with attended(served()) as hall:
        hall.enter()
        (gone,) = visitors(hall)
        await gone.close()
        client = hall.enter(fd=gone.fd)
        await gone.close()
        (here,) = visitors(hall)
        assert (here.fd, here is gone) == (gone.fd, False)
        assert (await ask(client, GET)).body == b"hello"


async def test_a_log_that_raises_costs_its_connection_only(attended: Attended) -> None:
    def log(entry: Entry) -> None:
        raise OSError("no space left") if entry.target == b"/os" else ValueError("broken")

    service = served()
    service.access_log = log
    with recorded() as records:
        async with attended(service) as hall:
            for target in (b" /os ", b" /value "):
                client = hall.enter()
                await client.send_all(PREFLIGHT.replace(b" / ", target))
                assert (await read_all(client)).startswith(b"HTTP/1.1 204")
            await until(lambda: hall.left == 2)
            service.access_log = None
    assert any("own fault" in message for message in records.own_faults)
