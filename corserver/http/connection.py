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

import functools
import logging
import time
from collections.abc import AsyncIterable, AsyncIterator
from typing import Final

import trio

from corserver.http.body import BodyWithTrailers, PeerLeft
from corserver.http.exchange import Exchange, Service
from corserver.http.fileslice import FileSlice
from corserver.http.finished import Clock, entry_for, what_failed
from corserver.http.framing import Framing, can_upgrade, carries_body, framing_of
from corserver.http.messages import Address, HTTPError, Response, UpgradeHandler
from corserver.http.mistakes import as_exception, close_all, http_error_in, without_mistakes
from corserver.http.opening import Opener
from corserver.http.reader import Reader
from corserver.http.transport import Ended, Transport
from corserver.http.upgraded import run_upgraded, stop, switching
from corserver.http.wire import Wire

logger = logging.getLogger("corserver")

#: Why an answer is cut short, where it is nobody's mistake.
_LEFT: Final = "the client left"
_STOPPED: Final = "the server stopped"


class Connection:
    """A connection on *transport*, or on a stream. `run` serves it; `stop` lets the answer under way be its last."""

    __slots__ = (
        "_announced",
        "_body_sent",
        "_chunks",
        "_head_sent",
        "_is_alone",
        "_is_stopped",
        "_limits",
        "_opener",
        "_reader",
        "_service",
        "_transport",
        "_upgrade",
        "_wire",
        "client",
    )

    def __init__(self, transport: Transport | trio.abc.Stream, service: Service, client: Address = None) -> None:
        self._limits = service.limits
        self._transport = transport if isinstance(transport, Transport) else Transport(transport, service.limits)
        self._service = service
        self.client = client
        self._wire = Wire(service.limits, service.sections, service.lines)
        self._reader = Reader(self._transport, self._wire, service.limits)
        self._opener = Opener(self._reader, self._wire, service, client)
        self._chunks: AsyncIterator[bytes] | None = None
        self._head_sent, self._body_sent = b"", 0
        self._announced: int | None = None  # The app's own Content-Length, of a streamed body.
        self._is_alone = False  # Nothing but the answer is under way, and the next request can follow.
        #: What has taken the connection over.
        self._upgrade: UpgradeHandler | None = None
        self._is_stopped = False

    async def run(self) -> None:
        """Serve request after request until one side is done, or the next is waited for elsewhere: then call again."""
        try:
            while (exchange := self._opener.at_hand() or await self._opener.next()) is not None:
                clock = None if self._service.access_log is None else self._start_clock()
                response: Response | None = None
                failure: str | None = _STOPPED
                try:
                    response = await self._response_to(exchange)
                    is_posted = self._post(exchange, response)
                    failure = "" if is_posted else await self._send(exchange, response, clock)
                except PeerLeft:
                    failure = _LEFT
                    raise
                finally:
                    if clock is not None and failure is not None:
                        self._log(exchange, response, clock, failure)
                if is_posted or failure is None or not await self._goes_on(response, failure):
                    break
                del exchange, response  # Not to be kept while the next is waited for.
        except PeerLeft:
            pass
        except Exception:
            logger.exception("a connection failed by the server's own fault: it is closed, the others go on")
        except BaseException as error:
            if (rest := without_mistakes(error, logger)) is not None:
                raise rest from None
        finally:
            if not self._transport.is_at_rest():
                with trio.CancelScope(shield=True):  # It does not wait; unshielded, it would hide a KeyboardInterrupt.
                    await (self._transport.cut() if self._wire.is_answering() else self._transport.close())

    def stop(self) -> None:
        """Close at once if no request is under way, else after its answer, which says so."""
        self._is_stopped = self._wire.must_close = True
        self._transport.stop_idling()
        if self._upgrade is not None:
            stop(self._upgrade)

    async def _goes_on(self, response: Response, failure: str) -> bool:
        """Whether another request is to be waited for here, after one whose *response* was sent, or cut short."""
        if failure:
            await self._transport.cut()
            return False
        if response.upgrade is not None:
            await self._hand_over(response.upgrade)
            return False
        return await self._make_ready()

    async def _hand_over(self, upgrade: UpgradeHandler) -> None:
        self._upgrade = upgrade
        if self._is_stopped:
            stop(upgrade)
        try:
            await run_upgraded(upgrade, self._transport, self._wire.take_rest())
        finally:
            self._upgrade = None

    async def _response_to(self, exchange: Exchange) -> Response:
        if exchange.answer is not None:
            return exchange.answer
        if self._limits.concurrency is not None and (crowded := self._service.refusal()) is not None:
            return crowded
        try:
            app = self._service.app
            response = await app(self._opener.request(exchange))
            if not isinstance(response, Response):
                raise TypeError(f"an app returns a Response, not {type(response).__name__}")
            self._chunks = None if isinstance(response.body, (bytes, FileSlice)) else aiter(response.body)
            if response.upgrade is not None and not can_upgrade(exchange.head):
                raise TypeError("an upgrade answers a request that has Upgrade, in HTTP/1.1")
        except BaseException as raised:
            error = as_exception(raised)
            if self._transport.peer_left or isinstance(error, PeerLeft):
                raise PeerLeft from error
            if (expected := http_error_in(error)) is not None:
                return expected.response()
            logger.exception("%s %s: the handler raised", exchange.method.decode(), exchange.target.decode())
            return HTTPError(500).response()
        return response

    def _post(self, exchange: Exchange, response: Response) -> bool:
        """Make the head of *response*. If it goes out whole, and nothing else is under way, it is posted: True."""
        wire, body, service, most = self._wire, response.body, self._service, self._limits.requests
        ends = response.closes or service.is_retiring or service.is_draining
        ends = ends or (most is not None and self._transport.served + 1 >= most)
        is_alone = self._is_alone = not ends and wire.is_idle_when_answered()
        if ends or not (is_alone or wire.body_is_read or self._reader.can_drain(exchange.head)):
            wire.must_close = True
        if response.upgrade is not None:
            return False
        template = service.heads.template_of(
            response,
            exchange.decision.decoration,
            exchange.method,
            not is_alone and wire.is_last,
            1 if exchange.head is None else exchange.head.minor_version,
        )
        if not isinstance(body, bytes):
            self._head_sent, self._announced = template.filled(0), template.announced
            return False
        head = self._head_sent = template.filled(len(body))
        if not template.has_length or exchange.method == b"HEAD":  # RFC 9112 §6.3, as `carries_body`.
            body = b""
        self._body_sent = len(body)
        return is_alone and self._transport.post(head, body)

    async def _send(self, exchange: Exchange, response: Response, clock: Clock | None) -> str | None:
        """Send *response*. Why it was cut short, empty where it was not; None if somebody else sends the rest."""
        body = response.body
        if response.upgrade is not None:
            return await self._switch(exchange, response)
        has_body = carries_body(exchange, response)
        if isinstance(body, FileSlice) and has_body and body.length == self._announced and not self._drops_input():
            ended = functools.partial(self._file_ended, exchange, response, body, clock)
            return await self._send_file(body, ended if self._is_alone and not self._reader.is_watched else None)
        if not isinstance(body, bytes):
            return await self._send_stream(body, framing_of(exchange, response, self._announced))
        if not has_body:
            body = b""
        self._wire.answered()
        if self._drops_input():
            await self._transport.send_while_dropping(self._head_sent, body)
        else:
            await self._transport.send(self._head_sent, body)
        return ""

    async def _switch(self, exchange: Exchange, response: Response) -> str:
        try:
            self._head_sent = switching(exchange.head, response)
            await self._transport.send(self._head_sent)
        except BaseException:
            await close_all(logger, response.upgrade)
            raise
        return ""

    async def _send_file(self, file: FileSlice, ended: Ended | None) -> str | None:
        is_sent = True
        try:
            is_sent = await self._transport.send_file(self._head_sent, file, self._count, ended)
        except Exception as error:
            return self._failure(error)
        finally:
            if is_sent:
                file.close()
        self._wire.answered()
        return "" if is_sent else None

    def _file_ended(
        self, exchange: Exchange, response: Response, file: FileSlice, clock: Clock | None, error: BaseException | None
    ) -> None:
        """The rest of a file was sent, or *error* kept it from being."""
        file.close()
        try:
            failure = "" if error is None else self._failure(error) if isinstance(error, Exception) else _STOPPED
        except PeerLeft:
            failure = _LEFT
        try:
            self._log(exchange, response, clock, failure)
        except Exception:
            logger.exception("an exchange could not be logged")

    async def _send_stream(self, body: AsyncIterable[bytes], framing: Framing) -> str:
        chunks, self._chunks = self._chunks, None
        self._wire.start(framing.length, chunked=framing.chunked)
        try:
            await self._send_piece(self._head_sent)
            if framing.has_body:
                async for chunk in aiter(body) if chunks is None else chunks:
                    if chunk:
                        await self._send_piece(self._wire.data(chunk))
                        self._count(len(chunk))
                    await trio.lowlevel.checkpoint()  # A body that never waits lets others have their turn.
            trailers = body.trailers if isinstance(body, BodyWithTrailers) else ()
            await self._send_piece(self._wire.finish(trailers))
            return ""
        except BaseException as error:
            return self._failure(as_exception(error))
        finally:
            await close_all(logger, chunks, body)

    def _failure(self, error: Exception) -> str:
        """Why a body was cut short by *error*. Raises `PeerLeft` where that is the reason."""
        if self._transport.peer_left or isinstance(error, PeerLeft):
            raise PeerLeft from error
        return what_failed(error)

    def _count(self, sent: int) -> None:
        self._body_sent += sent

    def _drops_input(self) -> bool:
        # The peer still sends a body that nobody will read, and may not read itself before it is through.
        return self._wire.must_close and not (self._wire.body_is_read or self._reader.reads_beside)

    async def _send_piece(self, data: bytes) -> None:
        if not self._drops_input():
            await self._transport.send(data)
        elif await self._transport.send_while_dropping(data, after=self._limits.linger_idle_seconds):
            self._reader.give_up("the rest of the request body was dropped, or neither side could go on")

    async def _make_ready(self) -> bool:
        """Whether the next request can be waited for here."""
        wire, transport = self._wire, self._transport
        if not (wire.body_is_read or wire.must_close):
            await self._reader.drain()
        if not wire.can_go_on:
            await transport.linger()
            return False
        transport.served += 1
        transport.since = trio.current_time()
        if wire.is_silent:
            return not transport.rest()
        await trio.lowlevel.checkpoint()  # Who pipelines lets others have their turn.
        return True

    def _start_clock(self) -> Clock:
        self._head_sent, self._body_sent = b"", 0
        return time.time(), trio.current_time()

    def _log(self, exchange: Exchange, response: Response | None, clock: Clock | None, failure: str) -> None:
        if (log := self._service.access_log) is not None and clock is not None and exchange.is_logged:
            log(entry_for(exchange, response, self.client, clock, failure, self._head_sent, self._body_sent))
