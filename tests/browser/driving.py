"""Chromium with somebody at the keyboard: real keys, window sizes and pictures, over the DevTools protocol.

The protocol runs over a pipe, so that no port is opened: file descriptors 3 and 4 of the browser, a message a NUL.
"""

import base64
import contextlib
import itertools
import json
import os
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator
from typing import Any, Final

import trio

from tests.browser.chromium import _FLAGS, INSTALL, find_chromium

_CODES: Final = {"Tab": 9, "Enter": 13, " ": 32, "ArrowUp": 38, "ArrowDown": 40}
_TEXTS: Final = {"Enter": "\r", " ": " "}
_SHIFT: Final = 8


class Tab:
    """A page that is driven."""

    def __init__(self, to: trio.lowlevel.FdStream, answers: trio.lowlevel.FdStream) -> None:
        self._to = to
        self._from = answers
        self._rest = b""
        self._ids = itertools.count(1)
        self._session = ""

    async def open(self, url: str) -> None:
        """Open *url* and wait until its script has said that it is ready."""
        target = await self.call("Target.createTarget", url="about:blank")
        attached = await self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        await self.call("Page.navigate", url=url)
        await self.until("document.documentElement?.dataset.ready === 'true'")

    async def call(self, method: str, **params: Any) -> Any:
        """What the browser answers to *method*; events are passed over."""
        id = next(self._ids)
        session = {"sessionId": self._session} if self._session else {}
        await self._to.send_all(json.dumps({"id": id, "method": method, "params": params, **session}).encode() + b"\0")
        while True:
            message = await self._receive()
            if message.get("id") == id:
                assert "error" not in message, message["error"]
                return message["result"]

    async def evaluate(self, expression: str) -> Any:
        """The value of *expression*, or of what it promises, in the page."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    async def until(self, condition: str) -> None:
        """Wait for *condition* to hold in the page; asked at each of its animation frames."""
        await self.evaluate(
            f"new Promise((done) => {{ (function look() {{ ({condition}) ? done() : setTimeout(look, 10); }})(); }})"
        )

    async def until_it_reloads(self, condition: str) -> None:
        """Wait for *condition* to hold in the page that comes after this one."""
        while True:
            try:
                return await self.until(condition)
            except AssertionError as error:
                if "navigated" not in str(error) and "context" not in str(error):
                    raise

    async def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key, as a keyboard does."""
        event = {
            "key": key,
            "code": "Space" if key == " " else key,
            "windowsVirtualKeyCode": _CODES[key],
            "modifiers": _SHIFT * shift,
        }
        text = {"text": _TEXTS[key]} if key in _TEXTS else {}
        await self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **event, **text)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    async def type_key(self, key: str) -> None:
        """Press a key that has no text, or a letter, as `press` without an effect of its own."""
        code = _CODES.get(key, ord(key.upper()[0]))
        for kind in ("rawKeyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code)

    async def type(self, text: str) -> None:
        """Type into what has the focus."""
        await self.call("Input.insertText", text=text)

    async def look(self, width: int, height: int, *, dark: bool = False) -> None:
        """Another size of the window, and the user's colours."""
        await self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])

    async def picture(self) -> bytes:
        """The whole page as a PNG."""
        shot = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    async def _receive(self) -> Any:
        while b"\0" not in self._rest:
            chunk = await self._from.receive_some()
            assert chunk, "the browser ended"
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)


@contextlib.asynccontextmanager
async def tab(url: str) -> AsyncIterator[Tab]:
    """A browser of its own, at *url*; killed, children and all, when the block is left."""
    program = find_chromium()
    assert program is not None, INSTALL
    their_in, our_out = os.pipe()
    our_in, their_out = os.pipe()
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as home:
        # The descriptors must be 3 and 4, whatever ours are.
        shell = f'exec "$0" "$@" 3<&{their_in} 4>&{their_out}'
        command = ["bash", "-c", shell, program, *_FLAGS, "--remote-debugging-pipe", f"--user-data-dir={home}/profile"]
        process = await trio.lowlevel.open_process(
            [*command, "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(their_in, their_out),
            start_new_session=True,
            env={**os.environ, "HOME": home, "TMPDIR": home},
        )
        os.close(their_in)
        os.close(their_out)
        try:
            async with trio.lowlevel.FdStream(our_out) as to, trio.lowlevel.FdStream(our_in) as answers:
                driven = Tab(to, answers)
                await driven.open(url)
                yield driven
        finally:
            with trio.CancelScope(shield=True):
                # The group is its own session's: no other process is in it.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
