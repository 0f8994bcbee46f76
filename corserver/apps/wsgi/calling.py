"""One call of an app, in its thread: `start_response`, `write`, the iterable that it returns, and its end."""

import logging
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Final
from wsgiref.types import WSGIApplication, WSGIEnvironment

from corserver.apps.causes import comes_of
from corserver.apps.wsgi.errors import Errors
from corserver.apps.wsgi.files import FileWrapper
from corserver.apps.wsgi.handover import BodyFailed, Gone, Handover
from corserver.apps.wsgi.heads import Head, read_head
from corserver.http.messages import Response

logger = logging.getLogger("corserver")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

_LATE: Final = "start_response was called already: a second call, to answer an error, has exc_info (PEP 3333)"


class Call:
    """A call of *app* for one request. `run` it in a thread; what comes of it goes to *handover*."""

    __slots__ = ("_app", "_environ", "_errors", "_handover", "_head", "_is_begun", "_is_done", "_left", "_method")

    def __init__(self, app: WSGIApplication, environ: WSGIEnvironment, errors: Errors, handover: Handover) -> None:
        self._app = app
        self._environ = environ
        #: As it was asked: the app may change its environ.
        self._method = environ["REQUEST_METHOD"]
        self._errors = errors
        self._handover = handover
        self._head: Head | None = None
        #: Whether the head is on its way, and whether all of the body that there may be is.
        self._is_begun = False
        self._is_done = False
        #: How many bytes of a body are still to come, None where its length was not said.
        self._left: int | None = None

    def run(self) -> None:
        """Call the app and hand over what it answers, then close that. Raises nothing."""
        if self._handover.is_over:  # It left while it was waiting in line.
            return
        result: Iterable[bytes] = ()
        try:
            result = self._app(self._environ, self._start_response)
            self._send(result)
        except BaseException as error:
            self._fail(error)
        finally:
            self._close(result)
            self._errors.flush()

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        try:
            if exc_info is not None and exc_info[1] is not None:
                if self._is_begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            elif self._head is not None:
                raise AssertionError(_LATE)
        finally:
            exc_info = None  # It refers to this frame.
        self._head = read_head(status, headers)
        return self._write

    def _write(self, piece: bytes) -> None:
        if self._is_done and piece and not self._is_bodiless:
            raise ValueError("the app writes more than its Content-Length says")
        self._put(piece)

    def _send(self, result: Iterable[bytes]) -> None:
        if not self._is_begun and isinstance(result, FileWrapper) and self._send_file(result):
            return
        if not self._is_begun and _is_whole(result):
            self._begin_whole(b"".join(result))
            return
        for piece in result:
            self._put(piece)
            if self._is_done:
                return
        if not self._is_begun:
            self._begin_whole(b"")
        elif not self._is_done:
            self._handover.end()

    def _put(self, piece: bytes) -> None:
        """A piece of the body. The first one that is not empty goes with the head."""
        if not isinstance(piece, bytes):
            raise TypeError(f"an app's body is bytes objects, not {type(piece).__name__}")
        if not piece or self._is_done:
            return
        head = self._head_now()
        if not self._is_begun and (self._is_bodiless or (head.length is not None and len(piece) >= head.length)):
            self._begin_whole(b"" if self._is_bodiless else self._within(piece, head.length))
            return
        if not self._is_begun:
            self._is_begun, self._left = True, head.length
            self._handover.answer(
                Response(self._handover, head.status, head.fields, closes=head.closes), is_whole=False
            )
        self._handover.put(piece := self._within(piece, self._left))
        if self._left is not None:
            self._left -= len(piece)
            if not self._left:
                self._is_done = True
                self._handover.end()

    def _begin_whole(self, body: bytes) -> None:
        """The whole answer, whose length is known now. Raises ValueError where another was said."""
        head = self._head_now()
        if head.length is not None and not self._is_bodiless:
            body = self._within(body, head.length)
            if len(body) < head.length:
                raise ValueError(f"the app's body has {len(body)} bytes; its Content-Length says {head.length}")
        elif self._is_bodiless and (head.length is not None or self._method != "HEAD"):
            body = b""
        response = Response(body, head.status, head.fields, closes=head.closes)
        self._is_begun = self._is_done = True
        self._handover.answer(response, is_whole=True)

    def _send_file(self, wrapper: FileWrapper) -> bool:
        """Whether the answer is a file that the kernel can send."""
        head = self._head_now()
        file = None if self._is_bodiless else wrapper.slice(head.length)
        if file is None:
            return False
        fields = head.fields if head.length is not None else (*head.fields, (b"Content-Length", b"%d" % file.length))
        self._is_begun = self._is_done = True
        try:
            self._handover.answer(Response(file, head.status, fields, closes=head.closes), is_whole=True)
        except Gone:
            file.close()
            raise
        return True

    def _within(self, piece: bytes, length: int | None) -> bytes:
        if length is None or len(piece) <= length:
            return piece
        # PEP 3333, "Handling the Content-Length Header": no more than that is sent.
        logger.warning("%s: its body is longer than its Content-Length: the rest is dropped", self._name)
        return piece[:length]

    def _head_now(self) -> Head:
        if self._head is None:
            raise RuntimeError("the app did not call start_response before its body began")
        return self._head

    @property
    def _is_bodiless(self) -> bool:
        return self._method == "HEAD" or (self._head is not None and self._head.status in (204, 304))

    @property
    def _name(self) -> str:
        return f"{self._method} {self._environ.get('REQUEST_URI', '')}"

    def _fail(self, error: BaseException) -> None:
        if not self._handover.end(error) and not comes_of(error, Gone, BodyFailed):
            logger.error("%s: the app raised after its answer", self._name, exc_info=error)

    def _close(self, result: Any) -> None:
        close = getattr(result, "close", None)
        if close is not None:
            try:
                close()
            except BaseException:
                logger.exception("%s: closing what the app returned raised", self._name)


def _is_whole(result: object) -> bool:
    """Whether all of the body is there, so that its length is known."""
    if isinstance(result, list | tuple):
        return True
    try:
        return len(result) == 1  # type: ignore[arg-type]
    except TypeError:
        return False
