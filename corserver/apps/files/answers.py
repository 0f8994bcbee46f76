"""Answers that are not a file: listings, redirects, errors. Each in the form that the client reads best."""

from collections.abc import Callable, Generator, Iterable, Iterator
from hashlib import sha256
from typing import Final

import trio

from corserver.apps.files.conditions import Precondition, evaluate
from corserver.apps.files.entries import Entry
from corserver.apps.files.listing import Order, as_html, as_json, as_text
from corserver.apps.files.negotiation import preferred_type
from corserver.apps.files.pages import CONTENT_SECURITY_POLICY, error_page
from corserver.apps.files.representations import NOSNIFF, Line
from corserver.apps.files.validators import EntityTag, Validators
from corserver.cors.scopes import Path
from corserver.http.messages import HTTPError, Request, Response, reason_phrase

Finish = Callable[[tuple[Line, ...]], tuple[Line, ...]]

#: Redirects, listings and pages of errors are of this moment; a browser would keep a 301 for good.
NO_CACHE: Final = (b"Cache-Control", b"no-cache")
_BY_ACCEPT: Final = (b"Vary", b"Accept")
_CSP: Final = (b"Content-Security-Policy", CONTENT_SECURITY_POLICY.encode("ascii"))
HTML: Final = (b"Content-Type", b"text/html; charset=utf-8")

#: A listing has no date: what is in it may have changed before the directory did.
_OF_TAGS: Final = ("if-match", "if-none-match")
_LISTINGS: Final = ("text/html", "application/json", "text/plain")
#: A script or a terminal that takes anything gets text; a browser that is about to show a page names HTML.
_ERRORS: Final = ("text/plain", "text/html")
#: The pieces of a listing are gathered to this many characters, and a listing of no more than that is sent at once.
_PIECE: Final = 32 * 1024
_DETAILS: Final = {404: "There is nothing at this address."}


class PageError(HTTPError):
    """An `HTTPError` whose response is a page of its own."""

    def __init__(self, error: HTTPError, page: Response) -> None:
        super().__init__(error.status, error.detail, error.headers)
        self._page = page

    def response(self) -> Response:
        """The page."""
        return self._page


def listing(request: Request, path: Path, entries: Iterable[Entry], finish: Finish) -> Response:
    """The listing of the directory at *path*, as HTML, JSON or text (RFC 9110 §12.5.1).

    One that is sent at once has an entity tag: who has it already gets a 304. Raises `HTTPError` 412.
    """
    match preferred_type(request.headers.get("accept", ""), _LISTINGS):
        case "application/json":
            kind, pieces = b"application/json", as_json(request.mount, path, entries)
        case "text/plain":
            kind, pieces = b"text/plain; charset=utf-8", as_text(request.mount, path, entries)
        case _:
            kind, order = b"text/html; charset=utf-8", Order.of(request.query_string)
            pieces = as_html(request.mount, path, entries, order)
    gathered = _gathered(pieces)
    lines = ((b"Content-Type", kind), NO_CACHE, NOSNIFF, _BY_ACCEPT, _CSP)
    first, second = next(gathered, b""), next(gathered, None)
    if second is not None:
        return Response(_Streamed([first, second], gathered), headers=finish(lines))
    tag = EntityTag(sha256(first).hexdigest()[:32])
    etag = (b"ETag", str(tag).encode("ascii"))
    conditions = {name: value for name in _OF_TAGS if (value := request.headers.get(name)) is not None}
    match evaluate(conditions, Validators(tag, last_modified=0)):
        case Precondition.FAILED:
            raise HTTPError(412, "the listing is not in the state that the request is about")
        case Precondition.NOT_MODIFIED:
            return Response(status=304, headers=finish((NO_CACHE, NOSNIFF, _BY_ACCEPT, etag)))
        case Precondition.HOLDS:
            return Response(first, headers=finish((*lines, etag, (b"Content-Length", b"%d" % len(first)))))


def redirect(request: Request, path: Path, finish: Finish) -> Response:
    """To *path* below the mount, the query kept. From normalised segments: `//evil.example/` is `/evil.example/` there.

    301, and not 308, which is the same for GET and HEAD, because there are clients that do not know 308.
    """
    location = str(Path(request.mount.segments + path.segments, slash=path.slash))
    if "?" in request.target:
        location += f"?{request.query_string}"
    lines = ((b"Location", location.encode("ascii")), NO_CACHE, NOSNIFF)
    return Response(f"301 Moved Permanently\n\n{location}\n", 301, finish(lines))


def error(request: Request, found: HTTPError, finish: Finish) -> HTTPError:
    """*found* for whoever asks: text, or a page for a browser that is about to show one."""
    if isinstance(found, PageError):
        return found
    lines = finish((*found.headers, NO_CACHE, NOSNIFF, _BY_ACCEPT))
    if preferred_type(request.headers.get("accept", ""), _ERRORS) != "text/html":
        return HTTPError(found.status, found.detail, lines)
    detail = found.detail or _DETAILS.get(found.status, "")
    top = (str(Path(request.mount.segments, slash=True)), "Start page")
    body = error_page(found.status, reason_phrase(found.status), detail, [top])
    return PageError(found, Response(body, found.status, (HTML, *lines, _CSP)))


def custom_error(found: HTTPError, content: bytes, finish: Finish) -> HTTPError:
    """*found* with the site's own page."""
    lines = finish((HTML, NO_CACHE, NOSNIFF, _BY_ACCEPT))
    return PageError(found, Response(content, found.status, lines))


def takes_page(request: Request) -> bool:
    """Whether the client can show a page."""
    return preferred_type(request.headers.get("accept", ""), ("text/html",)) is not None


def awaits_page(request: Request, *, by_name: bool) -> bool:
    """Whether the client is about to show a page: it names HTML, or, unless it has to, takes anything and asks for no
    kind of file."""
    if "text/html" not in request.headers.get("accept", ""):
        segments = request.path.segments
        if by_name or (segments and "." in segments[-1]):
            return False
    return takes_page(request)


def by_accept(page: Response) -> Response:
    """*page*, which is not what everybody gets at this address (RFC 9110 §12.5.5)."""
    return page._replace(headers=(*page.headers, _BY_ACCEPT))


def _gathered(pieces: Iterator[str]) -> Generator[bytes, None, None]:
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield "".join(held).encode("utf-8")
            held, size = [], 0
    if held:
        yield "".join(held).encode("utf-8")


class _Streamed:
    """The *made* pieces, then the *rest*, which is made in worker threads: it looks at files."""

    def __init__(self, made: list[bytes], rest: Generator[bytes, None, None]) -> None:
        self._made = made
        self._rest = rest

    def __aiter__(self) -> "_Streamed":
        return self

    async def __anext__(self) -> bytes:
        """The next piece. Raises OSError as the file system does."""
        piece = self._made.pop(0) if self._made else await trio.to_thread.run_sync(next, self._rest, None)
        if piece is None:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Let go of the directory; a second time it does nothing."""
        self._rest.close()
