"""Ports for servers that cannot say which one they were given, and for nobody."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def reserved_ports(count: int) -> Iterator[list[int]]:
    """Ports of 127.0.0.1 that the system gives to nobody else meanwhile, and where nothing listens yet.

    A server that sets SO_REUSEADDR, as they all do, may be told to: on Linux a socket that is bound, and does not
    listen, keeps the port from those who ask for any, and from none that asks for it by its number.
    """
    with ExitStack() as stack:
        found = []
        for _ in range(count):
            keeper = stack.enter_context(socket.socket())
            keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            keeper.bind(("127.0.0.1", 0))
            found.append(keeper.getsockname()[1])
        yield found
