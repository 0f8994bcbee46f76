"""`corserver run` with apps that take long to start, or to end: signals do then what they do at other times."""

import signal
from pathlib import Path

import httpx
import pytest
import trio

from tests.trio_asyncio_here import needs_asyncio

from .running import corserver, output

APP = """
import anyio

async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})
        return
    await receive()
    if WHERE == "start":
        print("it starts", flush=True)
        await anyio.sleep_forever()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    if WHERE == "end":
        print("it ends", flush=True)
        await anyio.sleep_forever()
    await send({"type": "lifespan.shutdown.complete"})
"""
LOOPS = ["trio", pytest.param("asyncio", marks=needs_asyncio)]


def flags(folder: Path, where: str, loop: str) -> tuple[str, ...]:
    (folder / "main.tmp").write_text(f"WHERE = {where!r}\n{APP}")
    (folder / "main.tmp").rename(folder / "main.py")
    return "run", "main:app", "--app-dir", str(folder), "-p", "0", "--loop", loop


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("loop", LOOPS)
async def test_a_signal_ends_a_start_that_takes_long(
    tmp_path: Path, loop: str, number: signal.Signals, workers: str
) -> None:
    async with corserver(*flags(tmp_path, "start", loop), "--workers", workers) as running:
        await running.line_with("it starts")
        assert await running.stop(number) == 0
        assert (await output(running)).endswith("Stopped.\n")


@pytest.mark.parametrize("loop", LOOPS)
async def test_a_second_signal_ends_an_end_that_takes_long(tmp_path: Path, loop: str) -> None:
    async with corserver(*flags(tmp_path, "end", loop)) as running:
        await running.line_with("Stop")
        running.process.terminate()
        await running.line_with("it ends")
        with trio.fail_after(20):
            while running.process.returncode is None:
                running.process.terminate()
                with trio.move_on_after(0.1):
                    await running.process.wait()
        assert running.process.returncode == -signal.SIGTERM


@pytest.mark.parametrize("first", ["start", "nowhere"])
async def test_what_takes_long_to_start_is_replaced_by_what_comes_after_it(tmp_path: Path, first: str) -> None:
    """It may have been a mistake, which was mended meanwhile: nothing new was started any more."""
    async with corserver(*flags(tmp_path, first, "trio"), "--workers", "2") as running:
        if first == "nowhere":
            await running.line_with("Stop")
            flags(tmp_path, "start", "trio")
            running.process.send_signal(signal.SIGHUP)
        await running.line_with("it starts")
        flags(tmp_path, "nowhere", "trio")
        running.process.send_signal(signal.SIGHUP)
        if first == "nowhere":
            await running.line_with("All 2 workers were replaced.")
        async with httpx.AsyncClient() as client:
            assert (await client.get(await running.url())).status_code == 200
        assert await running.stop() == 0
