"""What `corserver [DIRECTORY]` starts beside the site: a browser, live reload, the live view."""

import json
import os
import re
import signal
from pathlib import Path

import httpx
import pytest
import trio

from .running import corserver, errors, refused


@pytest.mark.parametrize(
    ("arguments", "url_ends"), [(["-o"], "/"), (["--open", "/docs/?q=1"], "/docs/?q=1"), (["-o", "--spa"], "/")]
)
async def test_the_browser_is_opened_and_not_waited_for(
    public: Path, tmp_path: Path, arguments: list[str], url_ends: str
) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    os.mkfifo(opened)
    browser.write_text(f'#!/bin/sh\nsleep 60 & echo "$1 $!" > {opened}; wait\n')
    browser.chmod(0o755)
    async with corserver(public, *arguments, "-p", "0", BROWSER=f"{browser} %s") as running:
        url = await running.url()
        opened_url, sleeper = (await read_line(opened)).split()
        assert opened_url == url + url_ends
        os.kill(int(sleeper), signal.SIGTERM)
        assert await running.stop() == 0


async def read_line(fifo: Path) -> str:
    with trio.fail_after(30):
        return (await trio.to_thread.run_sync(fifo.read_text, abandon_on_cancel=True)).strip()


async def test_live_pages_have_a_script_that_no_policy_lets_others_read_and_that_is_not_logged(public: Path) -> None:
    (public / "index.html").write_text("<p>home")
    async with corserver(public, "-p", "0", "--live", "--cors", "*") as running:
        url = await running.url()
        async with httpx.AsyncClient(headers={"Accept": "text/html"}) as client:
            page = (await client.get(url)).text
            script = re.findall('src="(.*)"', page)[0]
            assert (await client.get(f"{url}{script}")).status_code == 200
            refused = await client.get(f"{url}{script}", headers={"Origin": "https://a.example"})
            assert (refused.status_code, "access-control-allow-origin" in refused.headers) == (403, False)
            async with client.stream("GET", f"{url}/_corserver/live") as stream:
                lines = stream.aiter_lines()
                while "event: state" not in await anext(lines):
                    pass
                running.process.send_signal(signal.SIGINT)
                assert [line async for line in lines][-1] == ""
        assert await running.process.wait() == 0
        await running.line_with("Stopped.")
        assert not [line for line in running.lines if "_corserver" in line]


async def test_the_live_view_is_on_a_port_of_its_own_and_never_on_the_served_one(public: Path) -> None:
    async with corserver(public, "-p", "0", "--inspect", "-q", "--json", "--cors", "https://a.example") as running:
        ready = json.loads(await running.line_with("ready"))
        view, url = ready["inspect"], ready["url"]
        assert view != url
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/data.json", headers={"Origin": "https://b.example"})).status_code == 200
            assert (await client.get(f"{url}/api/exchanges/1")).status_code == 404
            async with client.stream("GET", f"{view}/api/stream") as stream:
                lines = stream.aiter_lines()
                while "/data.json" not in (line := await anext(lines)):
                    pass
                assert json.loads(line.partition(": ")[2])[0]["state"] == "denied"
                running.process.send_signal(signal.SIGINT)
                with trio.fail_after(10):
                    assert [line async for line in lines][-1] == ""
        assert await running.process.wait() == 0
        assert await errors(running) == ""


async def test_the_banner_names_the_live_view_and_several_processes_have_none(public: Path) -> None:
    async with corserver(public, "-p", "0", "--inspect") as running:
        view = (await running.line_with("Inspect")).split()[1]
        async with httpx.AsyncClient() as client:
            assert "Requests" in (await client.get(view)).text
    code, text = await refused(public, "--inspect", "--workers", "2")
    assert (code, "leave out --workers" in text) == (2, True)
