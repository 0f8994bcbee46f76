"""The files below a directory, as an app: which method, which file, which part of it, or why not.

A request is answered in a worker thread and in one go, from the lookup to the first bytes read: one thread hop for what
fits one read, and more only for what is streamed. Nothing of the file system is touched on the event loop.
"""

import os
import time
from dataclasses import KW_ONLY, dataclass, field
from typing import Final

import trio

from corserver.apps.files.conditions import Precondition, evaluate
from corserver.apps.files.entries import Entry, entries
from corserver.apps.files.listing import CONTENT_SECURITY_POLICY, render
from corserver.apps.files.lookup import Opened, Root, file_name
from corserver.apps.files.mime import media_type
from corserver.apps.files.ranges import ByteRange, RangeNotSatisfiable, requested_range
from corserver.apps.files.reading import CHUNK, FileBody, read_exactly
from corserver.apps.files.validators import Validators, format_http_date
from corserver.cors.scopes import BadPath, Path
from corserver.http.messages import Headers, HTTPError, Request, Response, header_fields

_Field = tuple[str, str]

_ALLOW: Final = ("Allow", "GET, HEAD, OPTIONS")
#: On every answer: the type that it has is the type that it is.
_NOSNIFF: Final = ("X-Content-Type-Options", "nosniff")
#: Redirects and listings are of this moment; a browser would keep a 301 for good.
_NO_CACHE: Final = ("Cache-Control", "no-cache")
#: What `evaluate` and `requested_range` read.
_CONDITIONAL: Final = frozenset(b"if-match if-none-match if-modified-since if-unmodified-since if-range range".split())


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """The files below *root*. A directory is its *index*, else its *listing*, if that is on; else it is not found.

    Names with a leading dot are not found without *dotfiles*, but for `.well-known`; neither is what a link leads to
    outside of *root*. *cache_control* is for files; None sends none. Raises ValueError where *root* is no directory,
    *index* no file name, or *cache_control* cannot be a header's value.
    """

    root: str | os.PathLike[str]
    _: KW_ONLY
    index: str = "index.html"
    listing: bool = True
    dotfiles: bool = False
    cache_control: str | None = "no-cache"
    #: *root*, absolute, so that it stays the same when the working directory does not. Links in it are left unresolved.
    _root: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.index in ("", ".", "..") or "/" in self.index or "\0" in self.index:
            raise ValueError(f"index={self.index!r} is not a file name: write one such as 'index.html', without a path")
        if self.cache_control is not None:
            header_fields([("Cache-Control", self.cache_control)])
        object.__setattr__(self, "_root", _existing_directory(self.root))

    async def __call__(self, request: Request) -> Response:
        """Raises `HTTPError`: 404, 405, 400 for a backslash, 412 and 416 for conditions and ranges."""
        if request.method == "OPTIONS":
            return Response(status=204, headers=(_ALLOW, _NOSNIFF))
        if request.method not in ("GET", "HEAD"):
            raise _error(405, "files are read, with GET or HEAD", _ALLOW)
        try:
            name = file_name(request.path, dotfiles=self.dotfiles)
        except BadPath as error:
            raise _error(400, str(error)) from None
        if name is None:
            raise _error(404)
        return await trio.to_thread.run_sync(self._answer, request, name)

    def _answer(self, request: Request, name: bytes) -> Response:
        root = Root.maybe_open(self._root)
        if root is None:
            raise _error(404)
        with root:
            find = self._with_slash if _has_trailing_slash(request) else self._without_slash
            response = find(request, root, name)
        if response is None:
            raise _error(404)
        return response

    def _without_slash(self, request: Request, root: Root, name: bytes) -> Response | None:
        file = root.maybe_file(name)
        if file is not None:
            with file:
                return self._file(request, file, request.path.segments[-1])
        # A directory that nothing would be shown of is not redirected to either: it would tell that it is there.
        shown = root.maybe_directory(name) if self.listing else root.maybe_file(self._index_of(name))
        if shown is None:
            return None
        with shown:
            return _redirect_to_directory(request)

    def _with_slash(self, request: Request, root: Root, name: bytes) -> Response | None:
        index = root.maybe_file(self._index_of(name))
        if index is not None:
            with index:
                return self._file(request, index, self.index)
        directory = root.maybe_directory(name) if self.listing else None
        if directory is None:
            return None
        with directory:
            found = entries(root, directory, name, dotfiles=self.dotfiles)
        return _listing(request, found)

    def _index_of(self, name: bytes) -> bytes:
        return b"/".join((name, os.fsencode(self.index))) if name else os.fsencode(self.index)

    def _file(self, request: Request, file: Opened, name: str) -> Response:
        size = file.stat.st_size
        current = Validators.of(file.stat.st_mtime_ns, size, time.time_ns())
        # RFC 9110 §15.4.5: what a 200 has of these, a 304 has too.
        state = [("ETag", str(current.etag)), ("Last-Modified", format_http_date(current.last_modified)), _NOSNIFF]
        if self.cache_control is not None:
            state.append(("Cache-Control", self.cache_control))
        conditions = _conditions(request.headers)
        match evaluate(conditions, current):
            case Precondition.FAILED:
                raise _error(412, "the file is not in the state that the request is about")
            case Precondition.NOT_MODIFIED:
                return Response(status=304, headers=state)
            case Precondition.HOLDS:
                # RFC 9110 §14.2: Range means something for GET alone.
                part = _requested_part(conditions, current, size) if request.method == "GET" else None
                return _representation(request, file, part, [("Content-Type", media_type(name)), *state])


def _listing(request: Request, found: list[Entry]) -> Response:
    page = "".join(render(request.mount, request.path, found)).encode("utf-8")
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(page))), _NO_CACHE, _NOSNIFF]
    return Response(page, headers=[*headers, ("Content-Security-Policy", CONTENT_SECURITY_POLICY)])


def _conditions(headers: Headers) -> dict[str, str]:
    # Most requests have none of them, and one pass finds that out sooner than a look-up for each.
    names = {name for name, _ in headers.fields if name in _CONDITIONAL}
    return {key: headers[key] for key in (name.decode("ascii") for name in names)}


def _requested_part(conditions: dict[str, str], current: Validators, size: int) -> ByteRange | None:
    try:
        return requested_range(conditions, current, size)
    except RangeNotSatisfiable:
        detail = f"the file has {size} bytes"
        raise _error(416, detail, ("Content-Range", f"bytes */{size}"), ("Accept-Ranges", "bytes")) from None


def _representation(request: Request, file: Opened, part: ByteRange | None, headers: list[_Field]) -> Response:
    first, length = (0, file.stat.st_size) if part is None else (part.first, len(part))
    headers += [("Content-Length", str(length)), ("Accept-Ranges", "bytes")]
    if part is not None:
        headers.append(("Content-Range", part.content_range(file.stat.st_size)))
    # What answers a HEAD is not read: the connection sends no body, and only closes it.
    at_once = length <= CHUNK and request.method != "HEAD"
    body = read_exactly(file.fd, first, length) if at_once else FileBody(file.fd, first, length)
    return Response(body, 200 if part is None else 206, headers)


def _has_trailing_slash(request: Request) -> bool:
    if request.path.segments or not request.mount.segments:
        return request.path.slash
    # The path below a mount is `/` for the mount itself, whichever way that was written.
    return request.target.partition("?")[0].endswith("/")


def _redirect_to_directory(request: Request) -> Response:
    """To the same path with its slash, from the normalised path: `//evil.example/` is `/evil.example/` there.

    301, and not 308, which is the same for GET and HEAD, because there are clients that do not know 308.
    """
    location = str(Path(request.mount.segments + request.path.segments, slash=True))
    if "?" in request.target:
        location += f"?{request.query_string}"
    return Response(f"301 Moved Permanently\n\n{location}\n", 301, (("Location", location), _NO_CACHE, _NOSNIFF))


def _error(status: int, detail: str = "", *headers: _Field) -> HTTPError:
    return HTTPError(status, detail, (*headers, _NOSNIFF))


def _existing_directory(root: str | os.PathLike[str]) -> bytes:
    if not os.fspath(root):
        raise ValueError("the root is an empty name: write '.' for the working directory")
    path = os.path.abspath(root)
    if not os.path.exists(path):
        raise ValueError(f"there is no directory {path!r}: make it, or write another one instead of {str(root)!r}")
    if not os.path.isdir(path):
        above = os.path.dirname(path)
        raise ValueError(f"{str(root)!r} is not a directory: write the one whose files are served, such as {above!r}")
    return os.fsencode(path)
