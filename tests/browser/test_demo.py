"""`corserver demo` in Chromium: every case does what was foretold, the form works, and so does a keyboard alone."""

import functools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio

from corserver import serve
from corserver.tools.demo.cases import CASES
from corserver.tools.demo.sites import Demo
from tests.browser.chromium import needs_chromium
from tests.browser.driving import Tab, tab
from tests.browser.sites import PATIENCE

pytestmark = needs_chromium

VERDICT = "document.getElementById('verdict').innerText"
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


async def test_a_keyboard_is_enough() -> None:
    """Tab to the first case, Enter; then through the form: a policy that is refused, mended, and asked with."""
    async with page() as driven:
        await focus(driven, "case-no-header")
        await driven.press("Enter")
        await driven.until("!document.getElementById('run').hidden")
        assert "Blocked" in await driven.evaluate(VERDICT)
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
        await focus(driven, "allow_credentials", back=True)
        await driven.press(" ")
        await driven.press("Enter")
        await driven.until("document.getElementById('title').textContent === 'Your own'")
        assert "The script reads the answer, a 200" in await driven.evaluate(VERDICT)
        assert not await driven.evaluate("document.getElementById('mistakes').textContent")


@pytest.mark.parametrize("width", [360, 800, 1200, 1600])
async def test_nothing_is_wider_than_the_window(width: int) -> None:
    async with page("#put-json") as driven:
        await driven.look(width, 800)
        assert await driven.evaluate("document.documentElement.scrollWidth <= innerWidth")


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
