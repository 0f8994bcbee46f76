"""The app: its methods, the files that it answers with, and what makes one."""

import os
import time
from pathlib import Path

import pytest

from corserver.apps.files import StaticFiles
from corserver.http.fileslice import CHUNK

from .site import SETTLED_DATE, ask, tag_of, write

# methods


async def test_get(app: StaticFiles, root: Path) -> None:
    answer = await ask(app, "/data.json")

    assert answer.status == 200
    assert answer.body == b'{"a": 1}'
    assert dict(answer.headers) == {
        "content-type": "application/json",
        "content-length": "8",
        "etag": tag_of(root / "data.json"),
        "last-modified": SETTLED_DATE,
        "cache-control": "no-cache",
        "accept-ranges": "bytes",
        "x-content-type-options": "nosniff",
    }


@pytest.mark.parametrize("target", ["/data.json", "/empty.txt", "/sub/", "/plain/", "/plain", "/nope", "/.env"])
async def test_head_is_get_without_a_body(app: StaticFiles, target: str) -> None:
    get, head = await ask(app, target), await ask(app, target, "HEAD")

    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")


async def test_options_says_what_there_is(app: StaticFiles) -> None:
    there, not_there = await ask(app, "/data.json", "OPTIONS"), await ask(app, "/nope", "OPTIONS")

    assert there == not_there
    assert (there.status, there.headers["allow"], there.body) == (204, "GET, HEAD, OPTIONS", b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "FOO", "get"])
@pytest.mark.parametrize("target", ["/data.json", "/nope", "/", "/plain", "/.env"])
async def test_other_methods_are_refused_alike_everywhere(app: StaticFiles, method: str, target: str) -> None:
    answer = await ask(app, target, method)

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer == await ask(app, "/elsewhere", method)


# files


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
async def test_files_of_any_size(app: StaticFiles, root: Path, size: int) -> None:
    content = bytes(i * 7 % 251 for i in range(size))
    write(root / "file.bin", content)

    get, head = await ask(app, "/file.bin"), await ask(app, "/file.bin", "HEAD")

    assert (get.status, get.body, get.headers["content-length"]) == (200, content, str(size))
    assert head.headers == get.headers


@pytest.mark.parametrize("length", [10, CHUNK, CHUNK + 1])
async def test_parts_of_a_large_file(app: StaticFiles, root: Path, length: int) -> None:
    content = bytes(i * 7 % 251 for i in range(3 * CHUNK))
    write(root / "file.bin", content)

    answer = await ask(app, "/file.bin", "GET", {"range": f"bytes=10-{10 + length - 1}"})

    assert (answer.status, answer.body) == (206, content[10 : 10 + length])


async def test_names_that_are_not_ascii_or_not_utf_8(app: StaticFiles, root: Path) -> None:
    write(root / "ü ß.txt", b"1")
    write(root / os.fsdecode(b"caf\xe9.txt"), b"2")

    assert (await ask(app, "/%C3%BC%20%C3%9F.txt")).body == b"1"
    assert (await ask(app, "/caf%E9.txt")).body == b"2"


async def test_a_type_for_each_name_and_none_to_sniff(app: StaticFiles, root: Path) -> None:
    write(root / "a.unknown", b"<script>alert(1)</script>")

    answer = await ask(app, "/a.unknown")

    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("target", ["/data.json", "/plain", "/plain/", "/nope", "/data.json/", "/..%5c"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "POST"])
async def test_no_answer_is_for_sniffing(app: StaticFiles, target: str, method: str) -> None:
    assert (await ask(app, target, method)).headers["x-content-type-options"] == "nosniff"


async def test_cache_control_is_the_users(root: Path) -> None:
    hour, none = StaticFiles(root, cache_control="max-age=3600"), StaticFiles(root, cache_control=None)

    assert (await ask(hour, "/data.json")).headers["cache-control"] == "max-age=3600"
    assert (await ask(hour, "/plain/")).headers["cache-control"] == "no-cache"
    assert "cache-control" not in (await ask(none, "/data.json")).headers


async def test_a_file_in_the_making_has_a_weak_tag(app: StaticFiles, root: Path) -> None:
    write(root / "new.txt", b"x" * 10, modified_ns=time.time_ns() + 3600 * 10**9)

    answer = await ask(app, "/new.txt")
    tag = answer.headers["etag"]
    part = await ask(app, "/new.txt", "GET", {"range": "bytes=0-1", "if-range": tag})

    assert tag.startswith('W/"')
    assert (part.status, len(part.body)) == (200, 10)
    assert (await ask(app, "/new.txt", "GET", {"if-none-match": tag})).status == 304


async def test_a_root_is_found_again_after_a_build(app: StaticFiles, root: Path) -> None:
    os.rename(root, root.with_name("old"))
    assert (await ask(app, "/data.json")).status == 404
    write(root / "data.json", b"new")
    assert (await ask(app, "/data.json")).body == b"new"


async def test_a_relative_root_stays_where_it_was(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    app = StaticFiles("static")
    monkeypatch.chdir("/")

    assert (await ask(app, "/data.json")).status == 200


# making one


@pytest.mark.parametrize(
    ("given", "words"),
    [("nope", r"there is no directory .*nope': make it, or write"), ("data.json", "is not a directory: write the one")],
)
def test_a_root_has_to_be_a_directory(root: Path, given: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        StaticFiles(root / given)


def test_an_empty_root_is_a_mistake() -> None:
    with pytest.raises(ValueError, match=r"write '\.' for the working directory"):
        StaticFiles("")


@pytest.mark.parametrize("index", ["", "a/b", "/", "..", ".", "a\0"])
def test_an_index_is_a_name(root: Path, index: str) -> None:
    with pytest.raises(ValueError, match="is not a file name"):
        StaticFiles(root, index=index)


def test_a_cache_control_is_a_header(root: Path) -> None:
    with pytest.raises(ValueError, match="control characters"):
        StaticFiles(root, cache_control="no-cache\r\nX: 1")


def test_it_is_a_value(root: Path) -> None:
    app = StaticFiles(root)

    assert app == StaticFiles(root, index="index.html")
    assert app != StaticFiles(root, listing=False)
    assert repr(app).startswith(f"StaticFiles(root={root!r}, index='index.html'")
    with pytest.raises(AttributeError):
        app.index = "x"  # type: ignore[misc]
