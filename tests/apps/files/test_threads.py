"""What the event loop itself does with the file system, and what it leaves to threads."""

import dataclasses
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
import trio

from corserver.apps.files import StaticFiles
from corserver.apps.files.descriptors import Descriptors
from corserver.apps.files.memory import Memory
from corserver.http.fileslice import CHUNK, FileSlice

from .site import ask, make_request, write

#: Of the functions of `os`, those that a slow disk can keep waiting. `close` and `dup` of a file that is read are none.
WAITING = {"access", "fstat", "listdir", "lstat", "open", "pread", "preadv", "read", "readlink", "scandir", "stat"}


@contextmanager
def calls_of_this_thread() -> Iterator[list[str]]:
    """The functions of `os`, and `open`, that are called in this thread meanwhile, by name."""
    made: list[str] = []

    def note(frame: FrameType, event: str, function: object) -> None:
        is_file = (
            getattr(function, "__module__", None) in ("posix", "io", "_io") and frame.f_code is not os.fdopen.__code__
        )
        if event == "c_call" and is_file:
            made.append(function.__name__)  # type: ignore[attr-defined]  # a built-in function has one

    sys.setprofile(note)
    try:
        yield made
    finally:
        sys.setprofile(None)


@pytest.fixture
def app(root: Path) -> StaticFiles:
    write(root / "large.bin", bytes(CHUNK + 1))
    write(root / "medium.bin", bytes(100 * 1024))
    write(root / "text.csv", b"0123456789\n" * 50_000)
    write(root / "app.js", b"1;" * 1000)
    write(root / "app.js.gz", b"as gzip")
    write(root / "404.html", b"<p>nothing here")
    return StaticFiles(root, spa=True, clean_urls=True, compress=True)


COLD = [
    "/data.json",
    "/large.bin",
    "/text.csv",
    "/app.js",
    "/plain/",
    "/plain",
    "/sub/",
    "/sub/index.html",
    "/nope",
    "/link.txt",
    "/linkdir/secret.txt",
    "/.env",
]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_whatever_is_not_remembered_is_left_to_a_thread(app: StaticFiles, method: str) -> None:
    with calls_of_this_thread() as made:
        os.stat(".")
    assert made == ["stat"], "otherwise this test sees nothing"
    for target in COLD:
        for headers in ({}, {"accept-encoding": "gzip"}, {"range": "bytes=1-2,4-5"}, {"accept": "application/json"}):
            with calls_of_this_thread() as made:
                await ask(app, target, method, headers)

            assert not WAITING & set(made), (target, headers)


async def test_what_is_remembered_costs_the_loop_one_stat_and_an_opening_if_it_is_large_and_not_held(
    app: StaticFiles, root: Path
) -> None:
    object.__setattr__(app, "_memory", Memory(os.fsencode(root), settled_ns=0))
    cases: tuple[tuple[str, str, list[str]], ...] = (
        ("/data.json", "GET", ["stat"]),
        ("/large.bin", "HEAD", ["stat", "open", "fstat"]),
        ("/large.bin", "GET", ["stat"]),
        ("/medium.bin", "HEAD", ["stat", "open", "fstat"]),
        ("/medium.bin", "GET", ["stat"]),
        ("/nope", "GET", []),
    )
    for target, first, calls in cases:
        await ask(app, target, first)
        with calls_of_this_thread() as made:
            response = await attempt(app, target)
        if not isinstance(response, bytes | None):
            await response.aclose()  # type: ignore[attr-defined]  # a FileSlice

        assert [call for call in made if call in WAITING] == calls


async def test_what_is_remembered_takes_the_place_of_none_that_is_held(app: StaticFiles, root: Path) -> None:
    memory = Memory(os.fsencode(root), settled_ns=0)
    object.__setattr__(app, "_memory", memory)
    object.__setattr__(memory, "_descriptors", Descriptors(most=1))
    await ask(app, "/medium.bin", "HEAD")
    await ask(app, "/large.bin")
    with calls_of_this_thread() as made:
        assert isinstance((await app(make_request("/medium.bin"))).body, bytes)
    assert [call for call in made if call in WAITING] == ["stat"]


async def test_a_part_of_a_large_file_that_is_held_costs_the_loop_one_stat(app: StaticFiles, root: Path) -> None:
    object.__setattr__(app, "_memory", Memory(os.fsencode(root), settled_ns=0))
    await ask(app, "/large.bin")
    with calls_of_this_thread() as made:
        response = await app(make_request("/large.bin", headers={"range": "bytes=1-2"}))
    assert isinstance(response.body, FileSlice)
    await response.body.aclose()
    assert [call for call in made if call in WAITING] == ["stat"]


async def test_a_disk_that_is_not_of_this_machine_is_never_asked_by_the_loop(app: StaticFiles, root: Path) -> None:
    memory = Memory(os.fsencode(root), settled_ns=0)
    object.__setattr__(app, "_memory", memory)
    for target, segments in (("/data.json", ("data.json",)), ("/large.bin", ("large.bin",))):
        await ask(app, target)
        found = memory.known((segments, False), ())
        assert found is not None
        far = dataclasses.replace(found, near=False)
        memory.keep((segments, False), (), far)
        with calls_of_this_thread() as made:
            assert (await ask(app, target)).status == 200
            assert memory.recall((segments, False), ()) in (far, found)
            assert memory.open_file(far) is None

        assert not WAITING & set(made)


async def attempt(app: StaticFiles, target: str) -> object:
    try:
        return (await app(make_request(target))).body
    except Exception:  # the 404
        return None


async def test_a_disk_that_hangs_takes_no_thread_from_what_is_known_of_another(app: StaticFiles, root: Path) -> None:
    """As many files as there are threads are waited for, and more; what was asked for before is answered meanwhile."""
    now = 1000.0
    object.__setattr__(app, "_memory", Memory(os.fsencode(root), settled_ns=0, clock=lambda: now))
    names = {b"hangs-%d.txt" % i for i in range(60)}
    for name in names:
        write(root / os.fsdecode(name))
    await ask(app, "/data.json")
    now += 2  # it has to be looked up again
    hanging, go_on = threading.Semaphore(0), threading.Event()

    def hang(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and arguments[0] in names and not go_on.is_set():
            hanging.release()
            go_on.wait(20)

    sys.addaudithook(hang)  # there is no way to remove one
    async with trio.open_nursery() as nursery:
        for name in names:
            nursery.start_soon(ask, app, f"/{os.fsdecode(name)}")
        for _ in range(40):
            assert await trio.to_thread.run_sync(hanging.acquire, True, 20, limiter=trio.CapacityLimiter(1))
        with trio.move_on_after(5) as patience:
            assert (await ask(app, "/data.json")).status == 200
        go_on.set()
    assert not patience.cancelled_caught
