"""Copies of a file in other codings: who gets which, and with which tag."""

import os
from pathlib import Path

import pytest

from corserver.apps.files import StaticFiles

from .conftest import SECRET
from .site import BROWSER, COPIES, SCRIPT, SETTLED_NS, ask, open_descriptors, write


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("zstd", "zstd"),
        ("br;q=0.5, gzip", "gzip"),
        ("gzip;q=0", None),
        ("identity", None),
        ("identity;q=1, *;q=0", None),
        ("", None),
        (None, None),
    ],
)
async def test_a_copy_is_sent_to_whom_it_suits(copied: Path, accepted: str | None, coding: str | None) -> None:
    headers = {} if accepted is None else {"accept-encoding": accepted}
    app = StaticFiles(copied)
    for _ in range(2):
        get, head = await ask(app, "/app.js", "GET", headers), await ask(app, "/app.js", "HEAD", headers)
        content = SCRIPT if coding is None else COPIES[coding]

        assert (get.status, get.body, get.headers["content-length"]) == (200, content, str(len(content)))
        assert get.headers.get("content-encoding") == coding
        assert get.headers["content-type"] == "text/javascript; charset=utf-8"
        assert get.headers["vary"] == "Accept-Encoding"
        assert head.headers == get.headers


async def test_each_coding_has_a_tag_of_its_own_and_is_not_modified_by_it(copied: Path) -> None:
    app = StaticFiles(copied)
    accepted = [{}, {"accept-encoding": "gzip"}, {"accept-encoding": "br"}, {"accept-encoding": "zstd"}]
    tags = [(await ask(app, "/app.js", "GET", headers)).headers["etag"] for headers in accepted]

    assert len(set(tags)) == 4
    assert not any(tag.startswith("W/") for tag in tags)
    for headers, own in zip(accepted, tags, strict=True):
        for tag in tags:
            answer = await ask(app, "/app.js", "GET", {**headers, "if-none-match": tag})
            assert answer.status == (304 if tag == own else 200)
            assert answer.headers["vary"] == "Accept-Encoding"
            assert answer.headers["etag"] == own


async def test_a_part_is_of_what_the_request_without_range_would_get(copied: Path) -> None:
    """S34; RFC 9110 §15.3.7: the 206 has the ETag and Vary that the 200 to the same request would have."""
    app = StaticFiles(copied)
    for accepted in ({}, {"accept-encoding": "gzip"}, BROWSER, {"accept-encoding": "identity"}):
        whole = await ask(app, "/app.js", "GET", accepted)
        for condition in ({}, {"if-range": whole.headers["etag"]}, {"if-match": whole.headers["etag"]}):
            part = await ask(app, "/app.js", "GET", {**accepted, "range": "bytes=3-6", **condition})
            assert (part.status, part.body) == (206, whole.body[3:7])
            assert part.headers["content-range"] == f"bytes 3-6/{len(whole.body)}"
            for name in ("etag", "vary", "content-encoding", "content-type", "cache-control", "last-modified"):
                assert part.headers.get(name) == whole.headers.get(name)
        unchanged = await ask(
            app, "/app.js", "GET", {**accepted, "range": "bytes=3-6", "if-none-match": whole.headers["etag"]}
        )
        assert unchanged.status == 304


async def test_who_holds_a_part_of_another_coding_gets_the_whole(copied: Path) -> None:
    app = StaticFiles(copied)
    tag = (await ask(app, "/app.js", "GET", {"accept-encoding": "gzip"})).headers["etag"]
    part = {"range": "bytes=3-6", "if-range": tag}

    for accepted, body in (({}, SCRIPT), ({"accept-encoding": "br"}, COPIES["br"])):
        answer = await ask(app, "/app.js", "GET", {**accepted, **part})
        assert (answer.status, answer.body) == (200, body)
        assert (await ask(app, "/app.js", "GET", {**accepted, "range": "bytes=3-6", "if-match": tag})).status == 412


async def test_an_index_has_copies_too(root: Path) -> None:
    write(root / "sub" / "index.html.br", b"as brotli")

    assert (await ask(StaticFiles(root), "/sub/", "GET", BROWSER)).body == b"as brotli"


async def test_a_copy_is_itself_a_file(copied: Path) -> None:
    write(copied / "app.js.gz.gz", b"twice")
    answer = await ask(StaticFiles(copied), "/app.js.gz", "GET", BROWSER)

    assert answer.body == COPIES["gzip"]
    assert answer.headers["content-type"] == "application/gzip"
    assert not {"content-encoding", "vary"} & set(answer.headers)


async def test_a_copy_that_leads_out_or_is_no_file_is_none(root: Path, special: Path) -> None:
    write(root / "app.js", SCRIPT)
    (root / "app.js.br").symlink_to("../outside/secret.txt")
    (root / "app.js.zst").mkdir()
    os.mkfifo(root / "app.js.gz")
    before = open_descriptors()
    answer = await ask(StaticFiles(root), "/app.js", "GET", BROWSER)

    assert answer.body == SCRIPT != SECRET
    assert not {"content-encoding", "vary"} & set(answer.headers)
    assert open_descriptors() == before


async def test_a_copy_without_its_file_is_not_found_by_that_name(root: Path) -> None:
    write(root / "gone.js.br", b"as brotli")

    assert (await ask(StaticFiles(root), "/gone.js", "GET", BROWSER)).status == 404


async def test_a_copy_of_an_older_version_is_left_alone(copied: Path) -> None:
    write(copied / "app.js", SCRIPT, modified_ns=SETTLED_NS + 10**9)
    answer = await ask(StaticFiles(copied), "/app.js", "GET", BROWSER)

    assert answer.body == SCRIPT
    assert not {"content-encoding", "vary"} & set(answer.headers)


async def test_a_copy_whose_time_lost_its_fraction_is_of_this_version(copied: Path) -> None:
    write(copied / "app.js.br", COPIES["br"], modified_ns=SETTLED_NS // 10**9 * 10**9)

    assert (await ask(StaticFiles(copied), "/app.js", "GET", BROWSER)).headers["content-encoding"] == "br"


async def test_what_is_packed_already_is_not_looked_for_in_another_packing(root: Path) -> None:
    write(root / "photo.jpg", b"jpeg")
    write(root / "photo.jpg.gz", b"as gzip")

    assert (await ask(StaticFiles(root), "/photo.jpg", "GET", BROWSER)).body == b"jpeg"
