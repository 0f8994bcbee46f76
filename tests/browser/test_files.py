"""Files as Chromium reads them: parts across origins, seeking media, compressed copies, isolated pages."""

import gzip
import json
import struct
from pathlib import Path

import trio

from corserver import StaticFiles
from corserver.apps.auth import BasicAuth
from corserver.config import cors_policy, embedding_lines
from docs.others import IN_A_PAGE, make_directory, told
from tests.browser.chromium import chromium, needs_chromium
from tests.browser.conftest import StartSite
from tests.browser.sites import PATIENCE, Page

pytestmark = needs_chromium


def wave(seconds: int, rate: int = 8000) -> bytes:
    """Silence, as a file that has to be sought in: a browser reads its head and where it is played."""
    size = seconds * rate
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate, 1, 8)
    return b"RIFF" + struct.pack("<I", 36 + size) + b"WAVE" + form + b"data" + struct.pack("<I", size) + b"\x80" * size


async def test_a_large_json_is_sought_in_by_parts(page: Page, start_site: StartSite, tmp_path: Path) -> None:
    """A script of another origin finds a record in a file of lines by halving, as a reader of tiles or Parquet does."""
    lines = [json.dumps({"id": i, "name": f"item {i}"}).ljust(63) for i in range(50_000)]
    (tmp_path / "items.jsonl").write_text("\n".join(lines) + "\n")
    b = await start_site(StaticFiles(tmp_path, compress=True), cors_policy([page.origin]))
    script = """
    const part = async (first, last, more) => {
      // Chromium's cache, once the tag is strong, gives a 416 the Content-Range of a part that it has.
      const headers = {Range: `bytes=${first}-${last}`, ...more};
      const response = await fetch(url, {cache: "no-store", headers});
      return {status: response.status, text: await response.text(), range: response.headers.get("content-range"),
              etag: response.headers.get("etag")};
    };
    const size = Number((await part(0, 0)).range.split("/")[1]);
    let low = 0, high = size / 64;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      const {text} = await part(middle * 64, middle * 64 + 63);
      if (JSON.parse(text).id <= 31415) low = middle; else high = middle;
    }
    const found = await part(low * 64, low * 64 + 63);
    const beyond = await part(size, size + 9);
    const several = await fetch(url, {headers: {Range: "bytes=0-1,64-65"}});
    return {size, found: JSON.parse(found.text).name, etag: found.etag, beyond: [beyond.status, beyond.range],
            several: [several.status, several.headers.get("content-type").split(";")[0]]};
    """
    outcome = await page.run(script, url=f"{b.url}/items.jsonl")
    assert outcome["etag"]
    assert (outcome["size"], outcome["found"]) == (3_200_000, "item 31415")
    assert outcome["beyond"] == [416, "bytes */3200000"]
    assert outcome["several"] == [206, "multipart/byteranges"]
    asked = [seen for seen in b.seen if seen.method == "GET"]
    assert 15 < len(asked) < 25
    assert all(seen.headers["accept-encoding"] == "identity" for seen in asked)


async def test_media_is_sought_in(page: Page, start_site: StartSite, tmp_path: Path) -> None:
    """A media element of another origin jumps to the end of a long file without reading all that is before it."""
    (tmp_path / "long.wav").write_bytes(wave(3000))
    b = await start_site(StaticFiles(tmp_path), cors_policy([page.origin]))
    script = """
    const media = document.createElement("video");
    media.crossOrigin = "anonymous"; media.preload = "metadata"; media.muted = true;
    const event = (name) => new Promise((done, failed) => {
      media.addEventListener(name, done, {once: true});
      media.addEventListener("error", () => failed(media.error.message), {once: true});
    });
    media.src = url;
    await event("loadedmetadata");
    const sought = event("seeked");
    media.currentTime = 2900;
    await sought;
    return {duration: media.duration, at: media.currentTime, seekable: media.seekable.end(0)};
    """
    outcome = await page.run(script, url=f"{b.url}/long.wav")
    assert outcome == {"duration": 3000, "at": 2900, "seekable": 3000}
    starts = [int(seen.headers["range"].removeprefix("bytes=").partition("-")[0]) for seen in b.seen]
    assert starts[0] == 0
    assert max(starts) > 20_000_000


async def test_a_copy_is_decoded_and_revalidated(page: Page, start_site: StartSite, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text('{"a": 1}')
    (tmp_path / "data.json.gz").write_bytes(gzip.compress(b'{"a": 1}'))
    b = await start_site(StaticFiles(tmp_path), cors_policy([page.origin]))
    script = "return [await read(url, {cache: 'no-cache'}), await read(url, {cache: 'no-cache'})]"
    first, second = await page.run(script, url=f"{b.url}/data.json")
    assert first["body"] == second["body"] == '{"a": 1}'
    assert first["headers"]["content-encoding"] == "gzip"
    assert b.seen[-1].headers["if-none-match"] == first["headers"]["etag"]


async def test_a_login_across_origins(page: Page, start_site: StartSite, tmp_path: Path) -> None:
    """The 401 can be read; with the header, which takes a preflight, so can the file."""
    (tmp_path / "data.json").write_text('{"a": 1}')
    b = await start_site(BasicAuth(StaticFiles(tmp_path), {"ada": "love"}), cors_policy([page.origin]))
    script = "return [await read(url), await read(url, {headers: {Authorization: 'Basic ' + btoa('ada:love')}})]"
    refused, allowed = await page.run(script, url=f"{b.url}/data.json")
    assert (refused["status"], refused["body"].splitlines()[0]) == (401, "401 Unauthorized")
    assert refused["headers"]["www-authenticate"].startswith("Basic")
    assert (allowed["status"], allowed["body"]) == (200, '{"a": 1}')
    assert b.requests == ["GET /data.json", "OPTIONS /data.json", "GET /data.json"]


async def test_a_script_reads_of_a_405_what_is_allowed(page: Page, start_site: StartSite, tmp_path: Path) -> None:
    (tmp_path / "data.json").write_text('{"a": 1}')
    b = await start_site(StaticFiles(tmp_path), cors_policy([page.origin]))
    outcome = await page.run("return await read(url, {method: 'DELETE'})", url=f"{b.url}/data.json")
    assert (outcome["status"], outcome["headers"].get("allow")) == (405, "GET, HEAD, OPTIONS")


_ISOLATED = """<!doctype html><link rel="icon" href="data:,"><script type="module">
const worker = new Worker("/worker.js");
const shared = new SharedArrayBuffer(4);
const memory = new WebAssembly.Memory({initial: 1, maximum: 2, shared: true});
const seen = {isolated: crossOriginIsolated, wasm: memory.buffer instanceof SharedArrayBuffer};
worker.postMessage({shared, seen});
worker.onmessage = () => console.log("RESULT " + JSON.stringify({...seen, shared: new Int32Array(shared)[0]}));
</script>"""
_WORKER = "onmessage = ({data}) => { Atomics.store(new Int32Array(data.shared), 0, 42); postMessage(''); };"


async def test_an_isolated_page_shares_memory_with_its_worker(start_site: StartSite, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(_ISOLATED)
    (tmp_path / "worker.js").write_text(_WORKER)
    b = await start_site(StaticFiles(tmp_path, headers=embedding_lines(isolate=True, cors=False)))
    async with chromium(f"{b.url}/") as console:
        with trio.move_on_after(PATIENCE):
            message = await console.expect("RESULT")
            assert json.loads(message.partition("RESULT ")[2].partition('", source')[0].replace('\\"', '"')) == {
                "isolated": True,
                "wasm": True,
                "shared": 42,
            }
            return
    raise AssertionError("the page did not end; the browser said:\n" + "\n".join(console.log))


async def test_a_page_that_is_not_isolated_has_no_shared_memory(start_site: StartSite, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<script>console.log('RESULT ' + crossOriginIsolated)</script>")
    b = await start_site(StaticFiles(tmp_path))
    async with chromium(f"{b.url}/") as console:
        with trio.move_on_after(PATIENCE):
            assert "RESULT false" in await console.expect("RESULT")
            return
    raise AssertionError("the page did not end; the browser said:\n" + "\n".join(console.log))


async def test_without_cors_no_page_of_another_origin_may_embed(
    page: Page, start_site: StartSite, tmp_path: Path
) -> None:
    """What the command line adds: B's script does not run on A's page, so that nothing leaks that way."""
    (tmp_path / "secret.js").write_text("window.leaked = 42")
    script = """
    const run = (url) => new Promise((done) => {
      const element = document.createElement("script");
      element.onload = () => done(window.leaked ?? "loaded"); element.onerror = () => done("blocked");
      element.src = url; document.head.append(element);
    });
    return [await run(closed), await run(open)];
    """
    closed = await start_site(StaticFiles(tmp_path, headers=embedding_lines(isolate=False, cors=False)))
    opened = await start_site(
        StaticFiles(tmp_path, headers=embedding_lines(isolate=False, cors=True)), cors_policy([page.origin])
    )
    outcome = await page.run(script, closed=f"{closed.url}/secret.js", open=f"{opened.url}/secret.js")
    assert outcome == ["blocked", 42]


async def test_a_listing_works_as_a_page(start_site: StartSite, tmp_path: Path) -> None:
    """Its style is allowed by its own policy, a name that is markup is a name, spaces are as many as they are.

    And the way to the top, a slash, can be hit by a finger (WCAG 2.2, target size).
    """
    (tmp_path / "<img src=x onerror=console.log('RESULT injected')>").touch()
    b = await start_site(StaticFiles(tmp_path))
    (tmp_path / "a  b").touch()
    (tmp_path / "frame").mkdir()
    (tmp_path / "frame" / "index.html").write_text(
        "<iframe src='/' onload=\"const d = this.contentDocument; console.log('RESULT ' + "
        "d.querySelectorAll('tbody a').length + ' ' + d.images.length + ' ' + "
        "getComputedStyle(d.querySelector('h1')).fontSize + ' ' + "
        "(d.querySelector('h1 a').getBoundingClientRect().width >= 24) + ' ' + "
        '[...d.links].at(-1).innerText.length)">'
        "</iframe>"
    )
    async with chromium(f"{b.url}/frame/") as console:
        with trio.move_on_after(PATIENCE):
            assert "RESULT 3 0 20px true 4" in await console.expect("RESULT")
            return
    raise AssertionError("the page did not end; the browser said:\n" + "\n".join(console.log))


async def test_a_page_reads_what_the_table_of_the_readme_says(
    page: Page, start_site: StartSite, tmp_path: Path
) -> None:
    b = await start_site(StaticFiles(make_directory(tmp_path)), cors_policy(["*"]))
    asked = ", ".join(f"{json.dumps(row)}: await (async () => {{ {body} }})()" for row, body in IN_A_PAGE.items())
    said = told("corserver")
    assert await page.run(f"return {{{asked}}}", url=b.url) == {row: said[row] for row in IN_A_PAGE}
