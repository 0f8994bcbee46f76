"""`corserver demo` as a user runs it: the banner, the two sites, Ctrl-C, and the page in the wheel's list of files."""

import os
import shlex
import signal
import socket
from importlib import resources
from pathlib import Path

import httpx
import pytest
import trio

from corserver.cli.demo import demo
from tests.cli.running import corserver
from tests.cli.test_check import examples


async def test_it_says_where_serves_both_sites_and_stops_cleanly() -> None:
    async with corserver("demo", "--port", "0") as running:
        url = await running.url()
        site_b = (await running.line_with("Site B")).split()[2]
        await running.line_with("Ctrl-C")
        assert [line.split()[0] for line in running.lines] == ["corserver", "URL", "Site", "Site", "Stop"]
        async with httpx.AsyncClient() as client:
            assert "Access-Control-Allow-Origin" in (await client.get(url)).text
            begun = (await client.post(f"{url}/api/runs", json={"case": "any-origin"})).json()
            assert begun["url"].startswith(f"{site_b}/run/")
            answer = await client.get(begun["url"], headers={"Origin": url})
            assert answer.headers["access-control-allow-origin"] == "*"
        assert (await running.line_with("/run/")).endswith(f"cors allowed {url}")
        assert await running.stop(signal.SIGINT) == 0
        await running.line_with("Stopped.")


async def test_a_taken_port_is_named_and_the_one_in_its_place() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with corserver("demo", "--port", str(port)) as running:
            found = (await running.url()).rpartition(":")[2]
            assert f"{port} is taken, so this is {found}" in await running.line_with("Port")
            assert await running.stop() == 0


@pytest.mark.parametrize("example", examples(demo.epilog or ""))
async def test_every_example_of_the_help_runs(example: str, tmp_path: Path) -> None:
    """A browser that is to be opened is a program that writes down what it is to show."""
    opened, program = tmp_path / "opened", tmp_path / "browser"
    os.mkfifo(opened)
    program.write_text(f'#!/bin/sh\nprintf %s "$1" >{opened}\n')
    program.chmod(0o755)
    async with corserver(*shlex.split(example)[1:], BROWSER=str(program)) as running:
        url = await running.url()
        if "--open" in example:
            assert await trio.Path(opened).read_text() == url
        async with httpx.AsyncClient() as client:
            assert (await client.get(url)).status_code == 200
        assert await running.stop(signal.SIGINT) == 0


def test_the_page_is_in_the_package() -> None:
    page = resources.files("corserver.tools.demo") / "page"
    assert {entry.name for entry in page.iterdir()} >= {"index.html", "style.css", "script.js"}
