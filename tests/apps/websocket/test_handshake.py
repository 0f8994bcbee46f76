"""The opening handshake: what is accepted, what is refused with which sentence, and whose page may open one."""

import pytest
import trio

from corserver import App, HTTPError, Policy, Response, WebSocket
from corserver.apps.websocket import WebSocketHandler
from corserver.apps.websocket.handshake import Handshake
from corserver.cors.decision import Reason
from corserver.cors.scopes import Scopes
from corserver.http.crew import Crew
from corserver.http.exchange import Service, run_call
from corserver.http.log import Entry, text
from tests.http.peer import Answer, ask, byte_by_byte

from .peer import ACCEPT, KEY, connected, echo, handshake, routed

LINES = {
    "Host": "localhost",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def asked(method: str = "GET", version: str = "1.1", /, **changes: str | None) -> bytes:
    """A handshake with lines changed or, for None, left out; names with `_` for `-`."""
    lines = {**LINES, **{name.replace("_", "-"): value for name, value in changes.items()}}
    head = [f"{method} / HTTP/{version}", *(f"{name}: {value}" for name, value in lines.items() if value is not None)]
    return "\r\n".join([*head, "", ""]).encode("latin-1")


async def accepted(data: bytes, app: App | None = None) -> bytes:
    """The head of the 101 that answers *data*."""
    async with connected(app or routed(echo)) as (client, _):
        for piece in byte_by_byte(data):
            await client.send(piece)
        return await client.read_head()


async def refused(data: bytes, app: object = None) -> Answer:
    service = Service(app=app or routed(echo))  # type: ignore[arg-type]
    return await ask(service, data, method=data.partition(b" ")[0].decode())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"Connection": "keep-alive, Upgrade"},
        {"Connection": "upgrade"},
        {"Upgrade": "WebSocket"},
        {"Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA=="},
        {"Sec_WebSocket_Extensions": "x-unknown; a=b"},
        {"Sec_WebSocket_Protocol": "chat, superchat"},
    ],
)
async def test_a_handshake_is_accepted(autojump_clock: object, changes: dict[str, str | None]) -> None:
    head = await accepted(asked(**changes))
    status, *lines = head.decode().split("\r\n")
    assert status == "HTTP/1.1 101 Switching Protocols"
    names = dict(line.split(": ") for line in lines)
    assert names["Connection"] == "Upgrade"
    assert names["Upgrade"].lower() == "websocket"
    assert names.keys() == {"Connection", "Upgrade", "Sec-WebSocket-Accept"}
    if "Sec_WebSocket_Key" not in changes:
        assert names["Sec-WebSocket-Accept"] == ACCEPT


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"Upgrade": None}, 400, "here is a WebSocket"),
        ({"Upgrade": None, "Connection": None}, 400, "here is a WebSocket"),
        ({"Upgrade": "h2c"}, 400, "here is a WebSocket"),
        ({"Upgrade": "websocket, h2c"}, 400, "here is a WebSocket"),
        ({"Connection": "keep-alive"}, 400, "here is a WebSocket"),
        ({"Sec_WebSocket_Version": None}, 400, "Sec-WebSocket-Version is to be 13, and is missing"),
        ({"Sec_WebSocket_Version": "8"}, 400, "Sec-WebSocket-Version is to be 13, and is '8'"),
        ({"Sec_WebSocket_Version": "13, 8"}, 400, "is '13, 8'"),
        ({"Sec_WebSocket_Version": "013"}, 400, "is '013'"),
        ({"Sec_WebSocket_Key": None}, 400, "Sec-WebSocket-Key is to be one line of 16 bytes in base64"),
        ({"Sec_WebSocket_Key": "AAAA"}, 400, "and is 'AAAA'"),
        ({"Sec_WebSocket_Key": "A" * 24}, 400, "16 bytes"),
        ({"Sec_WebSocket_Key": "!" * 22 + "=="}, 400, "base64"),
        ({"Sec_WebSocket_Key": "\xe9" * 22 + "=="}, 400, "base64"),
        ({"Sec_WebSocket_Key": f"{KEY}\r\nSec-WebSocket-Key: {KEY}"}, 400, "one line"),
        ({"Sec_WebSocket_Protocol": "a b"}, 400, "a list of tokens, and is 'a b'"),
        ({"Sec_WebSocket_Protocol": "a,,b"}, 400, "a list of tokens"),
    ],
)
async def test_a_bad_handshake_is_told_what_is_wrong(
    autojump_clock: object, changes: dict[str, str | None], status: int, words: str
) -> None:
    answer = await refused(asked(**changes))
    assert (answer.status, words in answer.body.decode()) == (status, True), answer.body
    if "version" in words.lower():
        assert answer.get(b"sec-websocket-version") == [b"13"]


@pytest.mark.parametrize(
    ("method", "version", "status"), [("POST", "1.1", 405), ("HEAD", "1.1", 400), ("GET", "1.0", 400)]
)
async def test_it_is_a_get_in_http_1_1(autojump_clock: object, method: str, version: str, status: int) -> None:
    assert (await refused(asked(method, version))).status == status


# ------------------------------------------------------------------------------------------------- the handler's part


async def test_the_handler_chooses_a_subprotocol_and_adds_header_lines(autojump_clock: object) -> None:
    async def handler(ws: WebSocket) -> None:
        assert ws.subprotocols == ("chat", "superchat")
        await ws.accept(subprotocol=ws.subprotocols[1], headers={"Set-Cookie": "a=b"})

    head = await accepted(asked(Sec_WebSocket_Protocol="chat, superchat"), routed(handler))
    assert b"\r\nSec-WebSocket-Protocol: superchat\r\n" in head
    assert b"\r\nSet-Cookie: a=b\r\n" in head


def test_a_subprotocol_where_none_was_offered_is_a_mistake() -> None:
    async def upgrade(stream: object, rest: bytes) -> None:
        raise AssertionError

    with pytest.raises(ValueError, match=r"the subprotocol 'chat' was not offered; offered: none$"):
        Handshake("key", (), "").response("chat", {}, None, upgrade)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"subprotocol": "other"}, "the subprotocol 'other' was not offered; offered: chat"),
        ({"headers": {"Sec-WebSocket-Accept": "x"}}, "Sec-WebSocket-Accept is of the handshake"),
        ({"headers": {"Connection": "x"}}, "is about the connection"),
    ],
)
async def test_what_the_handler_cannot_accept_with_is_its_mistake(
    autojump_clock: object, caplog: pytest.LogCaptureFixture, options: dict[str, object], words: str
) -> None:
    async def handler(ws: WebSocket) -> None:
        await ws.accept(**options)  # type: ignore[arg-type]

    service = Service(app=routed(handler))
    answer = await _served(service, asked(Sec_WebSocket_Protocol="chat"))
    assert answer.status == 500
    assert words in caplog.text


async def _forbid(ws: WebSocket) -> None:
    raise HTTPError(403, "not you", {"X-Why": "because"})


async def _answer(ws: WebSocket) -> Response:
    return Response("later", 503)


async def _leave(ws: WebSocket) -> None:
    pass


async def _break(ws: WebSocket) -> None:
    raise RuntimeError("a mistake")


@pytest.mark.parametrize(
    ("handler", "status", "body"),
    [
        (_forbid, 403, b"403 Forbidden\n\nnot you\n"),
        (_answer, 503, b"later"),
        (_leave, 403, b"403 Forbidden\n\nthe WebSocket was not accepted\n"),
        (_break, 500, b"500 Internal Server Error\n"),
    ],
)
async def test_a_handler_may_refuse_and_the_connection_goes_on(
    autojump_clock: object, handler: WebSocketHandler, status: int, body: bytes
) -> None:
    async with connected(routed(handler)) as (client, _):
        for _ in range(2):
            await client.send(handshake())
            head = await client.read_head()
            assert head.startswith(b"HTTP/1.1 %d " % status)
            assert await client.read(len(body)) == body


# -------------------------------------------------------------------------------------------------- whose page it is

GOOD, BAD = "https://app.example", "https://evil.example"
POLICY = Policy([GOOD], credentials=True)


async def _served(service: Service, data: bytes) -> Answer:
    async with trio.open_nursery() as nursery:
        service.crew = Crew(nursery, run_call)
        answer = await ask(service, data)
        nursery.cancel_scope.cancel()
    return answer


@pytest.mark.parametrize(
    ("origin", "status", "reason"),
    [
        (GOOD, 101, Reason.ALLOWED_EXACT),
        (BAD, 403, Reason.ORIGIN_NOT_ALLOWED),
        ("null", 403, Reason.ORIGIN_NULL),
        ("http://localhost", 101, Reason.SAME_ORIGIN),
        ("https://localhost", 101, Reason.SAME_ORIGIN),
        (None, 101, Reason.NOT_CORS),
    ],
)
async def test_where_a_policy_governs_only_pages_of_its_origins_get_in(
    autojump_clock: object, origin: str | None, status: int, reason: Reason
) -> None:
    ran: list[str] = []
    entries: list[Entry] = []

    async def handler(ws: WebSocket) -> None:
        ran.append(ws.request.target)
        await echo(ws)

    app = App(cors=POLICY)
    app.websocket("/")(handler)
    async with connected(app, scopes=app.cors, access_log=entries.append) as (client, _):
        await client.send(asked(Origin=origin))
        head = await client.read_head()
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert ran == (["/"] if status == 101 else [])
    assert b"Access-Control-" not in head
    assert entries[0].decision.reason is reason
    assert (f"websocket denied {origin}" in text(entries[0])) == (status == 403)


async def test_the_check_is_for_whatever_upgrades_and_can_explain_itself(autojump_clock: object) -> None:
    async def app(request: object) -> Response:
        raise AssertionError("the server refuses before it asks the app")

    service = Service(app=app, scopes=Scopes(default=POLICY), explain_denials=True)
    answer = await ask(service, asked(Origin=BAD))
    assert answer.status == 403
    assert b"origin not in the policy; allowed: https://app.example" in answer.body
    assert b"See https://fetch.spec.whatwg.org/#websocket-protocol" in answer.body
    assert (answer.cors, answer.vary) == ({}, [b"Origin"])


async def test_without_a_policy_or_with_the_check_switched_off_every_page_gets_in(autojump_clock: object) -> None:
    for policy in (None, Policy([GOOD], dangerously_allow_any_websocket_origin=True), Policy(["*"])):
        app = App(cors=policy)
        app.websocket("/")(echo)
        async with connected(app, scopes=app.cors) as (client, _):
            await client.send(asked(Origin=BAD))
            assert (await client.read_head()).startswith(b"HTTP/1.1 101 ")


async def test_a_route_has_a_policy_of_its_own(autojump_clock: object) -> None:
    app = App(cors=POLICY)
    app.websocket("/", cors=Policy([BAD]))(echo)
    async with connected(app, scopes=app.cors) as (client, _):
        await client.send(asked(Origin=BAD))
        assert (await client.read_head()).startswith(b"HTTP/1.1 101 ")


def test_a_handler_is_async() -> None:
    with pytest.raises(TypeError, match="a handler is async: write `async def handler`"):

        @App().websocket("/")  # type: ignore[arg-type]
        def handler(ws: WebSocket) -> None:
            """It cannot wait."""
