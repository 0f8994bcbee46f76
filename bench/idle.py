"""Idle connections: many are opened, each makes a request and stays; what the server's memory grew by."""

import contextlib
import select
import socket
from typing import Final

from bench.cpu import memory_of
from bench.load import BenchmarkError
from bench.process import Running
from bench.scenarios import Scenario

#: An address has some 28 000 ports to connect from; more connections need more addresses.
_ADDRESSES: Final = 4
#: What the first requests make a server allocate once is not the price of a connection.
_WARM_UP: Final = 200
_TIMEOUT: Final = 10.0


def bytes_per_connection(running: Running, scenario: Scenario) -> float:
    """The growth of the server's memory by each connection of *scenario*. Raises `BenchmarkError`."""
    request = scenario.exchange.as_bytes(running.port)
    with contextlib.ExitStack() as stack:
        for _ in range(_WARM_UP):
            with contextlib.closing(_connect(running.port, 0)) as warm:
                _ask(warm, request)
        before = _memory(running)
        connections = []
        for number in range(scenario.connections):
            connection = stack.enter_context(contextlib.closing(_connect(running.port, number)))
            _ask(connection, request)
            connections.append(connection)
        after = _memory(running)
        closed = _ended(connections)
        if closed:
            raise BenchmarkError(f"{closed} of {len(connections)} idle connections were closed by the server")
    return (after - before) / scenario.connections


def _memory(running: Running) -> int:
    try:
        return memory_of(running.pid)
    except (KeyError, OSError) as error:
        raise BenchmarkError(f"its memory cannot be read: {error!r}") from error


def _connect(port: int, number: int) -> socket.socket:
    connection = socket.socket()
    try:
        connection.settimeout(_TIMEOUT)
        connection.bind((f"127.0.0.{2 + number % _ADDRESSES}", 0))
        connection.connect(("127.0.0.1", port))
    except OSError as error:
        connection.close()
        raise BenchmarkError(f"connection {number + 1} could not be opened: {error}") from error
    return connection


def _ask(connection: socket.socket, request: bytes) -> None:
    """Send the request and read the head of its answer, and with it all of a small one."""
    try:
        connection.sendall(request)
        received = b""
        while not is_whole(received):
            data = connection.recv(65536)
            if not data:
                raise BenchmarkError(f"it closed a connection instead of answering: {received[:200]!r}")
            received += data
    except OSError as error:
        raise BenchmarkError(f"a request was not answered: {error}") from error


def is_whole(received: bytes) -> bool:
    """Whether an answer is complete: its head, and what Content-Length or the chunked coding says of a body."""
    head, end, body = received.partition(b"\r\n\r\n")
    if not end:
        return False
    lines = [line.lower() for line in head.split(b"\r\n")]
    if any(line.startswith(b"transfer-encoding:") for line in lines):
        return body.endswith(b"0\r\n\r\n")
    lengths = [int(line.partition(b":")[2]) for line in lines if line.startswith(b"content-length:")]
    return len(body) >= (lengths[0] if lengths else 0)


def _ended(connections: list[socket.socket]) -> int:
    """How many the server has closed."""
    poll = select.poll()
    for connection in connections:
        poll.register(connection, select.POLLIN)
    return len(poll.poll(0))
