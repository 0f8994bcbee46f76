"""The live view in Chromium: requests as they come, what was denied, a keyboard alone, and nobody else's page."""

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from corserver import Server
from corserver.tools.inspect import Inspector
from corserver.tools.inspect.ring import KEPT, Ring
from tests.browser.chromium import needs_chromium
from tests.browser.driving import Tab, tab
from tests.browser.sites import PATIENCE
from tests.cli.output.test_text_lines import ALLOWED, DENIED, ENTRY, PREFLIGHT

pytestmark = needs_chromium

SHOWN = "[...document.querySelectorAll('#list li:not([hidden]) .target')].map((each) => each.textContent).join()"
TITLE = "document.getElementById('title').textContent"
ENTRIES = [
    ENTRY._replace(target=b"/plain"),
    ENTRY._replace(target=b"/allowed", decision=ALLOWED),
    ENTRY._replace(target=b"/preflight", method=b"OPTIONS", status=204, decision=PREFLIGHT),
    ENTRY._replace(target=b"/denied", decision=DENIED),
]


@asynccontextmanager
async def view(kept: int = KEPT) -> AsyncIterator[tuple[Inspector, Server, Tab]]:
    inspector = Inspector(Ring(kept))
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            server: Server = await nursery.start(functools.partial(inspector.serve, "http://localhost:8000"))
            async with tab(server.url) as driven:
                yield inspector, server, driven
            nursery.cancel_scope.cancel()


async def test_requests_come_and_the_keyboard_leads_to_the_story_of_what_was_denied() -> None:
    async with view() as (inspector, _, driven):
        inspector.ring(ENTRIES)
        await driven.until(f"{SHOWN} === '/denied,/preflight,/allowed,/plain'")
        assert await driven.evaluate("document.title") == "(1 denied) corserver: requests"
        announced = await driven.evaluate("document.getElementById('announcement').textContent")
        assert announced == "Denied: GET /denied from https://b.example"
        await driven.type_key("ArrowDown")
        await driven.type_key("ArrowDown")
        await driven.until(f"{TITLE} === 'PUT /preflight'")
        await driven.type_key("d")
        assert await driven.evaluate(SHOWN) == "/denied"
        await driven.type_key("ArrowDown")
        await driven.until(f"{TITLE} === 'GET /denied'")
        assert await driven.evaluate(
            "document.querySelector('#list [aria-selected=true]').textContent.includes('denied')"
        )
        assert "Denied. https://b.example cannot read" in await driven.evaluate(
            "document.getElementById('verdict').innerText"
        )
        picture = await driven.evaluate("document.getElementById('events').innerText")
        for words in ("Access-Control-Allow-Origin: missing", "CORS check of the answer: failed", "TypeError"):
            assert words in picture
        assert await driven.evaluate("document.querySelector('.flag code').textContent") == "--cors https://b.example"
        inspector.ring([ENTRY._replace(target=b"/later", decision=DENIED)])
        await driven.until(f"{SHOWN} === '/later,/denied'")
        assert await driven.evaluate(TITLE) == "GET /denied", "what is being read stays"
        await driven.type_key("/")
        await driven.type("LATER b.ex")
        await driven.until(f"{SHOWN} === '/later'")


async def test_nothing_is_wider_than_the_window_and_no_memory_grows() -> None:
    async with view() as (inspector, _, driven):
        long = ENTRY._replace(target=b"/" + b"x" * 500, decision=DENIED)
        for _ in range(6):
            inspector.ring([long] * 100)
            await driven.until("!document.querySelector('#nothing:not([hidden])')")
        await driven.until("document.querySelector('#line-600')")
        assert await driven.evaluate("document.querySelectorAll('#list li').length") == 500
        await driven.evaluate("document.querySelector('#list li').click()")
        await driven.until("!document.getElementById('exchange').hidden")
        for width in (320, 420, 700, 1000, 1280, 2560):
            await driven.look(width, 800)
            assert await driven.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        marks = "[...document.querySelectorAll('#exchange .mark')]"
        assert await driven.evaluate(
            f"{marks}.length && {marks}.every((each) => each.querySelector('.unseen').textContent)"
        )


async def test_what_was_cleared_does_not_come_again_with_a_new_connection() -> None:
    async with view() as (inspector, _, driven):
        seen = "EventSource = class extends EventSource { constructor(url) { super(url); globalThis.source = this; } };"
        await driven.call("Page.enable")
        await driven.call("Page.addScriptToEvaluateOnNewDocument", source=seen)
        await driven.call("Page.reload")
        await driven.until_it_reloads("globalThis.source && document.documentElement?.dataset.ready === 'true'")
        inspector.ring(ENTRIES)
        await driven.until(f"{SHOWN} === '/denied,/preflight,/allowed,/plain'")
        await driven.type_key("/")
        await driven.type("nothing such")
        words = "document.getElementById('nothing').innerText"
        assert await driven.evaluate(words) == "Nothing of what came is like this."
        await driven.type_key("Escape")
        await driven.evaluate("document.getElementById('clear').click()")
        assert await driven.evaluate(words) == "Nothing is here yet. Ask http://localhost:8000 for something."
        await driven.evaluate("source.close(); source.dispatchEvent(new Event('error'))")
        inspector.ring([ENTRY._replace(target=b"/later")])
        await driven.until(f"{SHOWN} !== ''")
        assert await driven.evaluate(SHOWN) == "/later"


async def test_a_request_that_is_kept_no_more_is_not_told_with_the_story_of_another() -> None:
    async with view(kept=2) as (inspector, server, driven):
        inspector.ring(ENTRIES[:2])
        await driven.until(f"{SHOWN} === '/allowed,/plain'")
        await driven.evaluate("document.querySelector('#line-2').click()")
        await driven.until(f"{TITLE} === 'GET /allowed'")
        inspector.ring(ENTRIES[2:])
        await driven.until("document.querySelector('#line-4')")
        await driven.evaluate("document.querySelector('#line-1').click()")
        await driven.until(f"{TITLE} === 'GET /plain'")
        shown = "document.getElementById('exchange').innerText"
        assert (await driven.evaluate(shown)).endswith("The server keeps it no more.")
        server.stop()
        await server.wait_stopped()
        await driven.evaluate("document.querySelector('#line-4').click()")
        await driven.until(f"{TITLE} === 'GET /denied'")
        assert (await driven.evaluate(shown)).endswith("The server has gone, and what it knew of this.")


async def test_a_page_of_another_origin_sees_nothing_of_it() -> None:
    async with view() as (_, server, driven):
        own = server.url.replace("127.0.0.1", "localhost")
        attempts = f"""(async () => {{
          const outcomes = [];
          for (const mode of ["cors", "no-cors"]) {{
            for (const path of ["/", "/api/stream", "/script.js"]) {{
              const ask = fetch("{own}" + path, {{mode}});
              outcomes.push(await ask.then((answer) => answer.type, () => "refused"));
            }}
          }}
          return outcomes.join();
        }})()"""
        assert await driven.evaluate(attempts) == ",".join(["refused"] * 6)


async def test_a_name_that_was_rebound_to_this_machine_sees_nothing_of_it() -> None:
    async with view() as (inspector, server, driven):
        inspector.ring(ENTRIES)
        own = server.url.replace("127.0.0.1", "rebound.test")
        await driven.evaluate(f"void (location.href = '{own}/')")
        await driven.until_it_reloads("document.body?.innerText.includes('DNS rebinding')")
        assert await driven.evaluate("location.origin") == own, "to the browser it is this page's own origin"
        for path in ("/", "/api/stream", "/api/exchanges/1"):
            asked = f"fetch('{path}').then(async (answer) => [answer.status, await answer.text()].join())"
            status, _, text = (await driven.evaluate(asked)).partition(",")
            assert status == "403"
            assert "b.example" not in text
        socket = f"new WebSocket('{own.replace('http', 'ws')}/api/stream')"
        heard = f"new Promise((done) => {{ {socket}.onerror = () => done('refused') }})"
        assert await driven.evaluate(heard) == "refused"
