"""How long a file may be kept: names with a hash, and versions that cannot be told apart."""

import os
from pathlib import Path

import pytest

from corserver.apps.files import StaticFiles
from corserver.apps.files.finding import maybe_file
from corserver.apps.files.lookup import Root
from corserver.apps.files.selecting import Manner, is_hashed, selected

from .site import SCRIPT, SETTLED_NS, ask, write


@pytest.mark.parametrize(
    ("name", "hashed"),
    [
        ("index-B3kdX9aZ.js", True),
        ("assets/index-B3kd_9a-.css", True),
        ("app.3f2a9c1b.js", True),
        ("main.0123456789abcdef.chunk.js", True),
        ("app-5d41402abc4b2a76b9719d911017c592.js", True),
        ("logo.3f2a9c1b.svg.map", True),
        ("main-IO4WYKNR.js", True),
        ("styles-5INURTSO.css", True),
        ("app.abcdef12.js", True),
        ("app.js", False),
        ("My-Photo123.jpg", False),
        ("my-iPhone12.png", False),
        ("screen-Shot2024.png", False),
        ("beach-SUMMER24.jpg", False),
        ("photos-2024dec25.zip", False),
        ("photos-2024feb1.zip", False),
        ("UPPER-DOCUMENT.pdf", False),
        ("photo-20240101.jpg", False),
        ("my-carousel.js", False),
        ("my-Carousel.js", False),
        ("release-version2.js", False),
        ("3f2a9c1b.js", False),
        ("app-3f2a9c1b", False),
        ("decade.facade.js", False),
        ("jquery-3.7.1.min.js", False),
        ("3f2a9c1b-x/index.html", False),
    ],
)
def test_names_with_a_hash(name: str, hashed: bool) -> None:
    assert is_hashed(name.encode()) == hashed


async def test_only_names_with_a_hash_are_for_good(root: Path) -> None:
    write(root / "app.3f2a9c1b.js", SCRIPT)
    app = StaticFiles(root, cache_control="max-age=60", immutable=True)

    assert (await ask(app, "/app.3f2a9c1b.js")).headers["cache-control"] == "max-age=31536000, immutable"
    assert (await ask(app, "/data.json")).headers["cache-control"] == "max-age=60"
    assert (await ask(StaticFiles(root), "/app.3f2a9c1b.js")).headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("modified_ns", [SETTLED_NS, SETTLED_NS // 10**9 * 10**9, 0])
async def test_a_time_that_a_tool_set_is_no_version(root: Path, modified_ns: int) -> None:
    """A reproducible build gives every file the same time: two versions of one length are two all the same."""
    app = StaticFiles(root)
    write(root / "a.txt", b"one", modified_ns=modified_ns)
    one = await ask(app, "/a.txt")
    (root / "a.txt").unlink()
    while True:  # until the file system's clock went on
        write(root / "a.txt", b"two", modified_ns=modified_ns)
        two = await ask(app, "/a.txt", "GET", {"if-none-match": one.headers["etag"]})
        if two.headers["etag"] != one.headers["etag"]:
            break

    assert (two.status, two.body) == (200, b"two")


def test_a_file_that_is_touched_while_it_is_read_has_a_weak_tag(root: Path) -> None:
    """By a move or a link: nothing has failed, but nobody can tell any more whether all of it is of one version."""
    write(root / "a.txt", b"one")
    manner = Manner(cache_control=None, immutable=False, compress=False, finish=lambda lines: lines)
    tags = []
    with Root(os.fsencode(root), os.open(root, os.O_RDONLY)) as place:
        for is_linked in (False, True):
            found = maybe_file(place, b"a.txt")
            assert found is not None
            if is_linked:
                os.link(root / "a.txt", root / "b.txt")
            with found.opened, selected(place, found, manner, (), None) as chosen:
                assert chosen.representation.content == b"one"
                tags.append(str(chosen.representation.current.etag))

    assert tags[1] == f"W/{tags[0]}"
