"""Copies in other codings, compression on the fly, and how long files may be kept: as the app answers them."""

import gzip
import os
from pathlib import Path

import pytest

from corserver.apps.files import StaticFiles
from corserver.apps.files.finding import maybe_file
from corserver.apps.files.gzipping import THRESHOLD
from corserver.apps.files.lookup import Root
from corserver.apps.files.selecting import Manner, is_hashed, selected
from corserver.http.fileslice import CHUNK

from .conftest import SECRET
from .site import SETTLED_NS, ask, open_descriptors, write

SCRIPT = b"export const a = 1;\n" * 100
COPIES = {"br": b"as brotli", "zstd": b"as zstandard", "gzip": b"as gzip"}
BROWSER = {"accept-encoding": "gzip, deflate, br, zstd"}


@pytest.fixture
def copied(root: Path) -> Path:
    """`app.js` with a copy in each coding."""
    write(root / "app.js", SCRIPT)
    for suffix, coding in ((".br", "br"), (".zst", "zstd"), (".gz", "gzip")):
        write(root / f"app.js{suffix}", COPIES[coding])
    return root


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


# on the fly


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


# how long


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        ("index-B3kdX9aZ.js", True),
        ("assets/index-B3kd_9a-.css", True),
        ("app.3f2a9c1b.js", True),
        ("main.0123456789abcdef.chunk.js", True),
        ("app-5d41402abc4b2a76b9719d911017c592.js", True),
        ("logo.3f2a9c1b.svg.map", True),
        ("main-IO4WYKNR.js", True),
        ("styles-5INURTSO.css", True),
        ("app.abcdef12.js", True),
        ("app.js", False),
        ("My-Photo123.jpg", False),
        ("my-iPhone12.png", False),
        ("screen-Shot2024.png", False),
        ("beach-SUMMER24.jpg", False),
        ("photos-2024dec25.zip", False),
        ("photos-2024feb1.zip", False),
        ("UPPER-DOCUMENT.pdf", False),
        ("photo-20240101.jpg", False),
        ("my-carousel.js", False),
        ("my-Carousel.js", False),
        ("release-version2.js", False),
        ("3f2a9c1b.js", False),
        ("app-3f2a9c1b", False),
        ("decade.facade.js", False),
        ("jquery-3.7.1.min.js", False),
        ("3f2a9c1b-x/index.html", False),
    ],
)
def test_names_with_a_hash(name: str, hashed: bool) -> None:
    assert is_hashed(name.encode()) == hashed


async def test_only_names_with_a_hash_are_for_good(root: Path) -> None:
    write(root / "app.3f2a9c1b.js", SCRIPT)
    app = StaticFiles(root, cache_control="max-age=60", immutable=True)

    assert (await ask(app, "/app.3f2a9c1b.js")).headers["cache-control"] == "max-age=31536000, immutable"
    assert (await ask(app, "/data.json")).headers["cache-control"] == "max-age=60"
    assert (await ask(StaticFiles(root), "/app.3f2a9c1b.js")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("modified_ns", [SETTLED_NS, SETTLED_NS // 10**9 * 10**9, 0])
async def test_a_time_that_a_tool_set_is_no_version(root: Path, modified_ns: int) -> None:
    """A reproducible build gives every file the same time: two versions of one length are two all the same."""
    app = StaticFiles(root)
    write(root / "a.txt", b"one", modified_ns=modified_ns)
    one = await ask(app, "/a.txt")
    (root / "a.txt").unlink()
    while True:  # until the file system's clock went on
        write(root / "a.txt", b"two", modified_ns=modified_ns)
        two = await ask(app, "/a.txt", "GET", {"if-none-match": one.headers["etag"]})
        if two.headers["etag"] != one.headers["etag"]:
            break

    assert (two.status, two.body) == (200, b"two")


def test_a_file_that_is_touched_while_it_is_read_has_a_weak_tag(root: Path) -> None:
    """By a move or a link: nothing has failed, but nobody can tell any more whether all of it is of one version."""
    write(root / "a.txt", b"one")
    manner = Manner(cache_control=None, immutable=False, compress=False, finish=lambda lines: lines)
    tags = []
    with Root(os.fsencode(root), os.open(root, os.O_RDONLY)) as place:
        for is_linked in (False, True):
            found = maybe_file(place, b"a.txt")
            assert found is not None
            if is_linked:
                os.link(root / "a.txt", root / "b.txt")
            with found.opened, selected(place, found, manner, (), None) as chosen:
                assert chosen.representation.content == b"one"
                tags.append(str(chosen.representation.current.etag))

    assert tags[1] == f"W/{tags[0]}"
