"""What a path means, by the rules of a site."""

import os
from pathlib import Path

import pytest

from corserver.apps.files.finding import Directory, File, Moved, Rules, find
from corserver.apps.files.lookup import Root, file_name
from corserver.cors.scopes import Path as URLPath

from .site import open_descriptors, write

PLAIN = Rules(index="index.html", listing=True, dotfiles=False, clean_urls=False)
CLEAN = Rules(index="index.html", listing=True, dotfiles=False, clean_urls=True)
CLEAN_WITH_DOTS = Rules(index="index.html", listing=True, dotfiles=True, clean_urls=True)
CLEAN_UNLISTED = Rules(index="index.html", listing=False, dotfiles=False, clean_urls=True)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    for name in (
        "index.html",
        "about.html",
        "both.html",
        "both/index.html",
        "taken",
        "taken.html",
        "docs/guide.html",
        "docs/v1.2.html",
        "empty/.keep",
        "...html",
        ".html",
    ):
        write(root / name, name.encode())
    write(tmp_path / "outside.html", b"outside")
    (root / "out.html").symlink_to("../outside.html")
    return root


def meaning(root: Path, target: str, rules: Rules) -> str | None:
    """`file NAME`, `list NAME`, `go PATH`, or None."""
    path = URLPath.parse(target.encode())
    name = file_name(path, dotfiles=rules.dotfiles)
    place = Root.maybe_open(os.fsencode(root))
    assert place is not None
    with place:
        match None if name is None else find(place, rules, name, path):
            case File(opened, found):
                with opened:
                    return f"file {found.decode()}"
            case Directory(opened, found):
                with opened:
                    return f"list {found.decode()}"
            case Moved(other):
                return f"go {other}"
    return None


@pytest.mark.parametrize(
    ("target", "plain", "clean"),
    [
        ("/", "file index.html", "file index.html"),
        ("/index.html", "file index.html", "go /"),
        ("/about", None, "file about.html"),
        ("/about.html", "file about.html", "go /about"),
        ("/about/", None, "go /about"),
        ("/about.html/", None, None),
        ("/both", "go /both/", "file both.html"),
        ("/both/", "file both/index.html", "file both/index.html"),
        ("/both.html", "file both.html", "go /both"),
        ("/both/index.html", "file both/index.html", "go /both/"),
        ("/both/index", None, "file both/index.html"),
        ("/taken", "file taken", "file taken"),
        ("/taken.html", "file taken.html", "file taken.html"),
        ("/docs", "go /docs/", "go /docs/"),
        ("/docs/", "list docs", "list docs"),
        ("/docs/guide", None, "file docs/guide.html"),
        ("/docs/guide.html", "file docs/guide.html", "go /docs/guide"),
        ("/docs/v1.2", None, "file docs/v1.2.html"),
        ("/docs/nope.html", None, None),
        ("/docs/index.html", None, None),
        ("/out", None, None),
        ("/out.html", None, None),
        ("/out/", None, None),
        ("/.html", None, None),
        ("/empty/", "list empty", "list empty"),
    ],
)
def test_paths(site: Path, target: str, plain: str | None, clean: str | None) -> None:
    before = open_descriptors()

    assert meaning(site, target, PLAIN) == plain
    assert meaning(site, target, CLEAN) == clean
    assert open_descriptors() == before


def test_a_clean_form_is_never_a_dot_segment(site: Path) -> None:
    assert meaning(site, "/...html", CLEAN_WITH_DOTS) == "file ...html"
    assert meaning(site, "/.html", CLEAN_WITH_DOTS) == "file .html"


@pytest.mark.parametrize("target", ["/docs", "/docs/", "/empty", "/empty/"])
def test_without_listings_a_directory_without_a_page_is_nothing(site: Path, target: str) -> None:
    assert meaning(site, target, CLEAN_UNLISTED) is None


def test_a_directory_that_may_be_entered_only_is_its_page(site: Path) -> None:
    (site / "both").chmod(0o111)
    if os.access(site / "both", os.R_OK):
        pytest.skip("this user may read everything: drop CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH")

    assert meaning(site, "/both", PLAIN) == "go /both/"
    assert meaning(site, "/both/", PLAIN) == "file both/index.html"


def test_where_somebody_is_sent_there_is_something(site: Path) -> None:
    for rules in (PLAIN, CLEAN, CLEAN_WITH_DOTS, CLEAN_UNLISTED):
        for target in ("/index.html", "/about.html", "/about/", "/both", "/both.html", "/both/index.html", "/docs"):
            found = meaning(site, target, rules)
            if found is not None and found.startswith("go "):
                assert str(meaning(site, found.removeprefix("go "), rules)).startswith(("file ", "list "))
