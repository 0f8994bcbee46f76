"""Listening on a Unix socket: a file that a proxy on the same machine connects to.

The file is made with its mode, so that there is no moment in which others can connect. A file that a server left which
is no more is replaced; one at which a server answers is taken, and what is no socket is left alone.
"""

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Iterator
from typing import Final

from corserver.http.listeners import BACKLOG

#: sun_path in unix(7), without its final NUL.
_LONGEST: Final = 107


@contextlib.contextmanager
def unix_listener(path: str, mode: int = 0o600) -> Iterator[socket.socket]:
    """A socket that listens at *path*, whose file is gone in the end, unless it is another's by then.

    Raises OSError: EADDRINUSE where a server answers there, EEXIST where there is something that is no socket,
    ENAMETOOLONG, or what else keeps the file from being made.
    """
    if len(os.fsencode(path)) > _LONGEST:
        raise OSError(errno.ENAMETOOLONG, f"the path of a socket has at most {_LONGEST} bytes", path)
    _make_room(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        mask = os.umask(0o777 & ~mode)
        try:
            listener.bind(path)
        finally:
            os.umask(mask)
        own = _identity(path)
        try:
            listener.listen(BACKLOG)
            yield listener
        finally:
            if _identity(path) == own:
                os.unlink(path)
    finally:
        listener.close()


def _make_room(path: str) -> None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise FileExistsError(errno.EEXIST, "there is something that is no socket", path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except ConnectionRefusedError:  # Nobody listens any more.
            os.unlink(path)
            return
        except OSError as error:
            if error.errno != errno.EAGAIN:  # Its queue is full: somebody listens.
                raise
    raise OSError(errno.EADDRINUSE, "a server answers there already", path)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
