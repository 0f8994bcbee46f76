"""Chromium as a child process: with a new profile, without a network but this machine, ended with all its children.

Nothing speaks to it while it runs. It is given a URL, the page there does the work and says over HTTP how that went,
and what its console says can be read.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import trio

from corserver.cli.options.authority import how_to_trust

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
INSTALL: Final = "apt-get install chromium"

_FLAGS: Final = (
    "--headless",
    "--no-sandbox",  # It refuses to run as root otherwise, and tests in a container are root.
    "--disable-gpu",
    "--disable-dev-shm-usage",  # /dev/shm has 64 MiB in a container.
    # Nothing is asked of the network: no updates, no trials, no proxy, and no name beside this machine's is resolved.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-quic",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-pings",
    "--no-proxy-server",
    # But that one is somebody's who has it lead to this machine.
    "--host-resolver-rules=MAP rebound.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    # Nothing is asked of the user.
    "--disable-breakpad",
    "--no-default-browser-check",
    "--no-first-run",
    "--password-store=basic",
    # The console goes to standard error: `[pid:tid:time:INFO:CONSOLE:line] "text", source: URL (line)`.
    "--enable-logging=stderr",
)


def find_chromium() -> str | None:
    """The path of the installed browser, or None."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


needs_certutil = pytest.mark.skipif(
    shutil.which("certutil") is None, reason="no certutil here: apt-get install libnss3-tools"
)
needs_chromium = pytest.mark.skipif(find_chromium() is None, reason=f"no chromium here: {INSTALL}")


class Console:
    """What the browser says: its pages' console, and `log`, the last lines of all else, for when it does not work."""

    def __init__(self) -> None:
        self.log: deque[str] = deque(maxlen=10)
        self._send, self._receive = trio.open_memory_channel[str](1000)

    async def expect(self, words: str) -> str:
        """The next message of the console that has *words*, as soon as it is there."""
        return (await self.until(words))[-1]

    async def until(self, words: str) -> list[str]:
        """The next messages of the console, up to one that has *words*."""
        messages = []
        async for message in self._receive:
            messages.append(message)
            if words in message:
                return messages
        raise EOFError("the browser ended")

    async def read(self, stderr: trio.abc.ReceiveStream) -> None:
        """Collect what the browser says until it ends."""
        rest = b""
        async for chunk in stderr:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                text = line.decode("utf-8", "replace")
                self.log.append(text)
                _, is_message, message = text.partition(":CONSOLE:")
                if is_message:
                    self._send.send_nowait(message)


@contextlib.asynccontextmanager
async def chromium(url: str, authority: Path | None = None) -> AsyncIterator[Console]:
    """A browser of its own that opens *url*, and trusts *authority*; killed, children and all, when the block is left.

    If the browser ends by itself the block is cancelled, and left as if it had ended.
    """
    program = find_chromium()
    assert program is not None, INSTALL
    # A browser that is killed may still write for a moment.
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as home:
        if authority is not None:
            await _trust(authority, home)
        process = await trio.lowlevel.open_process(
            [program, *_FLAGS, f"--user-data-dir={home}/profile", url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "HOME": home, "TMPDIR": home},
        )
        console = Console()
        assert process.stderr is not None
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_read_to_end, console, process.stderr, nursery.cancel_scope)
                yield console
                nursery.cancel_scope.cancel()
        finally:
            with trio.CancelScope(shield=True):
                # The group is its own session's: no other process is in it. It is gone only if all of it has ended.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
                await process.stderr.aclose()


async def _trust(authority: Path, home: str) -> None:
    """Have the browser of *home* trust *authority*, as the banner says how."""
    _, command = how_to_trust(authority, "linux")[0]
    await trio.run_process(["sh", "-c", command], env={**os.environ, "HOME": home}, stdin=b"")


async def _read_to_end(console: Console, stderr: trio.abc.ReceiveStream, waiting: trio.CancelScope) -> None:
    await console.read(stderr)
    waiting.cancel()
