"""Puts a piece of HTML at the end of a page, whatever app it comes from, as the page streams.

At the end, and not before `</body>`: those bytes may stand in a script or a comment, and whatever comes after the last
tag belongs to the body (HTML, "after after body" insertion mode). The rest of a page passes as it comes.

Only what a browser is about to show as a page is touched. Such a page is another representation than the app's: it has
its own ETag, no Last-Modified, no ranges and no content coding, and where it was to have no script at all, it may have
this one. Where the app's first answer does not say what it is about, as a 304 does not, or is coded, the app is asked
again, for the page as it is.
"""

import contextlib
import re
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import Final

from corserver.http.header_lines import Headers
from corserver.http.messages import App, HTTPError, Request, Response

Line = tuple[bytes, bytes]

#: What asks for a part of something, for some coding of it, or for it if it is newer.
_NARROWING: Final = frozenset(
    {b"accept-encoding", b"if-modified-since", b"if-none-match", b"if-range", b"if-unmodified-since", b"range"}
)
#: What a page has no longer when something is added to it.
_BELIED: Final = frozenset({b"accept-ranges", b"content-digest", b"digest", b"last-modified", b"repr-digest"})
_PAGES: Final = ("document", "frame", "iframe")
_VARY: Final[Line] = (b"Vary", b"Sec-Fetch-Dest")
_ETAG: Final = re.compile(rb'(?:W/)?"[!#-~\x80-\xff]*"')


def awaits_page(request: Request) -> bool:
    """Whether a browser is about to show the answer as a page. Where it does not say so, it names HTML."""
    destination = request.headers.get("sec-fetch-dest")
    if destination is not None:
        return destination in _PAGES
    return "text/html" in request.headers.get("accept", "")


@dataclass(frozen=True, slots=True)
class Injection:
    """*piece* for the end of a page, and its *mark* in the page's ETag: another one where the piece is another."""

    piece: bytes
    mark: bytes

    async def answer(self, app: App, request: Request) -> Response:
        """What *app* answers, pages with the piece. Raises whatever the app raises, but for pages."""
        own = _etags_of(request, self.mark)
        response = await _asked(app, _with_conditions(request, own))
        if not _is_uncertain(response):
            return self._injected(request, response) if _is_page(response) else response
        whole = await _asked(app, _bare(request, own))
        if whole.status == 304:
            await _close(response)
            return whole._replace(headers=self._marked(whole.headers))
        if not _is_page(whole) or _is_coded(whole):
            await _close(whole)
            return response
        await _close(response)
        return self._injected(request, whole)

    def _injected(self, request: Request, page: Response) -> Response:
        lines = []
        for name, value in self._marked(page.headers):
            if name.lower() == b"content-length":
                lines.append((name, b"%d" % (int(value) + len(self.piece))))
            elif name.lower() == b"content-security-policy":
                lines.append((name, _allowing_script(value)))
            elif name.lower() not in _BELIED:
                lines.append((name, value))
        body: bytes | AsyncIterable[bytes] = page.body
        if not isinstance(body, bytes):
            body = Followed(body, self.piece)
        elif body or request.method != "HEAD":  # To HEAD an app may leave out the body, and say its length.
            body += self.piece
        return page._replace(body=body, headers=(*lines, _VARY))

    def _marked(self, headers: tuple[Line, ...]) -> tuple[Line, ...]:
        """*headers* with the ETag of the page with the piece."""
        return tuple(
            (name, value[:-1] + self.mark + b'"') if name.lower() == b"etag" and value.endswith(b'"') else (name, value)
            for name, value in headers
        )


class Followed:
    """A streamed body, and *end* after it."""

    def __init__(self, body: AsyncIterable[bytes], end: bytes) -> None:
        self._body = body
        self._chunks = aiter(body)
        self._end = end

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        with contextlib.suppress(StopAsyncIteration):
            return await anext(self._chunks)
        end, self._end = self._end, b""
        if not end:
            raise StopAsyncIteration
        return end

    async def aclose(self) -> None:
        """Close the body."""
        for each in (self._chunks, self._body):
            if hasattr(each, "aclose"):
                await each.aclose()


async def _asked(app: App, request: Request) -> Response:
    try:
        return await app(request)
    except HTTPError as error:
        response = error.response()
        if _is_page(response):
            return response
        if not _is_uncertain(response):
            raise
        return response


def _etags_of(request: Request, mark: bytes) -> tuple[bytes, ...]:
    """The ETags of the app's that the client has with this very piece."""
    lines = [value for name, value in request.headers.fields if name == b"if-none-match"]
    found = [tag for line in lines for tag in _ETAG.findall(line)]
    return tuple(tag[: -len(mark) - 1] + b'"' for tag in found if tag.endswith(mark + b'"'))


def _with_conditions(request: Request, own: tuple[bytes, ...]) -> Request:
    return _with_fields(request, (*request.headers.fields, (b"if-none-match", b", ".join(own)))) if own else request


def _bare(request: Request, own: tuple[bytes, ...]) -> Request:
    """The request for the whole as it is, unless the client has just that."""
    fields = tuple(line for line in request.headers.fields if line[0] not in _NARROWING)
    return _with_fields(request, (*fields, (b"if-none-match", b", ".join(own))) if own else fields)


def _with_fields(request: Request, fields: tuple[Line, ...]) -> Request:
    return request._replace(headers=Headers(fields))


def _is_page(response: Response) -> bool:
    kind = (response.header(b"content-type") or b"").partition(b";")[0].strip().lower()
    return kind == b"text/html" and response.status not in (204, 206, 304) and response.upgrade is None


def _is_coded(response: Response) -> bool:
    return (response.header(b"content-encoding") or b"identity").lower() != b"identity"


def _is_uncertain(response: Response) -> bool:
    return response.status in (304, 206, 416) or (_is_page(response) and _is_coded(response))


def _allowing_script(policy: bytes) -> bytes:
    """*policy* with the script and its stream, if it is one for pages that have no script, as listings are."""
    directives = policy.lower()
    if b"default-src 'none'" in directives and b"script-src" not in directives and b"connect-src" not in directives:
        return policy + b"; script-src 'self'; connect-src 'self'"
    return policy


async def _close(response: Response) -> None:
    if hasattr(response.body, "aclose"):
        await response.body.aclose()
