"""Pages that reload, in Chromium: when their file changes, styles alone, and when a server that was away is back."""

import functools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio

from corserver import Server, StaticFiles, serve
from corserver.apps.live import Live
from corserver.http.listeners import open_listeners
from tests.browser.chromium import needs_chromium
from tests.browser.driving import tab
from tests.browser.sites import PATIENCE

pytestmark = needs_chromium

#: `data-ready` is what the driver waits for. The style is looked at, so that it is known when it was swapped.
PAGE = """<!doctype html><html data-ready="true"><title>{words}</title>
<link rel="stylesheet" href="/style.css"><p id="words">{words}</p></html>"""
TITLE = "document.title === {!r}"
#: The page has its script: a server that stops before it has can be found by nobody.
SCRIPT = "performance.getEntriesByType('resource').some((each) => each.name.includes('live.js') && each.responseStatus)"
COLOUR = "getComputedStyle(document.getElementById('words')).color === 'rgb({}, 0, 0)'"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "site"
    root.mkdir()
    write(root, "one", red=1)
    return root


def write(root: Path, words: str, red: int) -> None:
    (root / "style.css").write_text(f"p {{ color: rgb({red}, 0, 0) }}")
    (root / "index.html").write_text(PAGE.format(words=words))


@asynccontextmanager
async def served(site: Path, port: int = 0) -> AsyncIterator[Server]:
    listeners = await open_listeners("127.0.0.1", port)
    async with trio.open_nursery() as nursery:
        live = Live(StaticFiles(site), [str(site)])
        server: Server = await nursery.start(functools.partial(serve, live, listeners=listeners))
        yield server
        server.stop()
        await server.wait_stopped()
        nursery.cancel_scope.cancel()


async def test_an_edit_reloads_the_page_and_one_of_a_style_does_not(site: Path) -> None:
    with trio.fail_after(PATIENCE):
        async with served(site) as server, tab(server.url) as driven:
            (site / "index.html").write_text(PAGE.format(words="two"))
            await driven.until_it_reloads(TITLE.format("two"))
            await driven.evaluate("window.unchanged = true")
            await driven.until(COLOUR.format(1))
            (site / "style.css").write_text("p { color: rgb(2, 0, 0) }")
            await driven.until(COLOUR.format(2))
            assert await driven.evaluate("window.unchanged === true"), "the page was not loaded again"
            assert await driven.evaluate("document.querySelectorAll('link').length") == 1
            fetched = await driven.evaluate("fetch('/').then((answer) => answer.text())")
            assert fetched == PAGE.format(words="two"), "what a script fetches is the file"


async def test_a_page_reloads_once_a_server_that_was_away_is_back(site: Path) -> None:
    with trio.fail_after(PATIENCE):
        async with served(site) as server:
            port = server.addresses[0].port
            async with tab(server.url) as driven:
                await driven.until(SCRIPT)
                server.stop()
                await server.wait_stopped()
                (site / "index.html").write_text(PAGE.format(words="after"))
                async with served(site, port):
                    await driven.until_it_reloads(TITLE.format("after"))


async def test_a_listing_and_what_was_not_found_reload_too(site: Path) -> None:
    (site / "files").mkdir()
    with trio.fail_after(PATIENCE):
        async with served(site) as server, tab(server.url) as driven:
            await driven.evaluate("void (location.href = '/files/')")
            await driven.until_it_reloads("location.pathname === '/files/' && document.body")
            (site / "files" / "new.txt").write_text("new")
            await driven.until_it_reloads("document.body?.innerText.includes('new.txt')")
            await driven.evaluate("void (location.href = '/later.html')")
            await driven.until_it_reloads("document.body?.innerText.includes('404')")
            (site / "later.html").write_text("<p>it came")
            await driven.until_it_reloads("document.body?.innerText.includes('it came')")


async def test_another_origin_cannot_listen(site: Path, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<html data-ready=true><p>elsewhere</html>")
    with trio.fail_after(PATIENCE):
        async with served(site) as server, served(tmp_path) as other, tab(other.url) as driven:
            stream = json.dumps(f"{server.url}/_corserver/live")
            heard = f"""new Promise((done) => {{
              const source = new EventSource({stream});
              source.onopen = () => done("open");
              source.onerror = () => done("refused");
            }})"""
            assert await driven.evaluate(heard) == "refused"
