"""What of a directory is listed: what would be answered."""

import os
from pathlib import Path

from corserver.apps.files.entries import Entry, entries
from corserver.apps.files.lookup import Root

from .site import SETTLED_NS, write


def listed(root: Path, name: str = "", *, dotfiles: bool = False) -> list[Entry]:
    place = Root.maybe_open(os.fsencode(root))
    assert place is not None
    with place:
        directory = place.maybe_directory(os.fsencode(name))
        assert directory is not None
        with directory:
            return [*entries(place, directory, os.fsencode(name), dotfiles=dotfiles)]


def names(found: list[Entry]) -> list[str]:
    return [entry.name + "/" * entry.is_directory for entry in found]


def test_what_is_listed_of_a_root_with_traps(root: Path) -> None:
    assert names(listed(root)) == [
        ".well-known/",
        "insidedir/",
        "plain/",
        "sub/",
        "data.json",
        "empty.txt",
        "hundred.bin",
        "inside-absolute.txt",
        "inside-link.txt",
        "shown-env",
    ]


def test_dotfiles_are_listed_on_demand(root: Path) -> None:
    assert {".env", ".git/", ".well-known/"} <= set(names(listed(root, dotfiles=True)))
    assert names(listed(root, "plain")) == ["b.txt"]
    assert names(listed(root, "plain", dotfiles=True)) == [".well-known/", "b.txt"]


def test_links_in_a_directory_below_are_judged_from_the_root(root: Path) -> None:
    (root / "plain" / "up.txt").symlink_to("../data.json")
    (root / "plain" / "out.txt").symlink_to("../../static1.txt")

    assert names(listed(root, "plain")) == ["b.txt", "up.txt"]


def test_special_files_are_not_listed(special: Path) -> None:
    assert not {"fifo", "socket"} & set(names(listed(special)))
    assert listed(special, "pipes") == []


def test_names_that_would_not_be_found_are_not_listed(tmp_path: Path) -> None:
    for name in (b"back\\slash", b"new\nline", b"esc\x1b", b"fine", b"caf\xe9"):
        write(tmp_path / os.fsdecode(name))

    assert names(listed(tmp_path)) == ["caf\udce9", "fine"]


def test_order_size_and_date(tmp_path: Path) -> None:
    for name in ("b", "A", "a", "Z.txt", "d2/x", "D1/x"):
        write(tmp_path / name, b"12345")

    found = listed(tmp_path)

    assert names(found) == ["D1/", "d2/", "A", "a", "b", "Z.txt"]
    assert found[-1] == Entry("Z.txt", False, 5, SETTLED_NS // 10**9)


def test_what_may_not_be_read_is_not_listed(unreadable: Path) -> None:
    found = names(listed(unreadable))

    assert not {"data.json", "plain/", "insidedir/", "inside-link.txt"} & set(found)
    assert "hundred.bin" in found
