"""Looking a name up below a root: what is found there, and that there is no way out."""

import errno
import os
from pathlib import Path as FilePath

import pytest

from corserver.apps.files.lookup import Root

from .opening import content_of, opened_root
from .site import open_descriptors, write

FOUND = {
    b"data.json": b'{"a": 1}',
    b"plain/b.txt": b"b",
    b"inside-link.txt": b"b",
    b"inside-absolute.txt": b"b",
    b"insidedir/b.txt": b"b",
    b"shown-env": b"SECRET=1",
    b"up/static/plain/b.txt": b"b",
}
NOT_FOUND = [
    b"",
    b"nope",
    b"plain",
    b"plain/nope",
    b"data.json/x",
    b"data.json/",
    b"link.txt",
    b"absolute-link.txt",
    b"sibling.txt",
    b"linkdir/secret.txt",
    b"up/outside/secret.txt",
    b"up/static1.txt",
    b"loop",
    b"loop/x",
    b"dangling",
    b"x" * 300,
    b"x/" * 3000,
    b"\xff\xfe",
]


@pytest.mark.parametrize(("name", "content"), FOUND.items())
def test_files_below_the_root_are_found(root: FilePath, name: bytes, content: bytes) -> None:
    with opened_root(root) as place:
        assert content_of(place.maybe_file(name)) == content


@pytest.mark.parametrize("name", NOT_FOUND)
def test_nothing_else_is(root: FilePath, name: bytes) -> None:
    with opened_root(root) as place:
        assert place.maybe_file(name) is None


@pytest.mark.parametrize(
    ("name", "found"),
    [(b"", True), (b"plain", True), (b"insidedir", True), (b"up/static", True), (b"linkdir", False), (b"up", False)],
)
def test_directories(root: FilePath, name: bytes, found: bool) -> None:
    with opened_root(root) as place:
        opened = place.maybe_directory(name)
        assert (opened is not None) == found
        if opened is not None:
            with opened:
                assert opened.stat.st_ino == os.stat(os.path.join(os.fsencode(root), name)).st_ino


@pytest.mark.parametrize("name", [b"fifo", b"socket", b"pipes/index.html"])
def test_what_is_no_file_is_not_found_and_hangs_nobody(special: FilePath, name: bytes) -> None:
    with opened_root(special) as place:
        assert place.maybe_file(name) is None
        assert place.maybe_directory(name) is None


def test_a_device_is_not_found() -> None:
    with opened_root(FilePath("/dev")) as place:
        assert place.maybe_file(b"null") is None


def test_a_root_that_is_gone_is_none(tmp_path: FilePath) -> None:
    assert Root.maybe_open(os.fsencode(tmp_path / "gone")) is None


def test_a_file_as_root_is_none(tmp_path: FilePath) -> None:
    assert Root.maybe_open(os.fsencode(write(tmp_path / "file"))) is None


def test_the_file_systems_own_root_holds_everything(tmp_path: FilePath) -> None:
    path = write(tmp_path / "file", b"x")

    with opened_root(FilePath("/")) as place:
        assert content_of(place.maybe_file(os.fsencode(path).lstrip(b"/"))) == b"x"


def test_a_link_as_root_may_be_turned(tmp_path: FilePath) -> None:
    write(tmp_path / "one" / "a", b"1")
    write(tmp_path / "two" / "a", b"2")
    current = tmp_path / "current"

    current.symlink_to("one")
    with opened_root(current) as before:
        current.unlink()
        current.symlink_to("two")
        with opened_root(current) as after:
            assert content_of(before.maybe_file(b"a")) == b"1"
            assert content_of(after.maybe_file(b"a")) == b"2"


def test_a_file_that_is_removed_after_it_was_opened_is_still_inside(root: FilePath) -> None:
    with opened_root(root) as place:
        opened = place.maybe_file(b"data.json")
        (root / "data.json").unlink()
        assert content_of(opened) == b'{"a": 1}'


def test_trouble_of_the_server_is_not_hidden(root: FilePath) -> None:
    with opened_root(root) as place:
        stale = Root(place.path, 2**30)
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            stale.maybe_file(b"data.json")


@pytest.mark.parametrize("name", [*FOUND, *NOT_FOUND])
def test_without_proc_the_walk_says_the_same(root: FilePath, name: bytes) -> None:
    """`reaches` is what tells inside from outside where the kernel does not name descriptors."""
    try:
        found = os.stat(os.path.join(os.fsencode(root), name))
    except OSError:
        found = os.stat(root / "data.json")
    with opened_root(root) as place:
        # Of what kind it is, the walk is not asked: these are inside, if no files.
        assert place.reaches(name, found) == (name in FOUND or name in (b"", b"plain", b"data.json/"))


def test_without_proc_another_file_of_the_name_is_not_the_open_one(root: FilePath) -> None:
    with opened_root(root) as place:
        assert place.reaches(b"plain/b.txt", os.stat(root / "plain" / "b.txt"))
        assert not place.reaches(b"plain/b.txt", os.stat(root.parent / "outside" / "secret.txt"))


def test_what_may_not_be_read_is_not_found(unreadable: FilePath) -> None:
    with opened_root(unreadable) as place:
        assert place.maybe_file(b"data.json") is None
        assert place.maybe_directory(b"plain") is None
        assert place.maybe_file(b"plain/b.txt") is None


def test_no_descriptor_stays_open(root: FilePath) -> None:
    before = open_descriptors()
    for name in (*FOUND, *NOT_FOUND):
        with opened_root(root) as place:
            content_of(place.maybe_file(name))
            place.reaches(name, os.stat(root))

    assert open_descriptors() == before
