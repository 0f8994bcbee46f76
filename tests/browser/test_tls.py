"""A page on https and an API on https, in a Chromium that trusts the authority as the banner says."""

import functools
from pathlib import Path

import trio

from corserver import App, Policy, Request, Server, serve
from corserver.cli.options.authority import issue
from corserver.cli.options.tls import server_context

from .chromium import needs_certutil, needs_chromium
from .sites import BLOCKED, Page

pytestmark = [needs_chromium, needs_certutil]


async def put(request: Request) -> dict[str, str]:
    return {"scheme": request.scheme}


async def test_a_page_on_https_reads_an_api_on_https(tmp_path: Path, nursery: trio.Nursery) -> None:
    context = server_context()
    authority = issue(tmp_path, ("localhost", "127.0.0.1"), context)
    page = Page(context, authority)
    await page.start(nursery)
    assert page.origin.startswith("https://127.0.0.1:")
    app = App()
    app.put("/item")(put)
    urls = {}
    for name, origin, ssl_context in (
        ("allowed", page.origin, context),
        ("denied", "https://other.example", context),
        ("plain", page.origin, None),
    ):
        policy = Policy([origin], ["PUT"], ["content-type"])
        start = functools.partial(serve, app, port=0, cors=policy, ssl_context=ssl_context)
        server: Server = await nursery.start(start)
        urls[name] = server.url.replace("127.0.0.1", "localhost")
    script = """
      const found = {};
      for (const [name, url] of Object.entries(urls)) found[name] = await read(`${url}/item`, json("PUT", {a: 1}));
      return found;
    """
    found = await page.run(script, urls=urls)
    assert (found["allowed"]["status"], found["allowed"]["body"]) == (200, '{"scheme":"https"}')
    assert "strict-transport-security" not in found["allowed"]["headers"]
    assert found["denied"] == BLOCKED
    # Plain http would be mixed content, and blocked, but for loopback, which browsers trust (Secure Contexts §3.1).
    assert found["plain"]["body"] == '{"scheme":"http"}'
