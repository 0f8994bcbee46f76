"""Entries: what of a directory may be listed, which is what would be answered. Blocks: for a thread."""

import errno
import os
import stat
from collections.abc import Iterable
from typing import Final, NamedTuple

from corserver.apps.files.lookup import Opened, Root, is_shown

#: Whether access() can ask for the rights that open() will have.
_EFFECTIVE: Final = os.access in os.supports_effective_ids


class Entry(NamedTuple):
    """A file or directory in a listing. *modified* is in seconds since 1970; a directory's *size* says nothing."""

    name: str
    is_directory: bool
    size: int
    modified: int


def entries(root: Root, directory: Opened, name: bytes, *, dotfiles: bool) -> list[Entry]:
    """The entries of *directory*, which is *name* below *root*: directories first, each kind sorted by name."""
    with os.scandir(directory.fd) as scan:
        found = [_maybe_entry(root, directory, name, item, dotfiles) for item in scan]
    shown = [entry for entry in found if entry is not None]
    directories, files = split(shown)
    return [*_by_name(directories), *_by_name(files)]


def split(found: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """The directories, and the files, each in the order that they have."""
    directories: list[Entry] = []
    files: list[Entry] = []
    for entry in found:
        (directories if entry.is_directory else files).append(entry)
    return directories, files


def _by_name(found: list[Entry]) -> list[Entry]:
    # One sort after the other, and each of strings alone: while a list is sorted no other thread runs, not even that of
    # the event loop, and tuples take five times as long.
    found.sort(key=lambda entry: entry.name)
    found.sort(key=lambda entry: entry.name.casefold())
    return found


def _maybe_entry(
    root: Root, directory: Opened, parent: bytes, item: "os.DirEntry[str]", dotfiles: bool
) -> Entry | None:
    raw = os.fsencode(item.name)
    name = raw.decode("utf-8", "surrogateescape")
    if not is_shown(name, at_root=not parent, dotfiles=dotfiles):
        return None
    if item.is_symlink():
        found = _behind_link(root, parent + b"/" + raw if parent else raw)
    else:
        found = _readable(directory, item)
    if found is None or stat.S_IFMT(found.st_mode) not in (stat.S_IFREG, stat.S_IFDIR):
        return None
    return Entry(name, stat.S_ISDIR(found.st_mode), found.st_size, found.st_mtime_ns // 1_000_000_000)


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
