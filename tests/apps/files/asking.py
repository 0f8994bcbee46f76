"""A whole server, asked with bytes: what comes back is taken apart without leniency."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import trio


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, taken apart without leniency: the lines as they are."""

    status: int
    lines: tuple[tuple[str, str], ...]
    body: bytes

    @classmethod
    def of(cls, raw: bytes) -> "Reply":
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in rest)
        return cls(int(first.split(" ")[1]), tuple((name.lower(), value) for name, _, value in pairs), body)

    def __getitem__(self, name: str) -> str | None:
        values = [value for key, value in self.lines if key == name]
        return ", ".join(values) if values else None

    @property
    def without_date(self) -> tuple[object, ...]:
        return self.status, tuple(line for line in self.lines if line[0] != "date"), self.body


@dataclass(slots=True)
class Asker:
    """A server on a free port, asked with bytes, each request on a connection of its own."""

    port: int

    async def __call__(self, request: str | bytes) -> Reply:
        raw = request.encode("latin-1") if isinstance(request, str) else request
        async with await trio.open_tcp_stream("127.0.0.1", self.port) as stream:
            await stream.send_all(raw)
            await stream.send_eof()
            with trio.fail_after(20):
                return Reply.of(b"".join([chunk async for chunk in stream]))

    async def get(self, target: str, *lines: str, method: str = "GET", host: str = "localhost") -> Reply:
        return await self("\r\n".join([f"{method} {target} HTTP/1.1", f"Host: {host}", *lines, "", ""]))


Start = Callable[..., Awaitable[Asker]]
