"""What is remembered, how long it is good for, and how much of it there is."""

import os
from pathlib import Path

import pytest

from corserver.apps.files.memory import FRESH, Memory
from corserver.apps.files.representations import FileState, Representation
from corserver.apps.files.validators import EntityTag, Validators


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
