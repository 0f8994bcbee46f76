"""Names that are refused, and the ways out of the root."""

import errno
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corserver.apps.files.lookup import Opened, Root, file_name
from corserver.cors.scopes import BadPath, Path

from .conftest import SECRET
from .site import open_descriptors, write

_PROPERTY = settings(deadline=None, derandomize=True, max_examples=300)


def opened_root(path: FilePath) -> Root:
    root = Root.maybe_open(os.fsencode(path))
    assert root is not None
    return root


def content_of(opened: Opened | None) -> bytes | None:
    if opened is None:
        return None
    with opened:
        return os.pread(opened.fd, 1000, 0)


def test_a_name_is_the_segments_as_bytes() -> None:
    assert file_name(Path(("a b", "ü", "caf\udce9")), dotfiles=False) == b"a b/\xc3\xbc/caf\xe9"
    assert file_name(Path(), dotfiles=False) == b""


@pytest.mark.parametrize(
    "segment", ["..", ".", "", "a/b", "/", "../x", "a\0", "a\nb", "\r\nX: 1", "\x1b", "\x7f", "\x85"]
)
@pytest.mark.parametrize("dotfiles", [False, True])
def test_segments_that_are_never_a_name(segment: str, dotfiles: bool) -> None:
    assert file_name(Path(("a", segment)), dotfiles=dotfiles) is None


@pytest.mark.parametrize(
    "segments", [("\\",), ("..\\x",), ("a", "b\\c"), ("c:\\windows",), ("..", "\\"), (".git", "\\")]
)
@pytest.mark.parametrize("dotfiles", [False, True])
def test_a_backslash_is_refused(segments: tuple[str, ...], dotfiles: bool) -> None:
    with pytest.raises(BadPath):
        file_name(Path(segments), dotfiles=dotfiles)


@pytest.mark.parametrize(
    ("segments", "hidden"),
    [
        ((".env",), True),
        ((".git", "HEAD"), True),
        (("a", ".b", "c"), True),
        ((".well-known", "x"), False),
        ((".well-known",), False),
        ((".well-known", ".x"), True),
        (("a", ".well-known"), True),
        ((".well-known2",), True),
        (("a.b", "c."), False),
        (("...",), True),
    ],
)
def test_dotfiles(segments: tuple[str, ...], hidden: bool) -> None:
    assert (file_name(Path(segments), dotfiles=False) is None) == hidden
    assert file_name(Path(segments), dotfiles=True) is not None


def test_a_surrogate_that_is_no_byte_is_no_name() -> None:
    assert file_name(Path(("\ud800",)), dotfiles=True) is None


@_PROPERTY
@given(st.lists(st.text(min_size=1), max_size=4))
def test_a_name_never_leads_up_or_away(segments: list[str]) -> None:
    try:
        name = file_name(Path(tuple(segments)), dotfiles=True)
    except BadPath:
        return
    if name is not None:
        assert not name.startswith(b"/")
        assert [part.decode() for part in name.split(b"/") if part] == segments
        assert not {b"..", b"."} & set(name.split(b"/"))
        assert not re.search(rb"[\x00-\x1f\x7f\\]", name)


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


def test_no_descriptor_stays_open(root: FilePath) -> None:
    before = open_descriptors()
    for name in (*FOUND, *NOT_FOUND):
        with opened_root(root) as place:
            content_of(place.maybe_file(name))
            place.reaches(name, os.stat(root))

    assert open_descriptors() == before
