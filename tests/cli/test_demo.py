"""`corserver demo` as a user runs it: the banner, the two sites, Ctrl-C, and the page in the wheel's list of files."""

import signal
from importlib import resources

import httpx

from tests.cli.test_serve import corserver


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


def test_the_page_is_in_the_package() -> None:
    page = resources.files("corserver.tools.demo") / "page"
    assert {entry.name for entry in page.iterdir()} >= {"index.html", "style.css", "script.js"}
