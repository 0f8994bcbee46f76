"""Compression on the fly: what is worth it, and for whom."""

import gzip
import os
from pathlib import Path

import pytest

from corserver.apps.files import StaticFiles
from corserver.apps.files.gzipping import THRESHOLD
from corserver.http.fileslice import CHUNK

from .site import BROWSER, COPIES, SCRIPT, ask, open_descriptors, write


@pytest.mark.parametrize("size", [THRESHOLD, CHUNK, CHUNK + 1, 3 * CHUNK])
async def test_text_is_compressed_on_demand(root: Path, size: int) -> None:
    content = (b"0123456789 abcdef\n" * (size // 18 + 1))[:size]
    write(root / "data.csv", content)
    app = StaticFiles(root, compress=True)
    before = open_descriptors()
    for _ in range(2):
        get, head = await ask(app, "/data.csv", "GET", BROWSER), await ask(app, "/data.csv", "HEAD", BROWSER)
        plain = await ask(app, "/data.csv")

        assert gzip.decompress(get.body) == content == plain.body
        assert get.headers["content-encoding"] == "gzip"
        assert get.headers["etag"].startswith('W/"')
        assert get.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
        assert get.headers.get("content-length") in (None, str(len(get.body)))
        assert "accept-ranges" not in get.headers
        assert plain.headers["accept-ranges"] == "bytes"
        assert head.headers == get.headers
        again = await ask(app, "/data.csv", "GET", {**BROWSER, "if-none-match": get.headers["etag"]})
        assert (again.status, again.headers["vary"]) == (304, "Accept-Encoding")
    assert open_descriptors() == before


async def test_a_part_is_never_of_what_is_compressed_on_the_fly(root: Path) -> None:
    write(root / "data.csv", SCRIPT)
    app = StaticFiles(root, compress=True)
    tag = (await ask(app, "/data.csv", "GET", BROWSER)).headers["etag"]
    part = await ask(app, "/data.csv", "GET", {**BROWSER, "range": "bytes=0-5"})
    stale = await ask(app, "/data.csv", "GET", {**BROWSER, "range": "bytes=0-5", "if-range": tag})

    assert (part.status, part.body, part.headers["vary"]) == (206, SCRIPT[:6], "Accept-Encoding")
    assert (stale.status, stale.body) == (200, SCRIPT)
    assert "content-encoding" not in {**part.headers, **stale.headers}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("small.css", b"a" * (THRESHOLD - 1)),
        ("film.mp4", b"a" * 5000),
        ("x.unknown", b"a" * 5000),
        ("a.gz", b"a" * 5000),
    ],
)
async def test_what_is_not_worth_it_is_not_compressed(root: Path, name: str, content: bytes) -> None:
    write(root / name, content)
    answer = await ask(StaticFiles(root, compress=True), f"/{name}", "GET", BROWSER)

    assert answer.body == content
    assert not {"content-encoding", "vary"} & set(answer.headers)


async def test_what_gzip_makes_longer_is_sent_as_it_is(root: Path) -> None:
    content = os.urandom(2000)
    write(root / "noise.txt", content)
    answer = await ask(StaticFiles(root, compress=True), "/noise.txt", "GET", BROWSER)

    assert (answer.body, answer.headers["content-length"], answer.headers["vary"]) == (
        content,
        "2000",
        "Accept-Encoding",
    )
    assert "content-encoding" not in answer.headers


async def test_a_copy_comes_before_compressing(copied: Path) -> None:
    app = StaticFiles(copied, compress=True)

    assert (await ask(app, "/app.js", "GET", {"accept-encoding": "gzip"})).body == COPIES["gzip"]
    (copied / "app.js.gz").unlink()
    assert (await ask(app, "/app.js", "GET", BROWSER)).body == COPIES["br"]
    assert gzip.decompress((await ask(app, "/app.js", "GET", {"accept-encoding": "gzip"})).body) == SCRIPT


async def test_without_it_nothing_is_compressed(root: Path) -> None:
    write(root / "data.csv", SCRIPT)
    answer = await ask(StaticFiles(root), "/data.csv", "GET", BROWSER)

    assert answer.body == SCRIPT
    assert not {"content-encoding", "vary"} & set(answer.headers)
