"""Which files are held open, for how long, and how many of them."""

import os
import resource
from pathlib import Path

import pytest
import trio

from corserver.apps.files import StaticFiles
from corserver.apps.files.descriptors import Descriptors
from corserver.apps.files.representations import FileState, Representation
from corserver.apps.files.validators import EntityTag, Validators
from corserver.http.fileslice import FileSlice, OpenFile

from .site import ask, make_request, open_descriptors, write

LARGE = b"0123456789" * 30_000


def held(path: Path, name: str) -> tuple[Representation, OpenFile]:
    """A file, as it is looked up, and open."""
    write(path / name, name.encode())
    state = FileState.of((path / name).stat())
    found = Representation.make(
        name.encode(),
        state,
        media_type="text/plain",
        current=Validators(EntityTag(name), 0),
        length=state.size,
        content=None,
        described=(),
    )
    fd = os.open(path / name, os.O_RDONLY)
    try:
        return found, OpenFile(fd)
    finally:
        os.close(fd)


async def test_without_a_descriptor_a_file_is_a_503(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path / "a.txt", b"a")
    files = StaticFiles(tmp_path)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    os.close(lowest := os.dup(0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, most[1]))
    try:
        answer = await ask(files, "/a.txt")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)
    assert answer.status == 503
    assert [record.exc_info for record in caplog.records] == [None]
    assert (await ask(files, "/a.txt")).status == 200


async def test_what_is_held_is_shared(tmp_path: Path) -> None:
    descriptors = Descriptors()
    found, file = held(tmp_path, "a")
    other, _unheld = held(tmp_path, "b")
    _unheld.close()
    descriptors.hold(found, file)
    assert descriptors.of(found) is file
    assert descriptors.of(other) is None
    assert read(descriptors, found) == b"a"


def read(descriptors: Descriptors, found: Representation) -> bytes:
    file = descriptors.of(found)
    assert file is not None
    return os.pread(file.fileno(), 100, 0)


async def test_they_are_few_and_the_one_held_last_stays(tmp_path: Path) -> None:
    before = open_descriptors()
    descriptors = Descriptors(most=2)
    kept = [held(tmp_path, name) for name in "abc"]
    for found, file in kept:
        descriptors.hold(found, file)

    assert len(descriptors) == 2 == len(open_descriptors() - before)
    assert descriptors.of(kept[0][0]) is None
    assert [read(descriptors, found) for found, _ in kept[1:]] == [b"b", b"c"]


async def test_another_descriptor_of_the_same_takes_its_place(tmp_path: Path) -> None:
    before = open_descriptors()
    descriptors = Descriptors()
    found, file = held(tmp_path, "a")
    descriptors.hold(found, file)
    descriptors.hold(found, held(tmp_path, "a")[1])

    assert len(open_descriptors() - before) == 1
    assert read(descriptors, found) == b"a"


async def test_all_are_let_go_of_within_a_second(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    before = open_descriptors()
    descriptors = Descriptors()
    found, file = held(tmp_path, "a")
    for _ in range(2):
        descriptors.hold(found, file)
        sending = FileSlice(file, 0, 1)
        await trio.sleep(1.1)
        assert len(descriptors) == 0
        assert os.pread(sending.fileno(), 1, 0) == b"a", "who sends it owns it too"
        await sending.aclose()
        assert open_descriptors() == before
        found, file = held(tmp_path, "a")
    file.close()


def test_nothing_is_open_once_the_run_has_ended(tmp_path: Path) -> None:
    before = open_descriptors()
    during: list[set[str]] = []
    write(tmp_path / "large.bin", LARGE)
    os.utime(tmp_path / "large.bin", ns=(10**18, 10**18))
    app = StaticFiles(tmp_path)
    object.__setattr__(app._memory, "_settled_ns", 0)

    async def main() -> None:
        for _ in range(3):
            assert (await ask(app, "/large.bin")).body == LARGE
        during.append(open_descriptors() - before)

    for _ in range(2):
        trio.run(main)
        assert [name.split()[1] for name in during.pop()] == [str(tmp_path / "large.bin")]
        assert open_descriptors() == before


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_who_asks_for_a_part_or_gets_no_content_leaves_nothing_open(tmp_path: Path, method: str) -> None:
    before = open_descriptors()
    write(tmp_path / "large.bin", LARGE)
    app = StaticFiles(tmp_path)
    object.__setattr__(app._memory, "_settled_ns", 0)
    for headers in ({"range": "bytes=1-3"}, {"range": "bytes=0-299000"}, {"if-none-match": "*"}, {}):
        for _ in range(2):
            await ask(app, "/large.bin", method, headers)
            assert len(open_descriptors() - before) <= 1
    response = await app(make_request("/large.bin"))
    assert isinstance(response.body, FileSlice)
    await response.body.aclose()
