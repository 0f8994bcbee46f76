"""`corserver DIRECTORY --workers 2` as a user runs it."""

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import trio

from .running import ENVIRONMENT, Running, corserver, ended, errors, refused, refused_at_once


async def ask(url: str, number: int, path: str = "/data.json") -> None:
    """So many requests, each on its own connection, so that they reach all workers."""
    for _ in range(number):
        async with httpx.AsyncClient() as client:
            assert (await client.get(url + path)).status_code == 200


async def supervisor(running: Running) -> int:
    found = re.search(r"kill -HUP (\d+)", await running.line_with("Workers"))
    assert found is not None
    return int(found[1])


async def test_there_is_one_banner_with_the_number_of_workers_and_one_log(public: Path) -> None:
    async with corserver(public, "-p", "0", "--workers", "2") as running:
        url = await running.url()
        assert await supervisor(running) == running.process.pid
        await ask(url, 20)
        await ask(url, 1, "/data.json?the-last")
        await running.line_with("the-last")
        assert await running.stop() == 0
        await running.line_with("Stopped.")
        words = ["corserver", "URL", "Root", "CORS", "Workers", "Stop"]
        assert [line.split()[0] for line in running.lines[:6]] == words
        assert running.lines[4].split()[1] == "2"
        assert len([line for line in running.lines if line.endswith("GET      /data.json")]) == 20
        assert running.lines[-2].split() == ["Served", "21", "requests"], "summed up over the workers"
        assert running.lines[-1] == "Stopped."
        assert await errors(running) == ""


async def test_hup_replaces_the_workers_and_says_so(public: Path) -> None:
    async with corserver(public, "-p", "0", "--workers", "2") as running:
        url = await running.url()
        os.kill(await supervisor(running), signal.SIGHUP)
        await running.line_with("All 2 workers were replaced.")
        await ask(url, 3)
        assert await running.stop(signal.SIGTERM) == 0
        assert await errors(running) == ""


async def test_a_second_signal_does_not_wait(public: Path) -> None:
    async with corserver(public, "-p", "0", "--workers", "2") as running:
        port = int((await running.url()).rpartition(":")[2])
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(b"GET /large.bin HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert await stream.receive_some(1000)
            running.process.send_signal(signal.SIGINT)
            assert "an answer is still under way" in await running.line_with("Stopping")
            assert await running.stop() == 130
            assert await errors(running) == ""


async def test_a_taken_port_is_named_and_the_next_free_one_used_or_refused(public: Path) -> None:
    async with corserver(public, "-p", "0", "--workers", "2") as first:
        port = (await first.url()).rpartition(":")[2]
        # Workers share a port with one another, but not with those of another server.
        async with corserver(public, "-p", port, "--workers", "2") as second:
            assert f"{port} is taken" in await second.line_with("Port")
            await second.line_with("Stop")
            assert len(second.lines) <= 8
        code, text = await refused(public, "-p", port, "--workers", "2", "--strict-port")
        assert (code, f"port {port} is taken" in text) == (3, True)
        assert "Traceback" not in text


@pytest.mark.parametrize("number", ["0", "-1", "two"])
def test_a_number_of_workers_that_cannot_be_is_refused(public: Path, number: str) -> None:
    code, text = refused_at_once(public, "--workers", number)
    assert (code, "--workers" in text) == (2, True)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_it_stops_when_its_terminal_is_closed(public: Path, workers: str) -> None:
    ours, theirs = pty.openpty()
    # A session of its own, whose terminal this is.
    code = (
        "import os, sys, fcntl, termios, corserver.cli; os.setsid(); "
        "fcntl.ioctl(0, termios.TIOCSCTTY, 0); corserver.cli.main()"
    )
    command = [sys.executable, "-c", code, str(public), "-p", "0", "--workers", workers]
    process = await trio.lowlevel.open_process(command, stdin=theirs, stdout=subprocess.PIPE, env=ENVIRONMENT)
    os.close(theirs)
    async with ended(process):
        running = Running(process)
        await running.line_with("Stop")
        os.close(ours)
        with trio.fail_after(20):
            assert await process.wait() == 0
        await running.line_with("Stopped.")
