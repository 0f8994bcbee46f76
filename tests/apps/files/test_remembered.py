"""What is remembered, as the app uses it: no answer is another one for it, and none is out of date."""

import os
import sys
import threading
from pathlib import Path

import pytest
import trio

from corserver.apps.files import StaticFiles
from corserver.apps.files.memory import Memory

from .conftest import SECRET
from .site import SETTLED_DATE, Answer, ask, make_request, write

ASKED: list[dict[str, str]] = [
    {},
    {"accept-encoding": "gzip"},
    {"accept-encoding": "br, gzip"},
    {"accept-encoding": "identity"},
    {"if-none-match": "*"},
    {"if-none-match": "TAG"},
    {"if-none-match": "TAG", "accept-encoding": "gzip"},
    {"if-none-match": 'W/TAG, "x"'},
    {"if-none-match": '"x"'},
    {"if-modified-since": SETTLED_DATE},
    {"if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"if-unmodified-since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"if-match": "TAG"},
    {"if-match": '"x"'},
    {"range": "bytes=1-3"},
    {"range": "bytes=-3", "accept-encoding": "gzip, br"},
    {"range": "bytes=0-1,5-7"},
    {"range": "bytes=9999999-"},
    {"range": "bytes=1-3", "if-range": "TAG"},
    {"range": "bytes=1-3", "if-range": "TAG", "accept-encoding": "gzip"},
    {"range": "bytes=1-3", "if-range": '"x"'},
    {"range": "bytes=1-3", "if-range": SETTLED_DATE},
    {"range": "bytes=1-3", "if-none-match": "TAG"},
    {"if-none-match": "TAG", "if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"if-none-match": "TAG", "if-match": '"x"'},
    {"if-none-match": "TAG", "if-match": "TAG"},
    {"if-none-match": "TAG", "if-unmodified-since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"range": "bytes=1-3", "if-none-match": "TAG", "if-range": '"x"'},
]


def remembering(root: Path, **options: bool) -> StaticFiles:
    """An app that remembers files at once."""
    app = StaticFiles(root, **options)  # type: ignore[arg-type]  # each of them is a bool
    object.__setattr__(app, "_memory", Memory(os.fsencode(root), settled_ns=0))
    return app


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    "target", ["/data.json", "/hundred.bin", "/empty.txt", "/sub/", "/app.js", "/large.txt", "/sub", "/plain/", "/nope"]
)
async def test_what_is_remembered_changes_no_answer(root: Path, target: str, compress: bool) -> None:
    """Whatever was asked before, each answer is what an app would say that never was asked anything."""
    write(root / "app.js", b"let a = 1;\n" * 200)
    write(root / "app.js.br", b"as brotli")
    write(root / "large.txt", b"0123456789\n" * 30_000)
    app = remembering(root, compress=compress)
    tags = {(await ask(StaticFiles(root), target, "GET", given)).headers.get("etag", '"-"') for given in ASKED[:3]}
    for _ in range(2):
        for given in ASKED:
            for tag in sorted(tags):
                headers = {name: value.replace("TAG", tag) for name, value in given.items()}
                for method in ("GET", "HEAD"):
                    expected = await ask(StaticFiles(root, compress=compress), target, method, headers)
                    found = await ask(app, target, method, headers)
                    assert same(found) == same(expected), (method, headers)


def same(answer: Answer) -> tuple[object, ...]:
    """An answer, but for the boundary of its parts."""
    kind, _, boundary = answer.headers.get("content-type", "").partition("boundary=")
    fields = [line for line in answer.headers.fields if line[0] != b"content-type"]
    body = answer.body.replace(boundary.encode(), b"") if boundary else answer.body
    return answer.status, kind, fields, body


async def test_a_remembered_file_is_the_same_response_again(root: Path) -> None:
    app = remembering(root)
    first, second = await app(make_request("/data.json")), await app(make_request("/data.json"))
    tag = {"if-none-match": (first.header(b"etag") or b"").decode()}
    unchanged = await app(make_request("/data.json", headers=tag))

    assert second is first
    assert await app(make_request("/data.json", "HEAD")) is first
    assert await app(make_request("/data.json?x=1")) is first
    assert await app(make_request("/data.json", headers=tag)) is unchanged
    assert unchanged.status == 304


async def test_no_answer_is_out_of_date(root: Path) -> None:
    app = remembering(root)
    for i in range(50):
        content = b"x" * i  # of another length: a clock may stand still meanwhile
        (root / "data.json").write_bytes(content)
        for _ in range(2):
            assert (await ask(app, "/data.json")).body == content
    (root / "data.json").unlink()
    assert (await ask(app, "/data.json")).status == 404
    (root / "data.json").symlink_to("../outside/secret.txt")
    assert (await ask(app, "/data.json")).status == 404


@pytest.mark.parametrize("change", ["replaced", "removed", "linked", "rewritten", "shortened"])
async def test_a_large_file_that_is_held_open_is_not_sent_for_another(root: Path, change: str) -> None:
    app = remembering(root)
    write(root / "large.bin", b"1" * 300_000)
    for _ in range(2):
        assert (await ask(app, "/large.bin")).body == b"1" * 300_000
    other, expected = write(root.parent / "other.bin", b"2" * 300_000), b"2" * 300_000
    match change:
        case "replaced":
            other.rename(root / "large.bin")
        case "removed" | "linked":
            (root / "large.bin").unlink()
            expected = b""
            if change == "linked":
                (root / "large.bin").symlink_to(other)
        case "rewritten":
            (root / "large.bin").write_bytes(expected)
        case "shortened":
            expected = b"1" * 299_000
            os.truncate(root / "large.bin", len(expected))
    answer = await ask(app, "/large.bin")

    assert answer.status == (200 if expected else 404)
    assert not expected or answer.body == expected


async def test_a_link_that_is_turned_to_the_outside_shows_nothing(root: Path) -> None:
    app = remembering(root)
    write(root.parent / "outside" / "b.txt", SECRET)
    for _ in range(2):
        assert (await ask(app, "/insidedir/b.txt")).body == b"b"
    (root / "insidedir").unlink()
    (root / "insidedir").symlink_to("../outside")

    assert (await ask(app, "/insidedir/b.txt")).status == 404


async def test_a_mount_without_its_slash_is_not_taken_for_the_one_with_it(root: Path) -> None:
    write(root / "index.html", b"home")
    app = remembering(root)
    for _ in range(2):
        assert (await ask(app, "/static/", mounted=1)).body == b"home"
        assert (await ask(app, "/static", mounted=1)).status == 301
        assert (await ask(app, "/")).body == b"home"


async def test_a_disk_that_is_slow_keeps_nobody_else_waiting(root: Path) -> None:
    """While the opening of one file takes its time, others are answered, from memory and from the disk."""
    app = remembering(root)
    await ask(app, "/data.json")
    order = []
    reached, go_on = threading.Event(), threading.Event()

    def slow(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and arguments[0] == b"hundred.bin" and not go_on.is_set():
            reached.set()
            go_on.wait(20)

    async def fetch(target: str) -> None:
        await ask(app, target)
        order.append(target)

    sys.addaudithook(slow)  # there is no way to remove one
    async with trio.open_nursery() as nursery:
        nursery.start_soon(fetch, "/hundred.bin")
        assert await trio.to_thread.run_sync(reached.wait, 20)
        await fetch("/data.json")
        await fetch("/plain/b.txt")
        go_on.set()

    assert order == ["/data.json", "/plain/b.txt", "/hundred.bin"]
