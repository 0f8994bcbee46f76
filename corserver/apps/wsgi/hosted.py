"""A hosted WSGI app: an app of corserver's that calls it in a thread for each request."""

import contextvars
import functools
import logging
from typing import Any, Final
from wsgiref.types import WSGIApplication

import trio

from corserver.apps.own_cors import own_cors
from corserver.apps.wsgi.calling import Call
from corserver.apps.wsgi.environ import make_environ
from corserver.apps.wsgi.errors import Errors
from corserver.apps.wsgi.files import FileWrapper
from corserver.apps.wsgi.handover import Handover
from corserver.apps.wsgi.threads import Threads
from corserver.cors.scopes import Path
from corserver.http.messages import Request, Response

logger = logging.getLogger("corserver")

#: How many requests are in the app at once, if nobody says it.
THREADS: Final = 8
#: A body of so many bytes at most is waited for before the app is called: who sends it slowly holds no thread then.
_MOST_READ_FIRST: Final = 65536
#: How long the calls may take to end when all is over, in seconds: their answers are sent, or their clients gone. A
#: supervisor waits for its worker a moment longer.
_LAST_SECONDS: Final = 1.0


class Hosted:
    """*app*, called in at most *threads* threads at once; further requests wait, in order."""

    def __init__(self, app: WSGIApplication, *, threads: int, multiprocess: bool, root_path: str) -> None:
        self._app = app
        self._threads = Threads(threads)
        self._root_path = root_path
        self._fixed: dict[str, Any] = {
            "SERVER_SOFTWARE": "corserver",
            "wsgi.version": (1, 0),
            "wsgi.multithread": threads > 1,
            "wsgi.multiprocess": multiprocess,
            "wsgi.run_once": False,
            "wsgi.input_terminated": True,
            "wsgi.file_wrapper": FileWrapper,
        }

    async def __call__(self, request: Request) -> Response:
        """The app's answer. Raises what the app raises before it answers."""
        if _is_to_be_read_first(request):
            await request.body()
        errors = Errors()
        handover = Handover(functools.partial(anext, request.stream(), b""))
        environ = make_environ(request, self._fixed, self._root_path, handover.read)
        environ["wsgi.errors"] = errors
        # A context of its own (PEP 567), so that no context variable outlives the request it was set for.
        self._threads.run(functools.partial(contextvars.Context().run, Call(self._app, environ, errors, handover).run))
        return await handover.response()

    @property
    def own_cors(self) -> str:
        """What in the app sets CORS headers by itself."""
        return own_cors(self._app)

    def decodes_path(self, path: Path, method: str) -> bool:
        """PATH_INFO is decoded (PEP 3333): an encoded slash in it is a slash."""
        return True

    async def __aenter__(self) -> "Hosted":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        # What the calls do at their end is done before the program ends, unless they hang.
        with trio.CancelScope(shield=True):
            has_ended = await trio.to_thread.run_sync(self._threads.wait_idle, _LAST_SECONDS)
        if not has_ended:
            places = "; ".join(self._threads.places())
            logger.warning("calls of the app have not ended, and are left where they are: %s", places)


def _is_to_be_read_first(request: Request) -> bool:
    peer = request.peer
    # One that waits to be told to go on is told by the app, which may refuse it instead (RFC 9110 §10.1.1).
    if peer is None or peer.body_is_read() or peer.awaits_continue:
        return False
    length = request.headers.get("content-length")
    return length is not None and int(length) <= _MOST_READ_FIRST


def wsgi(app: WSGIApplication, *, threads: int = THREADS, multiprocess: bool = False, root_path: str = "") -> Hosted:
    """*app*, of WSGI (PEP 3333), as an app of corserver's: `serve(wsgi(app))`, or `router.mount("/old", wsgi(app))`.

    Each request is in one thread from the call to the end of its answer; at most *threads* are at once, further ones
    wait in order. A body whose length is known, and at most 64 KiB, is received before. *multiprocess* says to the app
    that other processes run it, too. *root_path* is what a proxy in front took off all paths. Of the app's status the
    number counts: the reason phrase is the standard's, whatever it writes, for clients ignore it (RFC 9112 §4). Raises
    ValueError for no thread, and for a root path without a slash before it.

    >>> import urllib.request
    >>> from corserver import wsgi
    >>> from corserver.testing import running
    >>> def app(environ, start_response):
    ...     start_response("200 OK", [("Content-Type", "text/plain")])
    ...     return [b"hello"]
    >>> with running(wsgi(app)) as server:
    ...     urllib.request.urlopen(server.url).read()
    b'hello'
    """
    if threads < 1:
        raise ValueError(f"threads={threads} would never call the app: write 1 or more")
    if root_path and not root_path.startswith("/"):
        raise ValueError(f"root_path={root_path!r} begins with a slash, as the paths that it stands before do")
    return Hosted(app, threads=threads, multiprocess=multiprocess, root_path=root_path.rstrip("/"))
