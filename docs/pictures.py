"""`python -m docs.pictures [NAME]...` makes the README's pictures from the real thing.

Terminals are real ones, with what was really asked meanwhile; pages are screenshots of Chromium, whose requests are
what the inspector shows; the benchmark is what bench/README.md has in tables, drawn as `python -m bench --svg` does.
It needs Chromium, and `pip install -e '.[docs]'`. Ports 3000, 3001, 8000 and 8001 must be free: they are in the
pictures.
"""

import io
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.svg import picture
from docs.published import published
from docs.terminal import terminal

if TYPE_CHECKING:
    from playwright.sync_api import Page

DIRECTORY: Final = Path(__file__).parent
API: Final = "http://127.0.0.1:8000"
SITE: Final = "http://localhost:3000"
OTHER: Final = "http://localhost:3001"
_COLOURS: Final = 128
_MEASURED: Final = ("preflight", "preflight-new", "get-json", "file-1k")

#: A page that asks another origin, once it is told what.
_ASKING: Final = """<!doctype html><title>site</title><script>
const ask = (path, options) => fetch("http://127.0.0.1:8000" + path, options).then(() => 0, () => 0);
</script>"""
_ASKED: Final = """async () => {
  const json = {"content-type": "application/json"};
  await ask("/data.json");
  await ask("/tiles/7/66/43.pbf", {headers: {range: "bytes=0-1023"}});
  await ask("/items/7", {method: "PUT", headers: json, body: "{}"});
}"""


def make_site(root: Path) -> None:
    """A directory such as somebody serves: data, tiles, wasm."""
    files = {"data.json": 18_204, "places.parquet": 1_842_113, "viewer.wasm": 3_120_544, "style.css": 6_120}
    for name, size in (files | {"notes.txt": 412, "tiles/7/66/43.pbf": 8_911, "photos/bridge.jpg": 248_102}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b" " * size)


def ask(method: str, path: str, origin: str, **headers: str) -> None:
    """Send what a browser sends for a page on *origin*."""
    lines = {"Origin": origin} | {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(API + path, method=method, headers=lines)
    try:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).read()
    except urllib.error.HTTPError as error:
        error.close()


def draw_terminal(site: Path) -> bytes:
    """`corserver ./public`: its banner, what is asked meanwhile, its summary."""
    with terminal("./public", "--cors", SITE, directory=site.parent) as shown:
        shown.wait_for("Ctrl-C")
        ask("GET", "/data.json", SITE)
        ask("OPTIONS", "/items/7", SITE, Access_Control_Request_Method="PUT")
        ask("PUT", "/items/7", SITE)
        ask("GET", "/tiles/7/66/43.pbf", SITE, Range="bytes=0-1023")
        ask("GET", "/data.json", OTHER)
        ask("OPTIONS", "/data.json", OTHER, Access_Control_Request_Method="DELETE")
        shown.wait_for("preflight.*denied")
        shown.end()
        return shown.picture("terminal").encode()


def draw_listing(site: Path) -> bytes:
    """What a browser shows of a directory."""
    with terminal("./public", "--cors", SITE, directory=site.parent) as server, browser(900, 480) as page:
        server.wait_for("Ctrl-C")
        page.goto(API)
        return optimised(page.screenshot())


def draw_demo(site: Path) -> bytes:
    """`corserver demo`, at the preflight that is not enough."""
    with terminal("demo", directory=site.parent) as server, browser(1440, 1500) as page:
        server.wait_for("Ctrl-C")
        page.goto(f"{API}/#put-get-only")
        page.wait_for_function("document.getElementById('verdict').innerText.includes('Blocked')")
        return optimised(page.screenshot())


def draw_inspect(site: Path) -> bytes:
    """`--inspect`, with what two pages have asked, one of them denied."""
    pages = site.parent / "pages"
    pages.mkdir(exist_ok=True)
    (pages / "index.html").write_text(_ASKING)
    words = ("./public", "--cors", SITE, "--inspect")
    with (
        terminal(*words, directory=site.parent) as server,
        terminal("./pages", "-p", "3000", "--strict-port", directory=site.parent) as first,
        terminal("./pages", "-p", "3001", "--strict-port", directory=site.parent) as second,
        browser(1440, 960) as page,
    ):
        for started in (server, first, second):
            started.wait_for("Ctrl-C")
        for origin in (SITE, OTHER):
            page.goto(origin)
            page.evaluate(_ASKED)
        page.goto(server.wait_for(r"Inspect\S*\s+\S*?(http://[\d.:]+)")[1])
        page.locator("#list li", has_text="PUT").first.click()
        page.wait_for_function("document.getElementById('verdict').innerText.includes('Denied')")
        return optimised(page.screenshot())


def draw_benchmark(site: Path) -> bytes:
    """What was measured last, as bench/README.md has it: where little is to be done, and where much is."""
    tables = published()
    return picture([tables[name] for name in _MEASURED]).encode()


#: The pictures by the names of their files.
PICTURES: Final[Mapping[str, Callable[[Path], bytes]]] = {
    "terminal.svg": draw_terminal,
    "listing.png": draw_listing,
    "demo.png": draw_demo,
    "inspect.png": draw_inspect,
    "benchmark.svg": draw_benchmark,
}


@contextmanager
def browser(width: int, height: int) -> "Iterator[Page]":
    """A page of Chromium's, finer than it is large, which reaches this machine alone."""
    from playwright.sync_api import sync_playwright

    rules = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--no-proxy-server", rules]
        )
        yield found.new_page(viewport={"width": width, "height": height}, device_scale_factor=1.5)
        found.close()


def optimised(png: bytes) -> bytes:
    """The same picture in fewer colours."""
    from PIL import Image

    smaller = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(
        smaller, "PNG", optimize=True
    )
    return smaller.getvalue()


def main(names: list[str]) -> None:
    """Make the pictures of these names, or all."""
    # Its name is in the pictures. It must not be there yet: what is there is somebody's.
    home = Path(tempfile.gettempdir()).resolve() / "site-b"
    home.mkdir()
    try:
        make_site(home / "public")
        for name in names or PICTURES:
            made = PICTURES[name](home / "public")
            (DIRECTORY / name).write_bytes(made)
            print(f"docs/{name}: {len(made):,} bytes")
    finally:
        shutil.rmtree(home)


if __name__ == "__main__":
    main(sys.argv[1:])
