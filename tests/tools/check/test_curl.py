"""The curl command sends the same request: run by a shell, against a server that says what it got."""

import shutil
import subprocess

import pytest
import trio

from corserver.cors.browser import parse_url
from corserver.tools.check.curl import curl
from corserver.tools.check.exchanges import Sending
from tests.tools.check.server import Answered, Asked, serving

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="apt-get install curl")


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS", b"PUT", b"pAtCh"])
@pytest.mark.parametrize("body", [None, b'it\'s "$HOME" @x'])
async def test_it_sends_what_the_browser_sends(method: bytes, body: bytes | None) -> None:
    if method == b"HEAD" and body is not None:
        return  # no script sends that
    seen: list[Asked] = []

    def answer(asked: Asked) -> Answered:
        seen.append(asked)
        return Answered(204, body=b"")

    headers = ((b"x-quote", b"it's `x`"), (b"X-Empty", b""), (b"Origin", b"null"))
    async with serving(answer) as url:
        parsed = parse_url(f"{url}/a'b?c=$d&e")
        assert parsed is not None
        sending = Sending(method, parsed, headers, body)
        await trio.run_process(curl(sending), shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    (asked,) = seen
    assert (asked.method, asked.path) == (method.decode(), parsed.path)
    assert [asked.get(name) for name in ("x-quote", "x-empty", "origin")] == ["it's `x`", "", "null"]
    assert asked.get("content-type") is None
    assert asked.get("content-length") == (None if body is None else str(len(body)))


def test_insecure_is_passed_on() -> None:
    url = parse_url("https://127.0.0.1/")
    assert url is not None
    assert curl(Sending(b"GET", url, ()), insecure=True) == "curl -i -k https://127.0.0.1/"
