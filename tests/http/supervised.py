"""A supervisor's process, and the clients of its workers."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from .peer import Answer, read_answers, request

ROOT = Path(__file__).parent.parent.parent
GET_PID = request("GET", "/pid")


class Running:
    """A supervisor's process, what it and its workers have written, and where it serves."""

    def __init__(self, process: trio.Process) -> None:
        self.process = process
        self.port = 0
        self._rest = b""
        #: Which were not looked for yet.
        self._lines: list[str] = []

    async def line_with(self, text: str) -> str:
        """The next line that has *text*, those before it being passed over."""
        with trio.fail_after(20):
            while True:
                while self._lines:
                    line = self._lines.pop(0)
                    if text in line:
                        return line
                chunk = await self._receive()
                assert chunk, f"no line with {text!r}"
                *whole, self._rest = (self._rest + chunk).split(b"\n")
                self._lines += [line.decode() for line in whole]

    async def started(self) -> None:
        self.port = int((await self.line_with("STARTED")).rpartition(":")[2])

    async def wait_all_ended(self) -> None:
        """Wait until no process is left that could write something."""
        with trio.fail_after(20):
            while await self._receive():
                pass

    async def _receive(self) -> bytes:
        assert self.process.stdout is not None
        return bytes(await self.process.stdout.receive_some())

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    async def client(self) -> "Client":
        return Client(await trio.open_tcp_stream("127.0.0.1", self.port))

    async def pid(self) -> int:
        """Which worker answers a new connection."""
        client = await self.client()
        answer = await client.ask(GET_PID)
        await client.aclose()
        return int(answer.body)

    async def pids(self, number: int) -> set[int]:
        """The workers, once so many different ones have answered."""
        seen: set[int] = set()
        with trio.fail_after(20):
            while len(seen) < number:
                seen.add(await self.pid())
        return seen


class Client:
    """A connection that is kept."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream

    async def ask(self, data: bytes) -> Answer:
        """The answer, which has a Content-Length or no body. A connection that ends instead is an error."""
        await self.stream.send_all(data)
        received = b""
        while not _is_whole(received):
            chunk = await self.stream.receive_some()
            assert chunk, f"the connection ended after {received!r}"
            received += chunk
        (answer,) = read_answers(received, [data.split(b" ")[0].decode()])
        return answer

    async def aclose(self) -> None:
        await trio.aclose_forcefully(self.stream)


def _is_whole(received: bytes) -> bool:
    head, end, body = received.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return bool(end) and len(body) >= int(length or 0)


@asynccontextmanager
async def supervised(what: int | str, *arguments: str | Path, starts: bool = True) -> AsyncIterator[Running]:
    """A server of so many workers, or a program that runs one."""
    program = ["-c", what] if isinstance(what, str) else ["-m", "tests.http.workers_main", str(what)]
    command = [sys.executable, *program, *map(str, arguments)]
    process = await trio.lowlevel.open_process(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT
    )
    running = Running(process)
    try:
        if starts:
            await running.started()
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        assert process.stdin is not None
        await process.stdin.aclose()
        await running.wait_all_ended()
