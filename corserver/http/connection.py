"""One connection, first byte to close.

Each request goes one way: the wire gives its head; the exchange is opened, with the one decision on it; what the server
does not answer itself the app answers, or an error does; the response is decorated by the same decision, framed and
sent; what is left of the request is dropped; the next one follows, or the connection closes.

Edges
-----
* A handler's exception of any kind becomes a 500 and a traceback in the log, here and nowhere else. After the head was
  sent nothing can be mended: the connection is cut, so that the client can tell.
* A peer that leaves, or takes nothing of its answer in time, is `PeerLeft`: it ends the connection, nothing else.
* Every wait for a peer has a deadline (`Limits`). Cancellation passes through everything and closes the socket.
"""

import contextlib
import logging
import time
from collections.abc import AsyncIterable, AsyncIterator

import trio

from corserver.http.body import Body
from corserver.http.exchange import Exchange, Service, open_exchange, refused_exchange
from corserver.http.framing import can_upgrade, final_headers
from corserver.http.gate import Head, RefusedHead, body_too_large
from corserver.http.log import Entry
from corserver.http.messages import Address, Headers, HTTPError, Request, Response, UpgradeHandler
from corserver.http.mistakes import close_all, http_error_in, without_mistakes
from corserver.http.transport import Pace, PeerLeft, Transport
from corserver.http.wire import Wire

logger = logging.getLogger("corserver")

#: How long a body that nobody read may take to arrive for the connection to be kept.
_DRAIN_SECONDS = 1.0


class Connection:
    """A connection on *stream*. `run` serves it; `stop` lets the answer under way be its last."""

    def __init__(self, stream: trio.abc.Stream, service: Service, client: Address = None) -> None:
        self._transport = Transport(stream, service.limits)
        self._service = service
        self._limits = service.limits
        self._client = client
        self._wire = Wire(service.limits)
        self._idle: trio.CancelScope | None = None
        self._served = 0
        self._pace = Pace(service.limits)
        self._body_error: HTTPError | None = None
        self._chunks: AsyncIterator[bytes] | None = None
        self._body_sent = 0

    async def run(self) -> None:
        """Serve request after request until one side is done."""
        try:
            while await self._exchange():
                self._served += 1
        except PeerLeft:
            pass
        except Exception:
            logger.exception("a connection failed by the server's own fault: it is closed, the others go on")
        except BaseExceptionGroup as group:
            raise without_mistakes(group, logger) from None
        finally:
            with trio.CancelScope(shield=True):  # It does not wait; unshielded, it would hide a KeyboardInterrupt.
                await self._transport.close()

    def stop(self) -> None:
        """Close at once if no request is under way, else after its answer, which says so."""
        self._wire.must_close = True
        if self._idle is not None:
            self._idle.cancel()

    async def _exchange(self) -> bool:
        try:
            head = await self._receive_head()
        except RefusedHead as refusal:
            self._wire.must_close = True
            exchange = refused_exchange(refusal, self._service)
        else:
            if head is None:
                return False
            exchange = open_exchange(head, self._service)
        self._pace, self._body_error, self._body_sent = Pace(self._limits), None, 0
        if self._limits.requests is not None and self._served + 1 >= self._limits.requests:
            self._wire.must_close = True
        response, failure = await self._answer(exchange)
        if failure:
            await self._transport.cut()
            return False
        if response.upgrade is not None:
            await self._hand_over(response.upgrade)
            return False
        return await self._make_ready()

    async def _answer(self, exchange: Exchange) -> tuple[Response, str]:
        """The response as it was sent, and why it was cut short, empty where it was not."""
        clock = time.time(), trio.current_time()
        response, failure = None, "the server stopped"
        try:
            response = exchange.answer or await self._ask_app(exchange)
            failure = await self._respond(exchange, response)
        except PeerLeft:
            failure = "the client left"
            raise
        finally:
            self._log(exchange, response, clock, failure)
        return response, failure

    async def _hand_over(self, upgrade: UpgradeHandler) -> None:
        try:
            await upgrade(self._transport.stream, self._wire.take_rest())
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise PeerLeft from error
        except Exception:
            logger.exception("an upgraded connection's handler raised")

    async def _receive_head(self) -> Head | None:
        """The next head, or None when there will be none. Raises `RefusedHead`."""
        wire, limits = self._wire, self._limits
        starts_now = self._served == 0 or not wire.is_silent
        patience = limits.head_seconds if starts_now else limits.idle_seconds
        with trio.CancelScope(deadline=trio.current_time() + patience) as scope:
            while (head := wire.next_head()) is None:
                if wire.at_eof or (wire.is_silent and wire.must_close):
                    return None
                self._idle = scope if wire.is_silent else None
                wire.receive(await self._transport.receive())
                if not starts_now:
                    starts_now, scope.deadline = True, trio.current_time() + limits.head_seconds
            self._idle = None
            return head
        if wire.is_silent:
            return None
        raise RefusedHead(408, f"the head did not arrive within {limits.head_seconds:g} seconds")

    async def _receive_body(self) -> bytes:
        """The next piece of the request's body, `b""` at its end. Raises `HTTPError` 413, 408 or 400."""
        if self._body_error is not None:
            raise self._body_error
        try:
            return await self._await_body()
        except HTTPError as error:
            # Where the body ends is not known any more, and what comes is not to be taken for a part of it.
            self._body_error, self._wire.must_close = error, True
            raise

    async def _await_body(self) -> bytes:
        wire, limits = self._wire, self._limits
        while (piece := wire.next_body()) is None:
            if wire.awaits_continue and wire.can_start():
                await self._transport.send(wire.go_on())
            data, start = b"", trio.current_time()
            with trio.move_on_after(self._pace.seconds) as scope:
                data = await self._transport.receive()
            if scope.cancelled_caught:
                raise HTTPError(408, "the request body arrives too slowly")
            self._pace.waited += trio.current_time() - start if self._pace.received else 0.0
            wire.receive(data)
        self._pace.received += len(piece)
        if limits.body is not None and self._pace.received > limits.body:
            raise body_too_large(limits.body)
        return piece

    async def _ask_app(self, exchange: Exchange) -> Response:
        try:
            response = await self._service.app(self._request(exchange))
            if not isinstance(response, Response):
                raise TypeError(f"an app returns a Response, not {type(response).__name__}")
            self._chunks = None if isinstance(response.body, bytes) else aiter(response.body)
            if response.upgrade is not None and not can_upgrade(exchange.head):
                raise TypeError("an upgrade answers a request that has Upgrade, in HTTP/1.1")
        except Exception as error:
            if self._transport.peer_left:
                raise PeerLeft from error
            if (expected := http_error_in(error)) is not None:
                return expected.response()
            logger.exception("%s %s: the handler raised", exchange.method.decode(), exchange.target.decode())
            return HTTPError(500).response()
        return response

    def _request(self, exchange: Exchange) -> Request:
        head = exchange.head
        assert head is not None, "only a request whose head was accepted reaches the app"
        return Request(
            method=head.method.decode("ascii"),
            target=head.target.decode("ascii"),
            path=exchange.path,
            headers=Headers(head.fields),
            scheme=self._service.scheme,
            authority=head.authority.decode("ascii"),
            http_version=f"1.{head.minor_version}",
            client=self._client,
            content=Body(self._receive_body, lambda: self._wire.trailers),
        )

    async def _respond(self, exchange: Exchange, response: Response) -> str:
        """Send *response*. Returns why it was cut short, empty where it was not."""
        wire = self._wire
        if not wire.body_is_read and not self._can_drain(exchange.head):
            wire.must_close = True
        self._tell(exchange, response)
        if response.upgrade is not None:
            return await self._switch(exchange, response)
        head = wire.start(response.status, final_headers(exchange, response, self._service.server_header))
        has_body = exchange.method != b"HEAD" and response.status not in (204, 304)
        if not isinstance(response.body, bytes):
            return await self._send_stream(head, response.body, has_body)
        self._body_sent = len(response.body) if has_body else 0
        body = wire.data(response.body) if self._body_sent else b""
        wire.finish()
        send = self._transport.send if wire.body_is_read or not wire.must_close else self._transport.send_while_dropping
        await send(head, body)
        return ""

    async def _switch(self, exchange: Exchange, response: Response) -> str:
        # RFC 9110 §7.8. A 1xx carries no CORS lines: what follows is not HTTP.
        asked = [value for name, value in exchange.head.fields if name == b"upgrade"] if exchange.head else []
        headers = (*response.headers, (b"Connection", b"Upgrade"), (b"Upgrade", b", ".join(asked)))
        await self._transport.send(self._wire.switch(headers))
        return ""

    async def _send_stream(self, head: bytes, body: AsyncIterable[bytes], has_body: bool) -> str:
        chunks = self._chunks
        try:
            await self._send_piece(head)
            if has_body and chunks is not None:
                async for chunk in chunks:
                    if chunk:
                        await self._send_piece(self._wire.data(chunk))
                        self._body_sent += len(chunk)
            await self._send_piece(self._wire.finish())
            return ""
        except Exception as error:
            if self._transport.peer_left:
                raise PeerLeft from error
            logger.exception("the body of a response raised after its head was sent: the connection is cut")
            return type(error).__name__
        finally:
            await close_all(logger, chunks, body)

    async def _send_piece(self, data: bytes) -> None:
        if self._wire.body_is_read or not self._wire.must_close:
            await self._transport.send(data)
        elif await self._transport.send_while_dropping(data, after=self._limits.linger_idle_seconds):
            self._body_error = HTTPError(400, "the rest of the request body was dropped, or neither side could go on")

    async def _make_ready(self) -> bool:
        wire = self._wire
        if not (wire.body_is_read or wire.must_close):
            with trio.move_on_after(_DRAIN_SECONDS), contextlib.suppress(HTTPError):
                while await self._receive_body():
                    pass
        if not wire.must_close and wire.recycle():
            return True
        await self._transport.linger()
        return False

    def _can_drain(self, head: Head | None) -> bool:
        # A body of unknown length, or one that the peer holds back, is not worth the wait.
        if head is None or head.content_length is None or self._wire.awaits_continue:
            return False
        return head.content_length - self._pace.received <= self._limits.drain

    def _tell(self, exchange: Exchange, response: Response) -> None:
        for name in exchange.decision.overridden(response.headers):
            if name.lower() not in self._service.told:
                self._service.told.add(name.lower())
                logger.warning("the app's own %s is replaced: the policy of this path owns it", name.decode())

    def _log(self, exchange: Exchange, response: Response | None, clock: tuple[float, float], failure: str) -> None:
        if self._service.access_log is None:
            return
        seconds = trio.current_time() - clock[1]
        self._service.access_log(
            Entry(
                time=clock[0],
                client=self._client,
                method=exchange.method,
                target=exchange.target,
                status=None if response is None else response.status,
                sent=self._body_sent,
                seconds=seconds,
                decision=exchange.decision,
                failure=failure,
                version=b"HTTP/1.%d" % (1 if exchange.head is None else exchange.head.minor_version),
            )
        )
