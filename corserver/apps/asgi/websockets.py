"""WebSockets for hosted apps: the `websocket` scope of ASGI 3, over a session as the router's handlers have one."""

import logging
from enum import Enum, unique
from typing import Final

import trio

from corserver.apps.asgi.loop import Loop
from corserver.apps.asgi.outgoing import Start, header_lines, piece_of, response_start
from corserver.apps.asgi.protocol import ASGIApp, ClientLeft, Message, Scope, mistake_in
from corserver.apps.causes import comes_of
from corserver.apps.websocket.closed import WebSocketClosed, check_close, shortened
from corserver.apps.websocket.handshake import read_handshake
from corserver.apps.websocket.options import WebSocketOptions
from corserver.apps.websocket.session import Session
from corserver.http.messages import HTTPError, PeerLeft, Request, Response

logger = logging.getLogger("corserver")

#: How long the body of a denial may be, which is held until it is whole.
_LONGEST_DENIAL: Final = 1024 * 1024


@unique
class _Phase(Enum):
    """What the app may send next."""

    HANDSHAKE = "websocket.accept, websocket.close or websocket.http.response.start was expected"
    DENIAL = "websocket.http.response.body was expected"
    MESSAGES = "websocket.send or websocket.close was expected"
    OVER = "it has closed the WebSocket, or refused it"


async def open_websocket(
    app: ASGIApp, loop: Loop, scope: Scope, request: Request, options: WebSocketOptions | None
) -> Response:
    """The answer to a request that asks for a WebSocket, of whose *scope* the base is made.

    *app* runs on *loop*. Raises `HTTPError` for a bad handshake, and what the app raises before it has answered.
    """
    handshake = read_handshake(request)
    session = Session(handshake, options or WebSocketOptions(), loop.event)
    scope["scheme"] = "wss" if request.scheme == "https" else "ws"
    scope["subprotocols"] = list(handshake.subprotocols)
    scope["extensions"] = {"websocket.http.response": {}}
    task = loop.start(request, Talk(request, session, loop).run, app, scope)
    loop.see_out(request, task)
    if request.peer is not None and request.peer.body_is_read():  # Otherwise what comes next is of the body.
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_deny_who_left, session, request)
            await session.decision.wait()
            nursery.cancel_scope.cancel()
    return await session.decided()


async def _deny_who_left(session: Session, request: Request) -> None:
    await request.client_left()
    session.deny(PeerLeft())


class Talk:
    """The app's side of one WebSocket."""

    __slots__ = ("_body", "_denial", "_has_connected", "_loop", "_phase", "_request", "_session")

    def __init__(self, request: Request, session: Session, loop: Loop) -> None:
        self._request = request
        self._session = session
        self._loop = loop
        self._phase = _Phase.HANDSHAKE
        self._has_connected = False
        self._denial = Start(403)
        self._body = bytearray()

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Call *app*. What it leaves open is closed."""
        session = self._session
        try:
            await app(scope, self._receive, self._send)
        except BaseException as raised:
            error = mistake_in(raised)
            if error is None:
                session.deny(RuntimeError("the app's task was cancelled before it had answered the handshake"))
                session.close(1011)
                raise
            if not session.is_decided:
                session.deny(error)
            elif not comes_of(error, ClientLeft):
                request = self._request
                logger.exception("%s %s: the app raised in its WebSocket", request.method, request.target)
            session.close(1011)
        else:
            session.deny(RuntimeError(f"the app returned without an answer to the handshake: {self._phase.value}"))
            session.close(1000)

    async def _receive(self) -> Message:
        if not self._has_connected:
            self._has_connected = True
            return {"type": "websocket.connect"}
        session = self._session
        try:
            await session.opened()
            message = await session.receive()
        except WebSocketClosed as closed:
            await self._loop.turn()  # An app that asks again and again lets others have theirs.
            return {"type": "websocket.disconnect", "code": closed.code, "reason": closed.reason}
        kind = "text" if isinstance(message, str) else "bytes"
        return {"type": "websocket.receive", kind: message}

    async def _send(self, message: Message) -> None:
        try:
            kind = message["type"]
            match self._phase:
                case _Phase.HANDSHAKE if kind == "websocket.accept":
                    await self._accept(message)
                case _Phase.HANDSHAKE if kind == "websocket.close":
                    self._phase = _Phase.OVER
                    self._session.deny(HTTPError(403).response())
                case _Phase.HANDSHAKE if kind == "websocket.http.response.start":
                    self._denial, self._phase = response_start(message), _Phase.DENIAL
                case _Phase.DENIAL if kind == "websocket.http.response.body":
                    await self._deny(message)
                case _Phase.MESSAGES if kind == "websocket.send":
                    await self._send_message(message)
                case _Phase.MESSAGES if kind == "websocket.close":
                    self._close(message)
                case _:
                    raise RuntimeError(f"the message {kind!r} does not fit into the WebSocket: {self._phase.value}")
        except Exception:
            await self._loop.turn()  # An app that tries again and again lets others have theirs.
            raise

    async def _accept(self, message: Message) -> None:
        try:
            await self._session.accept(message.get("subprotocol"), header_lines(message.get("headers") or ()))
        except WebSocketClosed as closed:
            raise ClientLeft(str(closed)) from closed
        self._phase = _Phase.MESSAGES

    async def _deny(self, message: Message) -> None:
        if self._session.is_decided:
            raise ClientLeft("the client has left")
        self._body += piece_of(message)
        if len(self._body) > _LONGEST_DENIAL:
            raise RuntimeError(f"the body of a WebSocket's denial is longer than {_LONGEST_DENIAL} bytes")
        if message.get("more_body", False):
            await self._loop.turn()  # An app that goes on and on lets others have theirs.
            return
        status, headers, closes, _ = self._denial
        self._phase = _Phase.OVER
        self._session.deny(Response(bytes(self._body), status, headers, closes=closes))

    async def _send_message(self, message: Message) -> None:
        try:
            await self._session.send(_data_of(message))
        except WebSocketClosed as closed:
            raise ClientLeft(str(closed)) from closed

    def _close(self, message: Message) -> None:
        code, reason = message.get("code", 1000), shortened(message.get("reason") or "")
        check_close(code, reason)
        self._phase = _Phase.OVER
        self._session.close(code, reason)


def _data_of(message: Message) -> str | bytes:
    data, text = message.get("bytes"), message.get("text")
    if data is None and isinstance(text, str):
        return text
    if text is None and isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    raise ValueError("websocket.send has either bytes, which are bytes, or a text, which is a str")
