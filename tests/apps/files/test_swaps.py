"""Files and directories that change places while they are looked up: none of it shows anything else."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath

import pytest

from .conftest import SECRET
from .opening import content_of, opened_root
from .site import write


@contextmanager
def swapping(*renames: tuple[FilePath, FilePath]) -> Iterator[None]:
    """All the while, names are moved in turns, as fast as it goes."""
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            for source, target in renames:
                source.rename(target)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    ("name", "inside", "other"),
    [
        (b"now", "plain/b.txt", "../outside/secret.txt"),
        (b"now/b.txt", "plain", "../outside"),
        (b"now", "plain/b.txt", "fifo"),
        (b"now", "plain/b.txt", "plain"),
    ],
)
def test_a_swap_between_check_and_open_shows_nothing(special: FilePath, name: bytes, inside: str, other: str) -> None:
    """The name is a file inside and something else, in turns: what is opened is the file every time."""
    write(special.parent / "outside" / "b.txt", SECRET)
    now, next_, last = special / "now", special / "next", special / "last"
    now.symlink_to(inside)
    next_.symlink_to(other)
    with opened_root(special) as place, swapping((now, last), (next_, now), (now, next_), (last, now)):
        seen = {content_of(place.maybe_file(name)) for _ in range(3000)}

    assert seen <= {b"b", None}


def test_without_proc_a_swap_shows_nothing_either(root: FilePath) -> None:
    """A directory and a link to the outside take turns: the file outside is never said to be inside."""
    secret = os.stat(root.parent / "outside" / "secret.txt")
    write(root / "now" / "secret.txt", b"inside")
    now, link, away = root / "now", root / "linkdir", root / "away"
    with opened_root(root) as place, swapping((now, away), (link, now), (now, link), (away, now)):
        said = {place.reaches(b"now/secret.txt", secret) for _ in range(1000)}

    assert said == {False}


def test_what_is_no_file_is_not_even_opened(special: FilePath) -> None:
    """A device may act on being opened, and a FIFO lets its writer go."""
    with opened_root(special) as place, recorded_opens() as opens:
        place.maybe_file(b"fifo")
        place.maybe_file(b"socket")
        place.maybe_file(b"plain/b.txt")

    assert opens == [b"plain/b.txt"]


@contextmanager
def recorded_opens() -> Iterator[list[object]]:
    """The names that are opened meanwhile, as the interpreter's audit has them."""
    opens: list[object] = []
    active = True

    def record(event: str, arguments: tuple[object, ...]) -> None:
        if active and event == "open":
            opens.append(arguments[0])

    sys.addaudithook(record)  # there is no way to remove one
    try:
        yield opens
    finally:
        active = False


@pytest.mark.parametrize("other", ["fifo", "pipes"])
def test_what_takes_a_files_place_just_before_it_is_opened_is_judged_too(special: FilePath, other: str) -> None:
    """A FIFO, or a directory, after the kind was asked for and before the open: an audit hook is called in between."""

    def swap(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and arguments[0] == b"swapped.txt" and (special / other).exists():
            (special / "swapped.txt").unlink()
            os.rename(special / other, special / "swapped.txt")

    write(special / "swapped.txt", b"a file")
    sys.addaudithook(swap)  # there is no way to remove one
    with opened_root(special) as root:
        assert root.maybe_file(b"swapped.txt") is None
    assert not (special / "swapped.txt").is_file()
