"""What `corserver [DIRECTORY]` writes while it runs: for a terminal, for a program, for nobody."""

import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
from pathlib import Path

import httpx
import pytest
import trio

from .running import ENVIRONMENT, Running, corserver, ended, errors, output


async def test_quiet_is_quiet(public: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, fd = listener.getsockname()[1], listener.fileno()
        command, pipe = [sys.executable, "-m", "corserver", str(public), "--fd", str(fd), "-q"], subprocess.PIPE
        process = await trio.lowlevel.open_process(command, stdout=pipe, env=ENVIRONMENT, pass_fds=[fd])
    running = Running(process)
    async with ended(process), httpx.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/data.json")).status_code == 200
        assert await running.stop() == 0
        assert await output(running) == ""


async def test_a_log_that_nobody_reads_any_more_does_not_stop_it(public: Path) -> None:
    async with corserver(public, "-p", "0") as running:
        url = await running.url()
        assert running.process.stdout is not None
        await running.process.stdout.aclose()
        async with httpx.AsyncClient() as client:
            for _ in range(3):
                assert (await client.get(f"{url}/data.json")).status_code == 200
        assert await running.stop() == 0
        assert await errors(running) == ""


async def test_a_log_that_could_not_be_written_is_said_in_the_end(public: Path) -> None:
    command = [sys.executable, "-m", "corserver", str(public), "-p", "0", "--log-format", "json"]
    full = os.open("/dev/full", os.O_WRONLY)
    process = await trio.lowlevel.open_process(command, stdout=full, stderr=subprocess.PIPE, env=ENVIRONMENT)
    os.close(full)
    aside = Running(process, aside=True)
    async with ended(process), httpx.AsyncClient() as client:
        assert (await client.get(f"{await aside.url()}/data.json")).status_code == 200
        assert await aside.stop() == 74
        assert "cannot be written: No space left" in await aside.line_with("Error")


async def test_colour_is_used_when_it_is_asked_for(public: Path) -> None:
    async with corserver(public, "-p", "0", FORCE_COLOR="1") as running:
        assert "\x1b[" in await running.line_with("URL")


async def test_an_error_has_colour_only_when_that_is_wanted(public: Path) -> None:
    ours, theirs = os.openpty()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "corserver", str(public), "-p", str(port), "--strict-port"]
        process = await trio.lowlevel.open_process(command, stderr=theirs, env={**ENVIRONMENT, "NO_COLOR": "1"})
        async with ended(process):
            assert await process.wait() == 3
    os.close(theirs)
    assert os.read(ours, 1000).startswith(b"Error: cannot listen on 127.0.0.1: port")
    os.close(ours)


@pytest.mark.parametrize("log_format", ["clf", "json"])
async def test_a_log_for_programs_has_stdout_to_itself(public: Path, log_format: str) -> None:
    async with corserver(public, "-p", "0", "--log-format", log_format) as running:
        aside = Running(running.process, aside=True)
        url = await aside.url()
        async with httpx.AsyncClient(headers={"Origin": "http://localhost:3001"}) as client:
            await client.get(f"{url}/data.json")
            await client.get(f"{url}/nope?q=%22")
        assert await running.stop() == 0
        await aside.line_with("Stopped.")
        lines = (await output(running)).splitlines()
    if log_format == "json":
        read = [json.loads(line) for line in lines]
        assert [(each["target"], each["status"]) for each in read] == [("/data.json", 200), ("/nope?q=%22", 404)]
        assert read[0]["sent"] == 8
        assert [each["cors"]["reason"] for each in read] == ["NO_POLICY", "NO_POLICY"]
        assert all(each["client"] == "127.0.0.1" and 0 < each["duration_us"] < 30_000_000 for each in read)
    else:
        one, other = lines
        assert re.fullmatch(r'127\.0\.0\.1 - - \[[^]]+ \+0000\] "GET /data\.json HTTP/1\.1" 200 8', one)
        assert re.search(r'"GET /nope\?q=%22 HTTP/1\.1" 404 \d+$', other)


async def test_without_an_access_log_there_is_the_banner_alone(public: Path) -> None:
    async with corserver(public, "-p", "0", "--no-access-log") as running:
        url = await running.url()
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/data.json")).status_code == 200
            assert await running.stop() == 0, "an idle connection is no answer under way"
        await running.line_with("Stopped.")
        assert [line.split()[0] for line in running.lines] == ["corserver", "URL", "Root", "CORS", "Stop", "Stopped."]


async def test_a_program_that_starts_it_reads_one_object_once_it_listens(public: Path) -> None:
    async with corserver(public, "-p", "0", "--json") as running:
        ready = json.loads(await running.line_with("ready"))
        assert ready["pid"] == running.process.pid
        assert ready["addresses"] == [ready["url"]]
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{ready['url']}/data.json")).json() == {"a": 1}
        assert await running.stop() == 0
        assert (await output(running), len(running.lines)) == ("", 1)
        assert await errors(running) == ""


async def test_the_log_follows_the_ready_line_where_it_is_for_programs(public: Path) -> None:
    async with corserver(public, "-p", "0", "--json", "--log-format", "json", "--host", "0.0.0.0") as running:
        ready = json.loads(await running.line_with("ready"))
        assert ready["url"].startswith("http://127.0.0.1:")
        async with httpx.AsyncClient() as client:
            await client.get(f"{ready['url']}/data.json")
        assert json.loads(await running.line_with("/data.json"))["status"] == 200
        assert await running.stop() == 0


async def test_verbose_says_the_flag_that_would_allow_it(public: Path) -> None:
    async with corserver(public, "-p", "0", "-v") as running:
        async with httpx.AsyncClient(headers={"Origin": "http://localhost:3001"}) as client:
            await client.get(f"{await running.url()}/data.json")
        assert (await running.line_with("to allow it")).strip() == "to allow it: --cors http://localhost:3001"


async def test_on_a_terminal_nothing_but_a_long_path_is_wider_than_it(public: Path) -> None:
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    command = [sys.executable, "-m", "corserver", str(public), "-p", "0", "-v", "--cors", "https://a.example"]
    process = await trio.lowlevel.open_process(command, stdout=theirs, env={**ENVIRONMENT, "NO_COLOR": "1"})
    os.close(theirs)
    async with ended(process), trio.lowlevel.FdStream(ours) as terminal:
        shown = b""

        async def read_until(words: bytes) -> None:
            nonlocal shown
            with trio.fail_after(30):
                while words not in shown:
                    shown += await terminal.receive_some()

        await read_until(b"Ctrl-C")
        url = re.findall(r"http://127[^\s]+", shown.decode())[0]
        async with httpx.AsyncClient(headers={"Origin": "https://b.example"}) as client:
            await client.get(f"{url}/data.json")
        await read_until(b"see https")
        process.send_signal(signal.SIGINT)
        await read_until(b"Stopped.")
        assert await process.wait() == 0
    lines = [line.rstrip() for line in shown.decode().splitlines() if str(public) not in line]
    assert [line for line in lines if len(line) > 60] == []
    assert [line.strip() for line in lines].count("to allow it: --cors https://b.example") >= 1
