"""Entries: what of a directory may be listed, which is what would be answered. Blocks: for a thread."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from corserver.apps.files.lookup import Opened, Root, is_shown

#: Whether access() can ask for the rights that open() will have.
_EFFECTIVE: Final = os.access in os.supports_effective_ids


#: A name, as it was found in the directory, and what is behind it if it is a link.
_Listed = tuple[str, "os.DirEntry[str]", os.stat_result | None]


class Entry(NamedTuple):
    """A file or directory in a listing. *modified* is in seconds since 1970; a directory's *size* says nothing."""

    name: str
    is_directory: bool
    size: int
    modified: int


def entries(root: Root, directory: Opened, name: bytes, *, dotfiles: bool) -> Iterator[Entry]:
    """The entries of *directory*, which is *name* below *root*: directories first, each kind sorted by name.

    Whether one may be read, its size and its date are looked for when its turn comes. So a file descriptor is held from
    the first to the last, or until this is closed; *root* and *directory* are needed for the first only.
    """
    with Opened(os.dup(directory.fd), directory.stat) as own:
        for kind, listed in zip((stat.S_IFDIR, stat.S_IFREG), _names(root, own, name, dotfiles), strict=True):
            _sort_by_name(listed)
            listed.reverse()
            while listed:  # What was looked at is let go of: its item holds what it found.
                shown, item, found = listed.pop()
                found = found or _readable(own, item)
                if found is not None and stat.S_IFMT(found.st_mode) == kind:
                    yield Entry(shown, kind == stat.S_IFDIR, found.st_size, found.st_mtime_ns // 1_000_000_000)


def _names(root: Root, directory: Opened, parent: bytes, dotfiles: bool) -> tuple[list[_Listed], list[_Listed]]:
    # The directories, and the files, as far as names and kinds say.
    directories: list[_Listed] = []
    files: list[_Listed] = []
    with os.scandir(directory.fd) as scan:
        for item in scan:
            raw = os.fsencode(item.name)
            shown = raw.decode("utf-8", "surrogateescape")
            if not is_shown(shown, at_root=not parent, dotfiles=dotfiles):
                continue
            found = _behind_link(root, parent + b"/" + raw if parent else raw) if item.is_symlink() else None
            if item.is_dir(follow_symlinks=False) if found is None else stat.S_ISDIR(found.st_mode):
                directories.append((shown, item, found))
            elif found or item.is_file(follow_symlinks=False):
                files.append((shown, item, found))
    return directories, files


def split(found: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """The directories, and the files, each in the order that they have."""
    directories: list[Entry] = []
    files: list[Entry] = []
    for entry in found:
        (directories if entry.is_directory else files).append(entry)
    return directories, files


def _sort_by_name(found: "list[_Listed]") -> None:
    # One sort after the other, and each of strings alone: while a list is sorted no other thread runs, not even that of
    # the event loop, and tuples take five times as long.
    found.sort(key=lambda listed: listed[0])
    found.sort(key=lambda listed: listed[0].casefold())


def _behind_link(root: Root, name: bytes) -> os.stat_result | None:
    opened = root.maybe_file(name) or root.maybe_directory(name)
    if opened is None:
        return None
    with opened:
        return opened.stat


def _readable(directory: Opened, item: "os.DirEntry[str]") -> os.stat_result | None:
    if not os.access(item.name, os.R_OK, dir_fd=directory.fd, effective_ids=_EFFECTIVE):
        return None
    try:
        return item.stat(follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.EACCES):  # removed meanwhile; a directory that may not be entered
            return None
        raise
