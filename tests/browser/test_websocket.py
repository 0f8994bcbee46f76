"""Who may open a WebSocket to site B, as a browser tries it: CORS does not ask, so that the server has to."""

from typing import Any

import pytest

from corserver import App, Policy, WebSocket
from tests.browser.chromium import needs_chromium
from tests.browser.conftest import StartSite
from tests.browser.sites import Page

pytestmark = needs_chromium

#: Opens one, sends what it is told to, and returns what came, and how it ended.
_TALK = """
return await new Promise((done) => {
  const ws = new WebSocket(url, ["chat"]), got = [];
  ws.binaryType = "arraybuffer";
  ws.onopen = () => {
    got.push("open " + ws.protocol + " " + ws.extensions);
    ws.send("text");
    ws.send(new Uint8Array([1, 255]));
  };
  ws.onmessage = ({data}) => {
    got.push(typeof data === "string" ? data.slice(0, 20) + data.length : [...new Uint8Array(data)]);
    if (got.length === 4) ws.close(4001, "enough");
  };
  ws.onclose = ({code, reason, wasClean}) => done({got, code, reason, wasClean});
});
"""


def echoing(policy: Policy | None) -> App:
    app = App(cors=policy)

    @app.websocket("/echo")
    async def echo(ws: WebSocket) -> None:
        await ws.accept(subprotocol=ws.subprotocols[0])
        async for message in ws:
            await ws.send(message)
            if isinstance(message, bytes):
                await ws.send("ä" * 1000)

    return app


#: How a browser tells a script of a WebSocket that was refused: never why.
REFUSED = {"got": [], "code": 1006, "reason": "", "wasClean": False}


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_page_opens_a_websocket_where_the_policy_allows_its_origin(
    page: Page, start_site: StartSite, allowed: bool
) -> None:
    """From an allowed origin messages go both ways, compressed; from another the handshake gets 403."""
    b = await start_site(echoing(Policy([page.origin if allowed else "https://other.example"])))
    outcome: Any = await page.run(_TALK, url=b.url.replace("http", "ws") + "/echo")
    if allowed:
        opened = "open chat permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"
        assert outcome == {
            "got": [opened, "text4", [1, 255], "ä" * 20 + "1000"],
            "code": 4001,
            "reason": "enough",
            "wasClean": True,
        }
    else:
        assert outcome == REFUSED
        assert b.requests == []
