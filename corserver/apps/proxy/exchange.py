"""One exchange with the upstream: the request out, the head of its answer in, and its body, piece by piece.

Nothing is asked twice that is not safe to ask twice: only a request without a body, whose method changes nothing
(RFC 9110 §9.2.1), on a connection that was used before and ended without a byte of an answer.

Interim answers are passed on (RFC 9110 §15.2). A 100 (Continue) that the client expects comes when its body is read.
"""

import logging
from collections.abc import Sequence
from typing import Final

from corserver.apps.proxy.hops import Line, end_to_end
from corserver.apps.proxy.links import Link, Links, UpstreamGone, UpstreamStalled
from corserver.apps.proxy.outgoing import has_body
from corserver.apps.proxy.upload import Upload
from corserver.apps.proxy.waiting import attentive
from corserver.http.messages import BodyWithTrailers, HTTPError, PeerLeft, Request
from corserver.http.wire import AnswerHead, BadAnswer, NoAnswer

logger = logging.getLogger("corserver")

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_FAILURES: Final = (UpstreamGone, UpstreamStalled, BadAnswer)
_CONTINUE: Final = 100
_SWITCHING: Final = 101


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
        #: The request's body, if there is one.
        self._upload: Upload | None = None

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

    @property
    def is_asked(self) -> bool:
        """Whether nothing more of the request goes up."""
        return self._upload is None or self._upload.is_over

    async def finish(self, link: Link) -> None:
        """The answer is read: once the request is sent, too, keep *link* for the next one, if it can be."""
        if self._upload is not None:
            await self._upload.wait_over()
        await self.links.give_back(link)

    async def abandon(self, link: Link) -> None:
        """Nothing more is sent or received on *link*."""
        if self._upload is not None:
            self._upload.cancel()
        await link.close()

    async def wait(self, link: Link, patience: float) -> None:
        """Wait for more of the answer. Raises `UpstreamGone`, `UpstreamStalled` after *patience* seconds, `PeerLeft`.

        While the body goes up, silence is none of the upstream's; and its sender is watched by who reads it.
        """
        upload = self._upload
        failure = None if upload is None else upload.failure
        # An upstream that has answered needs not take the rest.
        if failure is not None and not (link.asking.has_answer and isinstance(failure, UpstreamStalled)):
            raise failure
        if upload is None or upload.is_over:
            await attentive(link.receive, self.request, patience)
        else:
            await upload.beside(link.receive)

    async def _ask_on(self, link: Link) -> AnswerHead:
        try:
            head = link.asking.start(self.request.method, self._target, self._fields)
            if has_body(self.request):
                expects = any(name == b"expect" for name, _ in self._fields)
                self._upload = Upload(link, self.request, expects)
                await self._upload.begin(head)
            else:
                await link.send(head + link.asking.finish())
            return await self._final_head(link)
        except BaseException:
            await self.abandon(link)
            raise

    async def _final_head(self, link: Link) -> AnswerHead:
        while True:
            while (head := link.asking.next_head()) is None:
                await self.wait(link, self.patience)
            if head.status >= 200 or head.status == _SWITCHING:
                break
            if head.status == _CONTINUE and self._upload is not None and self._upload.is_held_back:
                self._upload.go_on()
            else:
                await self._pass_on(head)
        upload = self._upload
        if upload is not None and not upload.is_over and (head.status >= 400 or upload.is_held_back):
            upload.cancel()
            await upload.wait_over()
        return head

    async def _pass_on(self, head: AnswerHead) -> None:
        # RFC 9110 §8.6: no 1xx has a Content-Length.
        fields = [line for line in end_to_end(head.fields) if line[0] != b"content-length"]
        try:
            await self.request.inform(head.status, fields)
        except ValueError as error:
            raise BadAnswer(str(error)) from error


class AnswerBody(BodyWithTrailers):
    """The rest of an answer's body, beginning with the *pieces* that have arrived. It is read as it is asked for.

    *takes_trailers* is whether the client does. Raises `HTTPError` where it is cut short: the server then cuts the
    client's connection, too.
    """

    def __init__(
        self, exchange: Exchange, link: Link, pieces: list[bytes], patience: float, *, takes_trailers: bool
    ) -> None:
        self._exchange = exchange
        self._link: Link | None = link
        self._pieces = pieces[::-1]
        self._patience = patience
        self._takes_trailers = takes_trailers
        self.trailers = ()

    async def __anext__(self) -> bytes:
        if self._pieces:
            return self._pieces.pop()
        link = self._link
        if link is None:
            raise StopAsyncIteration
        try:
            while (piece := link.asking.next_body()) is None:
                await self._exchange.wait(link, self._patience)
        except _FAILURES as error:
            raise self._exchange.failure(error) from error
        except PeerLeft:
            await self.aclose()
            raise
        if not piece:
            if self._takes_trailers:
                self.trailers = link.asking.trailers
            await self._exchange.finish(link)
            self._link = None
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Close the connection to the upstream, where the body was not read to its end."""
        link, self._link = self._link, None
        if link is not None:
            await self._exchange.abandon(link)
