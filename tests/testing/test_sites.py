"""Two origins, of which neither is known before both run; and the example of the documentation in a real browser."""

import re
import textwrap
from pathlib import Path

import httpx
import pytest
import trio

import corserver.testing
from corserver import Policy
from corserver.cors.decision import Reason
from corserver.testing import two_origins
from tests.browser.chromium import chromium, needs_chromium
from tests.browser.sites import PATIENCE

from .apps import SITE, make_app
from .example_files import needs_playwright, needs_selenium, run_file


def test_the_page_is_told_the_api_and_the_policy_the_page() -> None:
    with two_origins("<p>{api}</p>", make_app(), cors=lambda site: Policy(origins=[site])) as sites:
        assert sites.origin == f"http://localhost:{sites.page.address[1]}"
        assert sites.page_url == f"{sites.origin}/"
        page = httpx.get(sites.page.url)
        assert page.text == f"<p>{sites.api.url}</p>"
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert httpx.get(f"{sites.page.url}/favicon.ico").status_code == 404
        answer = httpx.get(f"{sites.api.url}/hello", headers={"Origin": sites.origin})
        assert answer.headers["access-control-allow-origin"] == sites.origin


def test_the_page_may_be_a_function_and_the_policy_a_value() -> None:
    policy = Policy(origins=[SITE])
    with two_origins(lambda api: f"ask {api}", make_app(), cors=policy, server_header="B") as sites:
        assert httpx.get(sites.page.url).text == f"ask {sites.api.url}"
        answer = httpx.get(f"{sites.api.url}/hello", headers={"Origin": SITE})
        assert answer.headers["access-control-allow-origin"] == SITE
        assert answer.headers["server"] == "B"


def test_braces_of_scripts_are_left_alone() -> None:
    with two_origins("<script>const f = () => ({a: `${1}`})</script>", make_app()) as sites:
        assert httpx.get(sites.page.url).text == "<script>const f = () => ({a: `${1}`})</script>"


def test_both_are_stopped_if_the_block_raises() -> None:
    with pytest.raises(ZeroDivisionError), two_origins("", make_app()) as sites:
        _ = 1 // 0
    for url in (sites.page.url, sites.api.url):
        with pytest.raises(httpx.ConnectError):
            httpx.get(url)


def page_of_the_documentation() -> str:
    """PAGE of the Playwright example, as it stands there."""
    documentation = corserver.testing.__doc__ or ""
    return documentation.partition('PAGE = """')[2].partition('"""')[0]


# What Playwright and Selenium look for in the page is told here by the page itself, on its console.
_TELL = """<link rel="icon" href="data:,"><script type="module">
  const got = document.querySelector("#got")
  new MutationObserver(() => console.log(`the page got ${got.textContent}`)).observe(got, {childList: true})
</script>"""


@needs_chromium
@pytest.mark.parametrize(
    ("allowed", "words", "reason"),
    [
        (None, "the page got hello", Reason.ALLOWED_EXACT),
        (SITE, "blocked by CORS policy", Reason.ORIGIN_NOT_ALLOWED),
    ],
)
async def test_the_documented_page_reads_the_api_in_a_browser(allowed: str | None, words: str, reason: Reason) -> None:
    page = page_of_the_documentation().replace("<script", f"{_TELL}<script", 1)
    with two_origins(page, make_app(), cors=lambda site: Policy(origins=[allowed or site])) as sites:
        with trio.fail_after(PATIENCE):
            async with chromium(sites.page_url) as console:
                await console.expect(words)
        (request,) = sites.api.wait_for(1)
    assert (request.origin, request.reason) == (sites.origin, reason)


#: What the documentation's examples take for granted.
_GRANTED = """
import httpx, pytest
from corserver import App, Policy
from corserver.cors.decision import Reason
from corserver.testing import two_origins

app = App(cors=Policy(origins=["https://site.example"], methods=["PUT"]))

@app.get("/")
@app.get("/hello")
async def hello(request):
    return "hello"

@app.put("/items/{id}")
async def put(request):
    return None
"""
_PLAYWRIGHT = "from playwright.sync_api import expect\n"
_SELENIUM = """
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import text_to_be_present_in_element
from selenium.webdriver.support.wait import WebDriverWait
"""


def examples() -> list[str]:
    """The examples of the documentation, as they stand there: a block, the fixture, Playwright, Selenium."""
    indented = re.findall(r"(?:^(?: {4}.*)?\n)+", corserver.testing.__doc__ or "", re.MULTILINE)
    blocks = (textwrap.dedent(block) for block in indented if block.strip())
    return [re.sub(r"^(>>>|\.\.\.) ", "", block, flags=re.MULTILINE) for block in blocks]


def test_the_examples_of_the_documentation_run(tmp_path: Path) -> None:
    block, fixture, _, _ = examples()
    assert run_file(tmp_path, block + _GRANTED + fixture).startswith("1 passed")


@needs_playwright
def test_the_example_with_playwright_runs(tmp_path: Path) -> None:
    assert run_file(tmp_path, _GRANTED + _PLAYWRIGHT + examples()[2]).startswith("1 passed")


@needs_selenium
def test_the_example_with_selenium_runs(tmp_path: Path) -> None:
    page = f'PAGE = """{page_of_the_documentation()}"""\n'
    assert run_file(tmp_path, _GRANTED + _SELENIUM + page + examples()[3]).startswith("1 passed")
