"""The files below a directory, as an app: what is remembered is answered at once, all else in a worker thread.

A thread does a request in one go, from the lookup to the first bytes read: one hop for what fits one read, and more
only for what is streamed. Of the file system the event loop does no more than `memory` says.
"""

import logging
import os
from dataclasses import KW_ONLY, dataclass, field
from typing import Final

import trio

from corserver.apps.causes import too_many_files
from corserver.apps.files import answers
from corserver.apps.files.asking import Askings
from corserver.apps.files.entries import entries
from corserver.apps.files.finding import Directory, File, Moved, Rules, find, maybe_file
from corserver.apps.files.lookup import Root, file_name
from corserver.apps.files.memory import Codings, Memory
from corserver.apps.files.representations import NOSNIFF, Line, Representation
from corserver.apps.files.selecting import AS_IT_IS, Manner, selected
from corserver.cors.scopes import BadPath, Path
from corserver.http.fileslice import CHUNK, FileShrank, OpenFile, read_exactly
from corserver.http.header_lines import HeadersLike, header_fields
from corserver.http.messages import HTTPError, Request, Response

logger = logging.getLogger("corserver")

_ALLOW: Final = (b"Allow", b"GET, HEAD, OPTIONS")
_RANGE: Final = "range"
#: Lines that each file has its own of.
_OWN: Final = frozenset(
    {
        b"accept-ranges",
        b"allow",
        b"content-encoding",
        b"content-length",
        b"content-range",
        b"content-type",
        b"etag",
        b"last-modified",
        b"location",
    }
)
#: How many files are looked up at the same time: such as are known to be on a disk of this machine, and all others.
_NEAR_THREADS: Final = 8
_OTHER_THREADS: Final = 40
_LIMITERS: Final = trio.lowlevel.RunVar[tuple[trio.CapacityLimiter, trio.CapacityLimiter] | None]("limiters", None)
#: How often a file is looked up that is made shorter while it is read.
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """The files below *root*. A directory is its *index*, else its *listing*, if that is on; else it is not found.

    Names with a leading dot are not found without *dotfiles*, but for `.well-known`; neither is what a link leads to
    outside of *root*. *clean_urls* is `/about` for `about.html`; *spa* answers a page's path that is not found with the
    root's index; where something else is asked for what is not found, as *has_fallback* says, only who names HTML gets
    it. A `404.html` in the root is the page of what is not found.

    `app.js.br`, `.zst` and `.gz` are sent for `app.js` to whom it suits; *compress* does the same on the fly, by gzip.
    *cache_control* is for files; None sends none. *immutable* lets files whose name has a hash be kept for good.
    *headers* are on every answer. Raises ValueError where one of these cannot be.

    >>> import pathlib, tempfile, urllib.request
    >>> from corserver import Policy, StaticFiles
    >>> from corserver.testing import running
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     _ = pathlib.Path(directory, "data.json").write_text("[1, 2]")
    ...     with running(StaticFiles(directory), cors=Policy("*")) as server:
    ...         urllib.request.urlopen(f"{server.url}/data.json").read()
    b'[1, 2]'
    """

    root: str | os.PathLike[str]
    _: KW_ONLY
    index: str = "index.html"
    listing: bool = True
    dotfiles: bool = False
    clean_urls: bool = False
    spa: bool = False
    has_fallback: bool = False
    compress: bool = False
    cache_control: str | None = "no-cache"
    immutable: bool = False
    headers: HeadersLike = ()
    #: *root*, absolute, so that it stays the same when the working directory does not. Links in it are left unresolved.
    _root: bytes = field(init=False, repr=False, compare=False)
    _rules: Rules = field(init=False, repr=False, compare=False)
    _manner: Manner = field(init=False, repr=False, compare=False)
    _memory: Memory = field(init=False, repr=False, compare=False)
    _names: frozenset[bytes] = field(init=False, repr=False, compare=False)
    _askings: Askings = field(init=False, repr=False, compare=False, default_factory=Askings)

    def __post_init__(self) -> None:
        if self.index in ("", ".", "..") or "/" in self.index or "\0" in self.index:
            raise ValueError(f"index={self.index!r} is not a file name: write one such as 'index.html', without a path")
        lines = header_fields(self.headers)
        for name, _ in lines:
            if name.lower() in _OWN:
                raise ValueError(f"{name.decode()}: each answer has its own, which one for all would belie")
        cache_control = None
        if self.cache_control is not None:
            [(_, cache_control)] = header_fields([("Cache-Control", self.cache_control)])
        rules = Rules(index=self.index, listing=self.listing, dotfiles=self.dotfiles, clean_urls=self.clean_urls)
        manner = Manner(
            cache_control=cache_control, immutable=self.immutable, compress=self.compress, finish=self._finish
        )
        root = _existing_directory(self.root)
        names = frozenset(name.lower() for name, _ in lines)
        made = {"_root": root, "_rules": rules, "_manner": manner, "_memory": Memory(root), "_names": names}
        for attribute, value in {**made, "headers": lines}.items():
            object.__setattr__(self, attribute, value)

    async def __call__(self, request: Request) -> Response:
        """Raises `HTTPError`: 404, 405, 400 for a backslash, 412 and 416 for conditions and ranges, 503 while the
        process has too many files open."""
        if request.method not in ("GET", "HEAD"):
            return self._other_method(request)
        path = request.path
        slash = path.slash if path.segments or not request.mount.segments else _ends_with_slash(request)
        asked, codings, none_match = self._askings.of(request.headers)
        if self.compress and _RANGE in asked and request.method == "GET":
            codings = (*codings, AS_IT_IS)
        key = (path.segments, slash)
        try:
            found = self._memory.recall(key, codings)
            if found is not None:
                if none_match == found.etag:
                    return found.not_modified
                remembered = self._remembered(found, asked, request.method)
                if remembered is not None:
                    return remembered
            known = self._memory.known(key, codings)
            job = _Job(self, request, Path(path.segments, slash), asked, codings, known)
            response, found, file = await trio.to_thread.run_sync(job.run, limiter=_threads(known))
        except HTTPError as error:
            raise answers.error(request, error, self._finish) from None
        except OSError as error:
            crowded = too_many_files(error)
            if crowded is None:
                raise
            logger.warning("no file can be opened for the moment: %s", error.strerror)
            raise answers.error(request, crowded, self._finish) from None
        if found is not None:
            self._memory.keep(key, codings, found, file)
        return response

    def _remembered(self, found: Representation, asked: dict[str, str], method: str) -> Response | None:
        """The answer from memory, or None where it needs a thread. Raises `HTTPError`."""
        is_get = method == "GET"
        judged = found.judge(asked, ranges=is_get) if asked else ()
        if isinstance(judged, Response):
            return judged
        if not is_get:
            return found.whole
        source: bytes | OpenFile | None = found.content
        if found.is_sliced(judged):
            source = self._memory.open_file(found) or source
        return None if source is None else found.response(judged, source)

    def _other_method(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status=204, headers=self._finish((_ALLOW, NOSNIFF)))
        raise answers.error(request, HTTPError(405, "files are read, with GET or HEAD", (_ALLOW,)), self._finish)

    def _finish(self, lines: tuple[Line, ...]) -> tuple[Line, ...]:
        """*lines* of a response with the user's own in their place; `Vary` is the sum of both."""
        own: tuple[Line, ...] = self.headers  # type: ignore[assignment]  # __post_init__ made them lines
        if not own:
            return lines
        kept = (line for line in lines if line[0].lower() not in self._names or line[0].lower() == b"vary")
        return (*kept, *own)


#: A response; what may be remembered of it; its file, if that is worth holding.
_Answer = tuple[Response, Representation | None, OpenFile | None]


@dataclass(frozen=True, slots=True)
class _Job:
    """What a thread does for a request: *path* has the slash that was asked with, *known* was remembered of it."""

    files: StaticFiles
    request: Request
    path: Path
    asked: dict[str, str]
    codings: Codings
    known: Representation | None

    def run(self) -> _Answer:
        """The answer, and what may be remembered of it. Raises `HTTPError`."""
        files = self.files
        try:
            name = file_name(self.path, dotfiles=files.dotfiles)
        except BadPath as error:
            raise HTTPError(400, str(error)) from None
        root = Root.maybe_open(files._root)
        if root is None:
            raise HTTPError(404)
        with root:
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    return self._answer(root, name)
                except FileShrank:
                    if attempt == _ATTEMPTS:
                        raise
        raise AssertionError("the last attempt returns or raises")

    def _answer(self, root: Root, name: bytes | None) -> _Answer:
        files = self.files
        match None if name is None else find(root, files._rules, name, self.path):
            case File() as file:
                with file.opened:
                    return self._file(root, file)
            case Moved(path):
                return answers.redirect(self.request, path, files._finish), None, None
            case Directory(opened, below):
                with opened:
                    found = entries(root, opened, below, dotfiles=files.dotfiles)
                    return answers.listing(self.request, self.path, found, files._finish), None, None
        return self._not_found(root), None, None

    def _file(self, root: Root, file: File) -> _Answer:
        is_get = self.request.method == "GET"
        with selected(root, file, self.files._manner, self.codings, self.known) as found:
            representation = found.representation
            judged = representation.judge(self.asked, ranges=is_get)
            if isinstance(judged, Response):
                return judged, representation, None
            if not is_get:
                return representation.whole, representation, None
            content = representation.content
            source = found.opened.fd if content is None else content
            response = representation.response(judged, source)
            held = OpenFile(found.opened.fd) if representation.is_worth_holding else None
            return response, representation, held

    def _not_found(self, root: Root) -> Response:
        files = self.files
        awaits_page = files.spa and answers.awaits_page(self.request, by_name=files.has_fallback)
        if awaits_page and (index := maybe_file(root, os.fsencode(files.index))):
            with index.opened:
                response, _, held = self._file(root, index)
                if held is not None:
                    held.close()
                return answers.by_accept(response)
        nothing = HTTPError(404)
        if answers.takes_page(self.request) and (page := root.maybe_file(b"404.html")):
            with page:
                if page.stat.st_size <= CHUNK:
                    content = read_exactly(page.fd, 0, page.stat.st_size)
                    raise answers.custom_error(nothing, content, files._finish)
        raise nothing


def _threads(known: Representation | None) -> trio.CapacityLimiter:
    """The threads that look a file up of which this is *known*: who waits for a slow disk has threads of his own."""
    limiters = _LIMITERS.get(None)
    if limiters is None:
        _LIMITERS.set(limiters := (trio.CapacityLimiter(_NEAR_THREADS), trio.CapacityLimiter(_OTHER_THREADS)))
    return limiters[0 if known is not None and known.near else 1]


def _ends_with_slash(request: Request) -> bool:
    # The path below a mount is `/` for the mount itself, whichever way that was written.
    return request.target.partition("?")[0].endswith("/")


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
