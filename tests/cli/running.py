"""A `corserver` process as a user runs it: what it writes, where it serves, how it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from click.testing import CliRunner

from corserver.cli.commands import COMMANDS
from corserver.cli.serve import serve_directory

#: Of this process, without what the configuration of the tests has taken out of it.
ENVIRONMENT = dict(os.environ)


class Running:
    """A `corserver` process: what it wrote, line by line, and its URL. *aside* is for a banner on stderr."""

    def __init__(self, process: trio.Process, aside: bool = False) -> None:
        stream = process.stderr if aside else process.stdout
        assert stream is not None
        self.process = process
        self.lines: list[str] = []
        self._stream = stream
        self._rest = b""

    async def line_with(self, text: str) -> str:
        """Read on until a line has *text*."""
        with trio.fail_after(30):
            while True:
                for line in self.lines:
                    if text in line:
                        return line
                chunk = await self._stream.receive_some()
                assert chunk, f"no line with {text!r}; there were {self.lines}"
                *whole, self._rest = (self._rest + chunk).split(b"\n")
                self.lines += [line.decode() for line in whole]

    async def url(self) -> str:
        return (await self.line_with("URL")).split()[-1]

    async def stop(self, number: int = signal.SIGINT) -> int:
        """Send the signal; the exit code."""
        self.process.send_signal(number)
        with trio.fail_after(30):
            return await self.process.wait()


@asynccontextmanager
async def corserver(*arguments: str | Path, **environment: str) -> AsyncIterator[Running]:
    command = [sys.executable, "-m", "corserver", *map(str, arguments)]
    pipe = subprocess.PIPE
    process = await trio.lowlevel.open_process(command, stdout=pipe, stderr=pipe, env={**ENVIRONMENT, **environment})
    async with ended(process):
        yield Running(process)


@asynccontextmanager
async def ended(process: trio.Process) -> AsyncIterator[None]:
    """Nothing is left running behind the block."""
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def output(running: Running) -> str:
    assert running.process.stdout is not None
    return b"".join([chunk async for chunk in running.process.stdout]).decode()


async def errors(running: Running) -> str:
    assert running.process.stderr is not None
    return b"".join([chunk async for chunk in running.process.stderr]).decode()


def refused_at_once(*arguments: str | Path) -> tuple[int, str]:
    """As `refused`, for what is wrong with a command line itself: in this process, which has loaded everything."""
    first, *rest = map(str, arguments)
    entry = COMMANDS.get(first)
    done = CliRunner().invoke(*((entry.load(), rest) if entry else (serve_directory, [first, *rest])))
    assert isinstance(done.exception, SystemExit), done.exc_info
    return done.exit_code, done.stderr


async def refused(*arguments: str | Path) -> tuple[int, str]:
    """The exit code and the words of a command that does not start."""
    async with corserver(*arguments) as running:
        text = await errors(running)
        return await running.process.wait(), text
