"""Workers of a server that drains: those that come meanwhile, and those that have not begun."""

import os
import signal

import trio

from .peer import request
from .supervised import Running, supervised


async def test_a_worker_that_comes_while_the_server_drains_says_so_too() -> None:
    async with supervised(1, "--drains") as running:
        first = await running.pid()
        running.signal(signal.SIGTERM)
        await until_unhealthy(running)
        os.kill(first, signal.SIGKILL)
        await running.line_with(f"worker {first} ended: SIGKILL")
        second = await running.client()
        assert (await second.ask(request("GET", "/healthz"))).status == 503
        await second.aclose()
        running.signal(signal.SIGHUP)
        running.signal(signal.SIGTERM)
        await running.line_with("STOPPED")
        assert await running.process.wait() == 0


async def test_a_server_that_has_not_started_has_nobody_to_drain() -> None:
    async with supervised(1, "--drains", "--never", starts=False) as running:
        await running.line_with("BEGINS")
        running.signal(signal.SIGTERM)
        await running.line_with("STOPPED")
        assert await running.process.wait() == 0


#: A program whose answers may take as long as they like.
PATIENT = """
from corserver import App, Limits, serve_workers
started = lambda moment, number: print(moment.name + ":0", flush=True)
serve_workers(App(), workers=1, port=0, limits=Limits(grace_seconds=1e9), tell=started)
"""


async def test_a_grace_of_years_is_one() -> None:
    async with supervised(PATIENT) as running:
        running.signal(signal.SIGTERM)
        assert await running.process.wait() == 0


async def until_unhealthy(running: Running) -> None:
    with trio.fail_after(20):
        while True:
            client = await running.client()
            answer = await client.ask(request("GET", "/healthz"))
            await client.aclose()
            if answer.status == 503:
                return
