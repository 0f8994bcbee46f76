"""Workers that are replaced: no request fails of it, and no worker that cannot start takes a place."""

import os
import signal
from itertools import cycle
from pathlib import Path

import pytest
import trio

from .peer import request
from .supervised import GET_PID, Running, supervised

PREFLIGHT = request("OPTIONS", "/pid", "Origin: https://site.example", "Access-Control-Request-Method: PUT")
NOT_FOUND = request("GET", "/nothing")


@pytest.mark.parametrize("arguments", [[], ["--one-queue"]], ids=["a queue each", "one queue"])
async def test_replacing_the_workers_under_load_fails_no_request(arguments: list[str]) -> None:
    statuses: list[int] = []
    served: set[int] = set()
    over = trio.Event()

    async def keep_asking(running: Running) -> None:
        while not over.is_set():
            client = await running.client()
            for data, status in cycle(((GET_PID, 200), (PREFLIGHT, 204), (NOT_FOUND, 404))):
                answer = await client.ask(data)
                assert answer.status == status
                statuses.append(status)
                if status == 200:
                    served.add(int(answer.body))
                if over.is_set() or answer.get(b"connection") == [b"close"]:
                    break
            await client.aclose()

    async with supervised(2, *arguments) as running, trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(keep_asking, running)
        for _ in range(3):
            old = await running.pids(2)
            running.signal(signal.SIGHUP)
            await running.line_with("REPLACED 2")
            assert not old & await running.pids(2)
        over.set()
    # Which of them the load has reached is the system's business, where they share a queue.
    assert len(served) > 2
    assert len(statuses) > 100


async def test_a_client_that_was_idle_while_its_worker_was_replaced_is_answered_and_told_to_leave() -> None:
    async with supervised(1) as running:
        old = await running.pid()
        clients = [await running.client() for _ in range(4)]
        for client in clients[1:]:
            assert (await client.ask(PREFLIGHT)).get(b"connection") == []
        assert (await clients[3].ask(GET_PID)).get(b"connection") == []
        running.signal(signal.SIGHUP)
        await running.line_with("REPLACED 1")
        for client, data in zip(clients, (GET_PID, GET_PID, PREFLIGHT, NOT_FOUND), strict=True):
            answer = await client.ask(data)
            assert answer.get(b"connection") == [b"close"]
            assert answer.body in (str(old).encode(), b"", b"no such thing")
            await client.aclose()
        assert await running.pid() != old
        with trio.fail_after(10):
            while is_there(old):  # All its clients have left.
                await running.pid()


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_worker_that_cannot_start_takes_nobodys_place(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    async with supervised(2, broken) as running:
        old = await running.pids(2)
        broken.touch()
        running.signal(signal.SIGHUP)
        assert "exit status 7; it did not get to serve" in await running.line_with("ended")
        assert {await running.pid() for _ in range(10)} <= old
        broken.unlink()
        running.signal(signal.SIGHUP)
        await running.line_with("REPLACED 2")
        assert not await running.pids(2) & old
