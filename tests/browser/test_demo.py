"""`corserver demo` in Chromium: every case does what was foretold, the form works, and so does a keyboard alone."""

import functools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio

from corserver import serve
from corserver.tools.demo.cases import CASES, PARTS
from corserver.tools.demo.sites import Demo
from tests.browser.chromium import needs_chromium
from tests.browser.driving import Tab, tab
from tests.browser.sites import PATIENCE

pytestmark = needs_chromium

VERDICT = "document.getElementById('verdict').innerText"
#: Fill the form, and send it.
FILL = """{
  const form = document.forms[0];
  document.getElementById("title").textContent = "";
  for (const [name, value] of Object.entries(%s)) {
    const field = form.elements[name];
    if (field.type === "checkbox") field.checked = value; else field.value = value;
  }
  form.requestSubmit();
}"""
FOCUS = "(document.activeElement.name || document.activeElement.id || document.activeElement.className)"


@asynccontextmanager
async def page(fragment: str = "") -> AsyncIterator[Tab]:
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            server = await nursery.start(functools.partial(serve, Demo().app, port=0))
            async with tab(f"{server.url}/{fragment}") as driven:
                yield driven
            nursery.cancel_scope.cancel()


async def test_every_case_of_the_gallery_does_what_was_foretold() -> None:
    async with page() as driven:
        for case in CASES:
            await driven.evaluate(f"document.getElementById('case-{case.name}').click()")
            await driven.until(f"document.getElementById('title').textContent === {case.title!r}")
            assert await driven.evaluate("document.getElementById('foretold').className") == "ok", case.name
        await driven.evaluate("document.getElementById('all').click()")
        await driven.until(
            f"document.getElementById('tally').textContent === '{len(CASES)} of {len(CASES)} as foretold'"
        )


async def test_the_picture_shows_the_preflight_and_what_the_browser_made_of_it() -> None:
    async with page("#put-get-only") as driven:
        assert "Blocked. The script gets TypeError: Failed to fetch" in await driven.evaluate(VERDICT)
        picture = await driven.evaluate("document.getElementById('events').innerText")
        for words in ("Access-Control-Request-Method: PUT", "204 No Content", "The PUT itself is never sent."):
            assert words in picture
        assert "Access-Control-Allow-Methods: GET, PUT" in await driven.evaluate(
            "document.querySelector('.mend').innerText"
        )


#: What differs from a GET that B's policy for A lets be read, and whether the script reads the answer.
OWN: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"method": "HEAD"}, True),
    ({"method": "POST", "body": "a=1"}, True),
    ({"method": "PATCH", "methods": "PATCH", "status": "500"}, True),
    ({"method": "patch", "methods": "PATCH"}, False),
    ({"method": "BREW", "methods": "*"}, True),
    ({"method": "CONNECT", "methods": "*"}, False),
    ({"headers": "X-Colour: red", "allowed_headers": "x-colour", "max_age": "60"}, True),
    ({"headers": "X-Colour: red"}, False),
    ({"headers": "Host: elsewhere.example"}, True),
    ({"headers": "Authorization: Bearer 1", "allowed_headers": "authorization"}, True),
    ({"method": "PUT", "credentials": "include", "methods": "*", "allow_credentials": True}, True),
    ({"method": "PUT", "credentials": "include", "methods": "PUT"}, False),
    ({"sandboxed": True, "origins": "*", "method": "DELETE", "methods": "DELETE"}, True),
    ({"governed": False, "method": "PUT"}, False),
]


async def test_it_opens_with_the_first_case_and_each_leads_to_the_next() -> None:
    async with page() as driven:
        for case in CASES:
            assert await driven.evaluate("document.getElementById('title').textContent") == case.title
            assert await driven.evaluate("document.querySelector('[aria-current]').id") == f"case-{case.name}"
            await driven.evaluate("{ const next = document.getElementById('next'); if (!next.hidden) next.click(); }")
            following = CASES[CASES.index(case) + 1].title if case is not CASES[-1] else case.title
            await driven.until(f"document.getElementById('title').textContent === {following!r}")
        assert await driven.evaluate("document.getElementById('next').hidden")
        parts = "[...document.querySelectorAll('#gallery h3')].map((part) => part.textContent)"
        assert await driven.evaluate(parts) == list(PARTS.values())


async def test_requests_of_ones_own_do_what_was_foretold() -> None:
    async with page("#header-for-a") as driven:
        initial = await driven.evaluate("JSON.stringify(Object.fromEntries(new FormData(document.forms[0])))")
        for changes, is_readable in OWN:
            fields = {
                **json.loads(initial),
                "sandboxed": False,
                "allow_credentials": False,
                "governed": True,
                **changes,
            }
            await driven.evaluate(FILL % json.dumps(fields))
            await driven.until("document.getElementById('title').textContent === 'Your own'")
            assert await driven.evaluate("document.getElementById('foretold').innerText") != ""
            assert await driven.evaluate("document.getElementById('foretold').className") == "ok", changes
            assert await driven.evaluate("document.getElementById('verdict').className === 'ok'") == is_readable, (
                changes
            )


async def test_a_keyboard_is_enough() -> None:
    """Tab to the first case, Enter; then through the form: a policy that is refused, mended, and asked with."""
    async with page() as driven:
        for name, words in (("header-for-a", "The script reads the answer"), ("no-header", "Blocked")):
            await focus(driven, f"case-{name}", back=name == "no-header")
            await driven.press("Enter")
            await driven.until(f"document.getElementById('case-{name}').ariaCurrent")
            assert words in await driven.evaluate(VERDICT)
        await focus(driven, "governed")
        await driven.press(" ")
        await focus(driven, "origins")
        await driven.type("*")
        await focus(driven, "allow_credentials")
        await driven.press(" ")
        await focus(driven, "status")
        await driven.press("Tab")
        await driven.press("Enter")
        await driven.until("document.getElementById('mistakes').textContent")
        assert "every site on the web" in await driven.evaluate("document.getElementById('mistakes').innerText")
        assert await driven.evaluate("document.querySelector('[aria-invalid]').name") == "origins"
        assert (
            await driven.evaluate("document.querySelector('[aria-invalid]').ariaDescribedByElements[0].id")
            == "mistakes"
        )
        await focus(driven, "allow_credentials", back=True)
        await driven.press(" ")
        await driven.press("Enter")
        await driven.until("document.getElementById('title').textContent === 'Your own'")
        assert "The script reads the answer, a 200" in await driven.evaluate(VERDICT)
        assert not await driven.evaluate("document.getElementById('mistakes').textContent")


async def test_nothing_is_wider_than_the_window() -> None:
    async with page("#put-json") as driven:
        for width in (320, 400, 800, 1200, 1600, 2560):
            await driven.look(width, 800)
            assert await driven.evaluate("document.documentElement.scrollWidth <= innerWidth"), width


async def test_who_cannot_see_it_is_told_it() -> None:
    """Each field has a label, the outcome is announced, and no mark is a colour alone."""
    async with page("#missing-on-actual") as driven:
        fields = "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]"
        assert await driven.evaluate(f"{fields}.every((field) => field.labels.length === 1)")
        announced = await driven.evaluate("document.querySelector('[role=status].unseen').textContent")
        assert announced == "Header on the preflight only: Blocked. The script gets TypeError: Failed to fetch"
        marks = "[...document.querySelectorAll('#run .mark')]"
        assert await driven.evaluate(f"{marks}.every((mark) => mark.querySelector('.unseen').textContent)")
        ways = await driven.evaluate("[...document.querySelectorAll('.way')].map((way) => way.textContent)")
        assert {"Browser to Site B", "Site B to Browser", "Script on A to Browser"} < set(ways)


async def focus(driven: Tab, name: str, *, back: bool = False) -> None:
    """Press Tab until *name* has the focus."""
    for _ in range(60):
        await driven.press("Tab", shift=back)
        if await driven.evaluate(FOCUS) == name:
            return
    raise AssertionError(f"Tab does not lead to {name}")
