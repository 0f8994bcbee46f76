"""Test files of the documentation, run by a pytest of their own, with the `page` and the `driver` that theirs ask for.

A reader has `page` from pytest-playwright, and `driver` from a fixture of their own: here both drive Debian's Chromium.
"""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.browser.chromium import INSTALL, find_chromium

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
_CONFTEST = """
import pytest

FLAGS = {flags}


@pytest.fixture
def page():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path={chromium!r}, args=FLAGS)
        yield browser.new_page()
        browser.close()


@pytest.fixture
def driver():
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = {chromium!r}
    for flag in FLAGS:
        options.add_argument(flag)
    with Chrome(options, Service({chromedriver!r})) as driver:
        yield driver
"""

needs_playwright = pytest.mark.skipif(
    find_spec("playwright") is None or find_chromium() is None,
    reason=f"no Playwright with a chromium here: pip install playwright; {INSTALL}",
)
needs_selenium = pytest.mark.skipif(
    find_spec("selenium") is None or find_chromium() is None or shutil.which("chromedriver") is None,
    reason=f"no Selenium with a chromedriver here: pip install selenium; {INSTALL} chromium-driver",
)


def run_file(directory: Path, code: str) -> str:
    """Run *code* as a test file in *directory*; the last line that pytest says. Raises if a test failed."""
    paths = {"chromium": find_chromium(), "chromedriver": shutil.which("chromedriver")}
    (directory / "conftest.py").write_text(_CONFTEST.format(flags=list(_FLAGS), **paths))
    (directory / "test_example.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:playwright", str(directory)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=directory, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1]
