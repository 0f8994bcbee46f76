"""One exchange with the upstream: the request out, the head of its answer in, and its body, piece by piece.

Nothing is asked twice that is not safe to ask twice: only a request without a body, whose method changes nothing
(RFC 9110 §9.2.1), on a connection that was used before and ended without a byte of an answer.

An upstream that answers before it has the whole request is let to do so. Where its answer is an error, the rest of the
body is not sent to it; else the body is sent to its end first, as long as it takes it.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from typing import Final

import trio

from corserver.apps.proxy.hops import Line
from corserver.apps.proxy.links import Link, Links, UpstreamGone, UpstreamStalled
from corserver.apps.proxy.outgoing import has_body
from corserver.apps.proxy.waiting import ClientLeft, attentive
from corserver.http.messages import HTTPError, Request
from corserver.http.wire import AnswerHead, BadAnswer, NoAnswer

logger = logging.getLogger("corserver")

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_FAILURES: Final = (UpstreamGone, UpstreamStalled, BadAnswer)


class Exchange:
    """Asks for *target*, with the header lines *fields*, on one of *links*. *name* is the upstream's, for the log."""

    def __init__(
        self, links: Links, name: str, request: Request, target: bytes, fields: Sequence[Line], patience: float
    ) -> None:
        self.links = links
        self.request = request
        self.patience = patience
        self._name = name
        self._target = target
        self._fields = fields

    async def ask(self) -> tuple[Link, AnswerHead]:
        """Returns the connection on which the answer comes, and its head. Raises `HTTPError` 502 and 504."""
        try:
            link = await self.links.take()
            try:
                return link, await self._ask_on(link)
            except (UpstreamGone, NoAnswer):
                if not (link.was_used and self.request.method in _SAFE and not has_body(self.request)):
                    raise
            link = await self.links.connect()
            return link, await self._ask_on(link)
        except _FAILURES as error:
            raise self.failure(error) from error

    def failure(self, error: Exception) -> HTTPError:
        """The 502 or 504 to what went wrong with the upstream; the log has its name."""
        logger.warning("the upstream %s: %s", self._name, error)
        is_late = isinstance(error, UpstreamStalled)
        word = "did not answer in time" if is_late else "gave no answer that can be passed on"
        return HTTPError(504 if is_late else 502, f"the server behind this one {word}: {error}")

    async def _ask_on(self, link: Link) -> AnswerHead:
        try:
            head = link.asking.start(self.request.method, self._target, self._fields)
            if has_body(self.request):
                await link.send(head)
                return await self._send_body(link)
            await link.send(head + link.asking.finish())
            return await self._wait_for_head(link)
        except BaseException:
            await link.close()
            raise

    async def _wait_for_head(self, link: Link) -> AnswerHead:
        found: AnswerHead | None = None

        async def receive() -> None:
            nonlocal found
            found = await link.head()

        await attentive(receive, self.request, self.patience)
        assert found is not None, "it is there, or something was raised"
        return found

    async def _send_body(self, link: Link) -> AnswerHead:
        upload = _Upload(link, self.request)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(upload.run, nursery.cancel_scope)
            head = await upload.early_head()
            if upload.failure is not None or (head is not None and _needs_no_more(head)):
                nursery.cancel_scope.cancel()
        if upload.failure is not None:
            raise upload.failure
        return await self._wait_for_head(link) if head is None else head


def _needs_no_more(head: AnswerHead) -> bool:
    return head.status >= 400 or head.closes


class _Upload:
    """A request's body on its way to the upstream, whose answer may come before the end of it."""

    def __init__(self, link: Link, request: Request) -> None:
        self._link = link
        self._request = request
        self._waiting = trio.CancelScope()
        #: What went wrong, on either side.
        self.failure: Exception | None = None

    async def run(self, scope: trio.CancelScope) -> None:
        """Send it; where that fails, cancel *scope*, unless the upstream's answer may still say why."""
        link = self._link
        try:
            async for piece in self._request.stream():
                await link.send(link.asking.data(piece))
            await link.send(link.asking.finish())
            self._waiting.cancel()
        except UpstreamGone:
            pass
        except Exception as error:
            self.failure = error
            scope.cancel()

    async def early_head(self) -> AnswerHead | None:
        """The answer's head, if it comes before the end of the body."""
        try:
            with self._waiting:
                return await self._link.head()
        except Exception as error:
            self.failure = self.failure or error
        return None


class AnswerBody(AsyncIterator[bytes]):
    """The rest of an answer's body, beginning with the *pieces* that have arrived. It is read as it is asked for.

    Raises `HTTPError` where it is cut short: the server then cuts the client's connection, too.
    """

    def __init__(self, exchange: Exchange, link: Link, pieces: list[bytes], patience: float) -> None:
        self._exchange = exchange
        self._link: Link | None = link
        self._pieces = pieces[::-1]
        self._patience = patience

    async def __anext__(self) -> bytes:
        if self._pieces:
            return self._pieces.pop()
        link = self._link
        if link is None:
            raise StopAsyncIteration
        try:
            while (piece := link.asking.next_body()) is None:
                await attentive(link.receive, self._exchange.request, self._patience)
        except _FAILURES as error:
            raise self._exchange.failure(error) from error
        except ClientLeft:
            await self.aclose()
            raise
        if not piece:
            self._link = None
            await self._exchange.links.give_back(link)
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Close the connection to the upstream, where the body was not read to its end."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()
