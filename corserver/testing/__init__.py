'''A server in a with-block, for a test, a notebook or a tool: `running`, `two_origins`, and what a browser makes of it.

    >>> from corserver import App, Policy
    >>> from corserver.cors import Reason
    >>> from corserver.testing import assert_blocked, assert_readable, running
    >>> app = App(cors=Policy(["https://site.example"], methods=["PUT"]))
    >>> with running(app) as server:
    ...     report = assert_readable(f"{server.url}/items/7", origin="https://site.example", method="PUT")
    ...     report = assert_blocked(f"{server.url}/items/7", origin="https://other.example")
    ...     assert server.wait_for(3)[-1].decision.reason is Reason.ORIGIN_NOT_ALLOWED

The server runs in a thread of its own, so the block may be synchronous, asyncio's, trio's or a notebook's cell, and
there may be several. What blocks the caller (starting, stopping, `wait_for`, the assertions) never needs the caller's
event loop, as long as the server that is asked is not on it.

pytest finds two fixtures by itself. `corserver` is a running server, for the app of a marker or of a fixture
`corserver_app`; `corserver_factory` starts as many as are wanted. Both stop what they started.

    @pytest.mark.corserver(app=app, cors=Policy(origins=["https://site.example"]))
    def test_it(corserver):
        assert httpx.get(corserver.url).text == "hello"

A real browser needs a page on one origin and the API on another: `two_origins`. With Playwright (pytest-playwright):

    PAGE = """<p id="got"></p><script type="module">
      document.querySelector("#got").textContent = await (await fetch("{api}/hello")).text()
    </script>"""

    def test_the_page_reads_the_api(page):
        with two_origins(PAGE, app, cors=lambda site: Policy(origins=[site])) as sites:
            page.goto(sites.page_url)
            expect(page.locator("#got")).to_have_text("hello")
            assert sites.api.wait_for(1)[0].decision.allowed

and with Selenium:

    def test_the_page_reads_the_api(driver):
        with two_origins(PAGE, app, cors=lambda site: Policy(origins=[site])) as sites:
            driver.get(sites.page_url)
            WebDriverWait(driver, 10).until(text_to_be_present_in_element((By.ID, "got"), "hello"))

The names are loaded when they are first used: pytest looks for the fixtures in every project where this is installed.
'''

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corserver.testing.asserting import assert_blocked, assert_readable
    from corserver.testing.recording import Recorded
    from corserver.testing.sites import TwoOrigins, two_origins
    from corserver.testing.threads import Running, running

__all__ = ["Recorded", "Running", "TwoOrigins", "assert_blocked", "assert_readable", "running", "two_origins"]

_HOMES = {
    "Recorded": "recording",
    "Running": "threads",
    "TwoOrigins": "sites",
    "assert_blocked": "asserting",
    "assert_readable": "asserting",
    "running": "threads",
    "two_origins": "sites",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"corserver.testing.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
