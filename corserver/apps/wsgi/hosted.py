"""A hosted WSGI app: an app of corserver's that calls it in a thread for each request."""

import contextlib
import contextvars
import functools
from collections.abc import Callable
from typing import Any, Final
from wsgiref.types import WSGIApplication

import trio

from corserver.apps.wsgi.calling import Call
from corserver.apps.wsgi.environ import make_environ
from corserver.apps.wsgi.errors import Errors
from corserver.apps.wsgi.files import FileWrapper
from corserver.apps.wsgi.handover import Handover
from corserver.http.messages import Request, Response

#: How many requests are in the app at once, if nobody says it.
THREADS: Final = 8
#: How long the calls may take to end when all is over, in seconds: their answers are sent, or their clients gone.
_LAST_SECONDS: Final = 3.0


class Hosted:
    """*app*, called in at most *threads* threads at once; further requests wait, in order."""

    def __init__(self, app: WSGIApplication, *, threads: int, multiprocess: bool, root_path: str) -> None:
        self._app = app
        self._threads = threads
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
        #: Of each run of trio, as one app may be served by several.
        self._limiters: trio.lowlevel.RunVar[trio.CapacityLimiter] = trio.lowlevel.RunVar("threads")

    async def __call__(self, request: Request) -> Response:
        """The app's answer. Raises what the app raises before it answers."""
        errors = Errors()
        handover = Handover(functools.partial(anext, request.stream(), b""))
        environ = make_environ(request, self._fixed, self._root_path, handover.read)
        environ["wsgi.errors"] = errors
        call = Call(self._app, environ, errors, handover)
        limiter = self._limiter()
        await limiter.acquire_on_behalf_of(call)
        _start(call, limiter)
        return await handover.response()

    async def __aenter__(self) -> "Hosted":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        # What the calls do at their end is done before the program ends, unless they hang.
        limiter = self._limiter()
        with contextlib.ExitStack() as stack, trio.move_on_after(_LAST_SECONDS, shield=True):
            for nth in range(self._threads):
                await limiter.acquire_on_behalf_of((self, nth))
                stack.callback(limiter.release_on_behalf_of, (self, nth))

    def _limiter(self) -> trio.CapacityLimiter:
        try:
            return self._limiters.get()
        except LookupError:
            limiter = trio.CapacityLimiter(self._threads)
            self._limiters.set(limiter)
            return limiter


def _start(call: Call, limiter: trio.CapacityLimiter) -> None:
    """Run *call* in a thread, which has a token of *limiter* that is given back at its end."""
    token = trio.lowlevel.current_trio_token()

    def ended(_: object) -> None:
        with contextlib.suppress(trio.RunFinishedError):
            token.run_sync_soon(limiter.release_on_behalf_of, call)

    # A context of its own (PEP 567), so that no context variable outlives the request it was set for.
    run: Callable[[], None] = functools.partial(contextvars.Context().run, call.run)
    try:
        trio.lowlevel.start_thread_soon(run, ended, "corserver wsgi")
    except BaseException:
        limiter.release_on_behalf_of(call)
        raise


def wsgi(app: WSGIApplication, *, threads: int = THREADS, multiprocess: bool = False, root_path: str = "") -> Hosted:
    """*app*, of WSGI (PEP 3333), as an app of corserver's: `serve(wsgi(app))`, or `router.mount("/old", wsgi(app))`.

    Each request is in one thread from the call to the end of its answer; at most *threads* are at once, further ones
    wait in order. *multiprocess* says to the app that other processes run it, too. *root_path* is what a proxy in front
    took off all paths. Raises ValueError for no thread, and for a root path without a slash before it.
    """
    if threads < 1:
        raise ValueError(f"threads={threads} would never call the app: write 1 or more")
    if root_path and not root_path.startswith("/"):
        raise ValueError(f"root_path={root_path!r} begins with a slash, as the paths that it stands before do")
    return Hosted(app, threads=threads, multiprocess=multiprocess, root_path=root_path.rstrip("/"))
