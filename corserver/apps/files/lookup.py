"""Lookup: from a request's path to an open file or directory below the root, and to nothing else. Blocks: for a thread.

Rules:

1. What can be refused by its name is refused before any call of the file system: `file_name`.
2. Names are bytes, and relative to a descriptor of the root that is opened for each request: a root that is a link, or
   that is removed and made again by a build, is found as it is now, and one request never sees two of them.
3. A path is opened first and judged afterwards, by its descriptor: its kind by fstat, its place by the real path that
   the kernel has for it. Whatever is renamed or linked meanwhile, what was judged is what will be read.
4. Links are followed as long as they end below the root, also to names that are hidden: making the link was the choice.
5. Only files and directories exist. Others are not even opened, as a device may act on it; `O_NONBLOCK` and fstat are
   for the one that takes a file's place at this moment.
6. Absent, hidden, unreadable, special and outside are one answer, None: nobody can tell which of them it was.
"""

import errno
import os
import re
import stat
from dataclasses import dataclass
from types import TracebackType
from typing import Final

from corserver.cors.scopes import BadPath, Path

#: The one directory with a dot that is meant to be seen (RFC 8615 §3), at the root only.
WELL_KNOWN: Final = ".well-known"

_OPEN_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
#: For a directory that is only a place to start from: where O_PATH exists, that does not need the right to list it.
_PLACE_FLAGS: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC

# A separator, or a control character of either set: no name that a browser was given on purpose has one.
_NEVER_IN_A_NAME: Final = re.compile(r"[/\x00-\x1f\x7f-\x9f]")

#: The errors that say something about the name. Others, such as EMFILE and EIO, are the server's trouble: they raise.
_ABSENT: Final = frozenset(
    {
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.EACCES,
        errno.EPERM,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENXIO,
        errno.ENODEV,
        errno.EILSEQ,
        errno.EINVAL,
        errno.ESTALE,
    }
)


def file_name(path: Path, *, dotfiles: bool) -> bytes | None:
    """The name below the root for *path*, empty for the root itself; None where no file of that name is ever shown.

    Raises `BadPath` for a backslash: a browser turns it into a slash before it sends a path, so that one which arrives
    was meant for a server that does the same.
    """
    if any("\\" in segment for segment in path.segments):
        raise BadPath("a path has no backslash: a browser turns it into a slash first")
    if not all(is_shown(segment, at_root=not i, dotfiles=dotfiles) for i, segment in enumerate(path.segments)):
        return None
    try:
        return "/".join(path.segments).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return None


def is_shown(segment: str, *, at_root: bool, dotfiles: bool) -> bool:
    """Whether a file or directory of that name may be found, or listed."""
    if segment in ("", ".", "..") or "\\" in segment or _NEVER_IN_A_NAME.search(segment):
        return False
    return dotfiles or not segment.startswith(".") or (at_root and segment == WELL_KNOWN)


@dataclass(frozen=True, slots=True)
class Opened:
    """An open file or directory, and what fstat said about it."""

    fd: int
    stat: os.stat_result

    def __enter__(self) -> "Opened":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self.fd)


@dataclass(frozen=True, slots=True)
class Root:
    """The root, open for one request. Names are relative to it; the empty one is its own."""

    path: bytes
    fd: int

    @classmethod
    def maybe_open(cls, path: bytes) -> "Root | None":
        """The directory at *path*, or None if there is none any more."""
        try:
            return cls(path, os.open(path, _PLACE_FLAGS))
        except OSError as error:
            _raise_unless_absent(error)
            return None

    def __enter__(self) -> "Root":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self.fd)

    def maybe_file(self, name: bytes) -> Opened | None:
        """The regular file of that name, or None."""
        return self._maybe_open(name, stat.S_IFREG)

    def maybe_directory(self, name: bytes) -> Opened | None:
        """The directory of that name, or None."""
        return self._maybe_open(name, stat.S_IFDIR)

    def _maybe_open(self, name: bytes, kind: int) -> Opened | None:
        try:
            if stat.S_IFMT(os.stat(name or b".", dir_fd=self.fd).st_mode) != kind:
                return None
            fd = os.open(name or b".", _OPEN_FLAGS, dir_fd=self.fd)
        except OSError as error:
            _raise_unless_absent(error)
            return None
        try:
            found = os.fstat(fd)
            if stat.S_IFMT(found.st_mode) == kind and self._has_inside(fd, found, name):
                return Opened(fd, found)
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
        return None

    def _has_inside(self, fd: int, found: os.stat_result, name: bytes) -> bool:
        try:
            root, real = _descriptor_path(self.fd), _descriptor_path(fd)
        except OSError:  # no /proc: another system than Linux, or a chroot
            return self.reaches(name, found)
        return _is_below(real, root)

    def reaches(self, name: bytes, found: os.stat_result) -> bool:
        """Whether the real path of *name* leads from the root to *found* without a link: what `/proc` says elsewhere.

        The real path alone would be a check of a name, which may mean another file by now. So it is walked, each step
        from the descriptor of the step before and following no link, and has to end at the file that is open.
        """
        try:
            root, real = os.path.realpath(self.path), os.path.realpath(os.path.join(self.path, name))
            if not _is_below(real, root):
                return False
            *above, last = [step for step in real[len(root) :].split(b"/") if step] or [b"."]
            with _at(self.fd, above) as place:
                return os.path.samestat(found, os.stat(last, dir_fd=place.fd, follow_symlinks=False))
        except OSError as error:
            _raise_unless_absent(error)
            return False


def _at(fd: int, steps: list[bytes]) -> Opened:
    place = os.open(b".", _PLACE_FLAGS, dir_fd=fd)
    for step in steps:
        try:
            below = os.open(step, _PLACE_FLAGS | os.O_NOFOLLOW, dir_fd=place)
        finally:
            os.close(place)
        place = below
    return Opened(place, os.fstat(place))


def _descriptor_path(fd: int) -> bytes:
    return os.readlink(b"/proc/self/fd/%d" % fd)


def _is_below(real: bytes, root: bytes) -> bool:
    # With the slash: /srv/files-of-others is not below /srv/files.
    return real == root or real.startswith(root.rstrip(b"/") + b"/")


def _raise_unless_absent(error: OSError) -> None:
    if error.errno not in _ABSENT:
        raise error
