"""A WebSocket as a handler sees it, and the app that gives it to one."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from corserver.apps.websocket.closed import ORDERLY, WebSocketClosed, check_close
from corserver.apps.websocket.handshake import read_handshake
from corserver.apps.websocket.options import WebSocketOptions
from corserver.apps.websocket.session import Session, State
from corserver.http.header_lines import HeadersLike
from corserver.http.json_text import to_json
from corserver.http.messages import HTTPError, Request, Response

logger = logging.getLogger("corserver")


class WebSocket:
    """A WebSocket that a client has asked for, by *request*. It is accepted by `accept`, or when it is first used.

    `async for message in ws` gives the messages until it is closed in order, by either side; every other use of a
    closed one raises `WebSocketClosed`. Several tasks may use it at once.

    >>> from corserver import App
    >>> from corserver.testing import running
    >>> app = App()
    >>> @app.websocket("/echo")
    ... async def echo(ws):
    ...     async for message in ws:
    ...         await ws.send(message)
    >>> from websockets.sync.client import connect
    >>> with running(app) as server, connect(server.url.replace("http", "ws") + "/echo", proxy=None) as client:
    ...     client.send("hello")
    ...     client.recv()
    'hello'
    """

    def __init__(self, request: Request, session: Session, subprotocols: tuple[str, ...]) -> None:
        self.request = request
        #: The subprotocols that the client offers, the most welcome first.
        self.subprotocols = subprotocols
        self._session = session

    async def accept(self, subprotocol: str | None = None, headers: HeadersLike = ()) -> None:
        """Accept it, with one of the offered *subprotocols*, and *headers* for the 101.

        Raises ValueError for what cannot be, RuntimeError for a second time, and `WebSocketClosed`.
        """
        await self._session.accept(subprotocol, headers)

    async def receive(self) -> str | bytes:
        """The next message: str if it is text. Raises `WebSocketClosed`."""
        await self._begin()
        return await self._session.receive()

    async def send(self, message: str | bytes | bytearray | memoryview) -> None:
        """Send text or bytes. It waits while the client is behind by too much. Raises `WebSocketClosed`."""
        if not isinstance(message, str | bytes | bytearray | memoryview):
            raise TypeError(f"a message is str or bytes, not {type(message).__name__}")
        await self._begin()
        await self._session.send(message if isinstance(message, str | bytes) else bytes(message))

    async def send_json(self, value: object) -> None:
        """Send *value* as compact JSON, in text. Raises TypeError or ValueError where it is not, and as `send`."""
        await self.send(to_json(value))

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it, and wait until the client has, or its time is over. Nothing if it is closed.

        Raises ValueError for a code or a reason that cannot be sent.
        """
        check_close(code, reason)
        await self._begin()
        self._session.close(code, reason)
        await self._session.wait_closed()

    @property
    def closed(self) -> WebSocketClosed | None:
        """How it was closed, None while it is not."""
        return self._session.end

    def __aiter__(self) -> "WebSocket":
        return self

    async def __anext__(self) -> str | bytes:
        try:
            return await self.receive()
        except WebSocketClosed as closed:
            if closed.code in ORDERLY:
                raise StopAsyncIteration from None
            raise

    async def _begin(self) -> None:
        if self._session.state is State.UNDECIDED:
            await self._session.accept()
        elif self._session.state is State.ACCEPTED:  # By another task.
            await self._session.opened()


#: What it returns is the answer, if it has not accepted the WebSocket: a response, or what can be made one.
WebSocketHandler = Callable[[WebSocket], Awaitable[Any]]


class WebSocketApp:
    """An app that gives each WebSocket to *handler*, in a task of its own.

    A handler that returns closes with 1000, one that raises with 1011; before it accepts, what it raises is the answer
    (`HTTPError`), or a 500, and what it returns is, or 403.
    """

    def __init__(self, handler: WebSocketHandler, options: WebSocketOptions) -> None:
        self._handler = handler
        self._options = options

    async def __call__(self, request: Request) -> Response:
        """Raises `HTTPError` for a request that is no handshake, and what the handler raises before it accepts."""
        handshake = read_handshake(request)
        session = Session(handshake, self._options)
        request.start_soon(self._run, WebSocket(request, session, handshake.subprotocols), session)
        return await session.decided()

    async def _run(self, websocket: WebSocket, session: Session) -> None:
        try:
            answer = await self._handler(websocket)
        except Exception as error:
            if not session.is_decided:
                session.deny(error)
            elif not is_closure(error):
                request = websocket.request
                logger.exception("%s %s: the WebSocket's handler raised", request.method, request.target)
            session.close(1011)
        except BaseException as error:  # It is cancelled, or that is a panic of Rust's (PyO3).
            session.deny(RuntimeError(f"{type(error).__name__} ended the WebSocket's handler before it had accepted"))
            session.close(1011)
            raise
        else:
            refusal = HTTPError(403, "the WebSocket was not accepted")
            session.deny(answer if isinstance(answer, Response) else refusal)
            session.close(1000)


def is_closure(error: Exception) -> bool:
    """Whether *error* is a `WebSocketClosed`, or a group of nothing else: a handler's nursery wraps what it raises."""
    if isinstance(error, ExceptionGroup):
        return error.split(WebSocketClosed)[1] is None
    return isinstance(error, WebSocketClosed)
