"""What is remembered, how long it is good for, and how much of it there is."""

import os
import sys
import threading
from pathlib import Path

import pytest
import trio

from corserver.apps.files import StaticFiles
from corserver.apps.files.memory import FRESH, Memory
from corserver.apps.files.representations import FileState, Representation
from corserver.apps.files.validators import EntityTag, Validators

from .conftest import SECRET
from .site import SETTLED_DATE, Answer, ask, make_request, write


class Clock:
    """A clock that stands still, or goes on by *step* each time it is read."""

    def __init__(self) -> None:
        self.now, self.step = 1000.0, 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def memory(tmp_path: Path, clock: Clock) -> Memory:
    return Memory(os.fsencode(tmp_path), settled_ns=0, clock=clock)


def file(root: Path, name: str, content: bytes = b"x", *, coding: str = "", varies: bool = False) -> Representation:
    (root / name).write_bytes(content)
    return Representation.make(
        name.encode(),
        FileState.of((root / name).stat()),
        media_type="text/plain",
        current=Validators(EntityTag(name), 0),
        length=len(content),
        content=content,
        described=(),
        coding=coding,
        varies=varies,
    )


A = (("a",), False)


def test_what_is_kept_is_recalled_while_it_is_fresh(memory: Memory, clock: Clock, tmp_path: Path) -> None:
    found = file(tmp_path, "a")
    memory.keep(A, (), found)

    assert memory.recall(A, ()) is found
    assert memory.recall(A, ("br",)) is found, "it is the same for all"
    assert memory.recall((("a",), True), ()) is None
    clock.now += FRESH
    assert memory.recall(A, ()) is None
    assert memory.known(A, ()) is found
    memory.keep(A, (), found)
    assert memory.recall(A, ()) is found


def test_one_looks_it_up_again_before_it_is_out_of_date(memory: Memory, clock: Clock, tmp_path: Path) -> None:
    found = file(tmp_path, "a")
    memory.keep(A, (), found)
    clock.now += FRESH * 0.75
    assert memory.recall(A, ()) is None
    assert memory.recall(A, ()) is found, "the others need not wait"
    memory.keep(A, (), found)
    clock.now += FRESH * 0.3
    assert memory.recall(A, ()) is found


def test_who_does_not_come_back_from_looking_it_up_renews_nothing(memory: Memory, clock: Clock, tmp_path: Path) -> None:
    memory.keep(A, (), file(tmp_path, "a"))
    clock.now += FRESH * 0.75
    assert memory.recall(A, ()) is None
    clock.now += FRESH * 0.25
    assert memory.recall(A, ()) is None
    assert memory.recall(A, ()) is None


@pytest.mark.parametrize("change", ["rewritten", "replaced", "removed", "linked", "touched"])
def test_a_change_is_noticed_at_once(memory: Memory, tmp_path: Path, change: str) -> None:
    found = file(tmp_path, "a")
    other = tmp_path / "b"
    other.write_bytes(b"x")
    memory.keep(A, (), found)
    assert memory.recall(A, ()) is found
    match change:
        case "rewritten":
            (tmp_path / "a").write_bytes(b"yy")
        case "replaced":
            stat = (tmp_path / "a").stat()
            os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            other.rename(tmp_path / "a")
        case "removed":
            (tmp_path / "a").unlink()
        case "linked":
            (tmp_path / "a").unlink()
            (tmp_path / "a").symlink_to(other)
        case "touched":
            os.utime(tmp_path / "a", ns=(1, 1))

    assert memory.recall(A, ()) is None


def test_what_varies_is_kept_by_what_the_client_prefers(memory: Memory, tmp_path: Path) -> None:
    plain = file(tmp_path, "a", varies=True)
    packed = file(tmp_path, "a.br", coding="br", varies=True)
    memory.keep(A, (), plain)
    memory.keep(A, ("br", "gzip"), packed)

    assert memory.recall(A, ()) is plain
    assert memory.recall(A, ("br", "gzip")) is packed
    assert memory.recall(A, ("gzip",)) is None
    alone = file(tmp_path, "a")
    memory.keep(A, ("gzip",), alone)
    assert memory.recall(A, ("br", "gzip")) is alone


def test_what_was_written_a_moment_ago_is_not_kept(tmp_path: Path) -> None:
    memory = Memory(os.fsencode(tmp_path))
    memory.keep(A, (), file(tmp_path, "a"))

    assert memory.recall(A, ()) is None
    assert memory.known(A, ()) is None


def test_places_are_bounded_and_the_one_kept_last_stays(tmp_path: Path) -> None:
    memory = Memory(os.fsencode(tmp_path), places=3, settled_ns=0)
    kept = {name: file(tmp_path, name) for name in "abcd"}
    for name in "abcad":
        memory.keep(((name,), False), (), kept[name])

    assert [name for name in "abcd" if memory.recall(((name,), False), ())] == ["a", "c", "d"]


def test_bytes_are_bounded(tmp_path: Path) -> None:
    memory = Memory(os.fsencode(tmp_path), size=100_000, settled_ns=0)
    for name in "abcdefgh":
        for _ in range(3):
            memory.keep(((name,), False), (), file(tmp_path, name, bytes(30_000)))

    assert [name for name in "abcdefgh" if memory.recall(((name,), False), ())] == ["f", "g", "h"]
    memory.keep(A, (), file(tmp_path, "a", bytes(200_000)))
    assert memory.recall(A, ()) is None


def test_a_slow_disk_is_not_asked_again_for_a_while(memory: Memory, clock: Clock, tmp_path: Path) -> None:
    found = file(tmp_path, "a")
    memory.keep(A, (), found)
    clock.step = 0.02
    assert memory.recall(A, ()) is found
    clock.step = 0.0
    (tmp_path / "a").unlink()

    assert memory.recall(A, ()) is found, "the clock alone is asked"
    clock.now += FRESH
    assert memory.recall(A, ()) is None


# as the app uses it


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
