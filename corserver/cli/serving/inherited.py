"""Listening sockets that this process was given, by their numbers."""

import os
import socket
import stat
from collections.abc import Sequence


class BadSocket(ValueError):
    """What was given is no socket that listens."""


def inherited(numbers: Sequence[int]) -> list[socket.socket]:
    """The sockets with these numbers, each once: it can be closed only once. Raises `BadSocket`."""
    return [_listening(number) for number in dict.fromkeys(numbers)]


def shared(sockets: Sequence[socket.socket], workers: int) -> list[list[socket.socket]]:
    """Each of *sockets* for each of so many workers, which share its queue; nothing where there are none."""
    return [[sock.dup() for sock in sockets] for _ in range(workers)] if sockets else []


def _listening(number: int) -> socket.socket:
    try:
        is_socket = stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError as error:
        raise BadSocket(f"--fd {number}: {error.strerror}: whoever starts this program has to open it first") from error
    sock = socket.socket(fileno=number) if is_socket else None
    if sock is None or not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        if sock is not None:
            sock.detach()
        raise BadSocket(f"--fd {number} is no socket that listens")
    os.set_inheritable(number, False)
    sock.setblocking(False)
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
