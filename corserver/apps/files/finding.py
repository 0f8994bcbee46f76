"""Finding: which file, directory or other address a path means, by the rules of a site. Blocks: for a thread.

A path without a slash at its end is a file; with clean URLs that of the same name and `.html`; else the directory,
which has a slash. A path with one is the directory's index, else its listing. What the rules leave out is not found,
and nobody is sent to what would not be found.
"""

import os
from dataclasses import dataclass
from typing import Final

from corserver.apps.files.lookup import Opened, Root
from corserver.cors.scopes import Path

_PAGE: Final = ".html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a site's paths mean: see `StaticFiles`."""

    index: str
    listing: bool
    dotfiles: bool
    clean_urls: bool


@dataclass(frozen=True, slots=True)
class File:
    """An open file, and its name below the root."""

    opened: Opened
    name: bytes


@dataclass(frozen=True, slots=True)
class Directory:
    """An open directory that is to be listed, and its name below the root."""

    opened: Opened
    name: bytes


@dataclass(frozen=True, slots=True)
class Moved:
    """Another path of the same thing, the one that it should be asked by."""

    path: Path


Found = File | Directory | Moved | None


def find(root: Root, rules: Rules, name: bytes, path: Path) -> Found:
    """What *path* means, whose name below the root is *name*. Whoever asks closes what is open."""
    if path.slash:
        return _with_slash(root, rules, name, path)
    return _cleaner(root, rules, name, path) or _without_slash(root, rules, name, path)


def maybe_file(root: Root, name: bytes) -> File | None:
    """The file of that name, open, or None."""
    opened = root.maybe_file(name)
    return None if opened is None else File(opened, name)


def _without_slash(root: Root, rules: Rules, name: bytes, path: Path) -> Found:
    if name and (file := maybe_file(root, name)):
        return file
    if name and rules.clean_urls and (page := maybe_file(root, name + _PAGE.encode())):
        return page
    # A directory that nothing would be shown of is not redirected to either: it would tell that it is there.
    # One that may be entered and not be read, as a home often is, has its index alone.
    has_page = (root.maybe_directory(name) if rules.listing else None) or root.maybe_file(_index_of(rules, name))
    if has_page is None:
        return None
    with has_page:
        return Moved(Path(path.segments, slash=True))


def _with_slash(root: Root, rules: Rules, name: bytes, path: Path) -> Found:
    if index := maybe_file(root, _index_of(rules, name)):
        return index
    if rules.listing and (opened := root.maybe_directory(name)):
        return Directory(opened, name)
    if name and rules.clean_urls and (page := root.maybe_file(name + _PAGE.encode())):
        with page:
            return Moved(Path(path.segments, slash=False))
    return None


def _cleaner(root: Root, rules: Rules, name: bytes, path: Path) -> Moved | None:
    """The address without `.html`, or without the index, where that leads to the same file."""
    if not rules.clean_urls or not path.segments:
        return None
    *above, last = path.segments
    if last == rules.index:
        cleaner = Path(tuple(above), slash=True)
    elif _has_clean_form(last) and not _is_file(root, name.removesuffix(_PAGE.encode())):
        cleaner = Path((*above, last.removesuffix(_PAGE)), slash=False)
    else:
        return None
    return Moved(cleaner) if _is_file(root, name) else None


def _has_clean_form(segment: str) -> bool:
    return segment.endswith(_PAGE) and segment.removesuffix(_PAGE) not in ("", ".", "..")


def _is_file(root: Root, name: bytes) -> bool:
    opened = root.maybe_file(name)
    if opened is None:
        return False
    with opened:
        return True


def _index_of(rules: Rules, name: bytes) -> bytes:
    return b"/".join((name, os.fsencode(rules.index))) if name else os.fsencode(rules.index)
