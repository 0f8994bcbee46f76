"""A server and the clients of an app whose pace is measured."""

import threading
from collections.abc import Callable, Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment

from .asking import TEXT

PIECE = 65536


class Flow:
    """An app that sends *size* bytes, or counts what it is sent. It knows what it did, and how its generator ended."""

    def __init__(self, size: int = 0, piece: int = PIECE) -> None:
        self.size = size
        self.piece = piece
        self.sent = 0
        self.taken = 0
        self.closed = threading.Event()
        self.raised: list[BaseException] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", TEXT)
        match environ["PATH_INFO"]:
            case "/down":
                return self._pieces()
            case "/write":
                return self._written(start_response("200 OK", TEXT, (ValueError, ValueError(), None)))  # type: ignore[arg-type]
            case "/echo":
                return iter(lambda: environ["wsgi.input"].read(PIECE), b"")
            case "/up":
                return [self._count(environ)]
        return [b"other"]

    def _pieces(self) -> Iterator[bytes]:
        try:
            while self.sent < self.size:
                self.sent += self.piece
                yield b"x" * self.piece
        finally:
            self.closed.set()

    def _written(self, write: Callable[[bytes], object]) -> Iterable[bytes]:
        try:
            for piece in self._pieces():
                write(piece)
        except OSError as error:
            self.raised.append(error)
            raise
        finally:
            self.closed.set()
        return []

    def _count(self, environ: WSGIEnvironment) -> bytes:
        try:
            while piece := environ["wsgi.input"].read(PIECE):
                self.taken += len(piece)
        except OSError as error:
            self.raised.append(error)
            raise
        finally:
            self.closed.set()
        return str(self.taken).encode()
