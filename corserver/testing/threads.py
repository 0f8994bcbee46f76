"""A server in a thread of its own, with a trio of its own: started and stopped from anywhere."""

import contextlib
import functools
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Final, Self

import trio

from corserver.http.limits import Limits
from corserver.http.log import Entry
from corserver.http.messages import App
from corserver.http.mistakes import alone
from corserver.http.server import Policies, Server
from corserver.http.serving import serve
from corserver.testing.recording import Recorded, RecordedApp, recorder

#: How long `wait_for` waits for requests, in seconds: long enough for a browser to start.
PATIENCE: Final = 10.0
#: A server that is ready, and the way into its trio.
_Started = Future[tuple[Server, trio.lowlevel.TrioToken]]


class Running:
    """A server, once it is started: `with running(app) as server`, or `start()` and `stop()`, as in a notebook.

    >>> from corserver import App
    >>> from corserver.testing import running
    >>> server = running(App()).start()
    >>> server.address[0], server.requests
    ('127.0.0.1', ())
    >>> server.stop()
    """

    def __init__(self, app: App, grace: float, access_log: Callable[[Entry], None] | None, options: dict[str, Any]):
        self._app = app
        self._grace = grace
        self._also_log = access_log
        self._options = options
        self._started: _Started = Future()
        self._ended: Future[None] = Future()
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._requests: list[Recorded] = []

    def __repr__(self) -> str:
        state = "not started" if self._thread is None else "stopped" if self._ended.done() else self.url
        return f"<Running {state} requests={len(self._requests)}>"

    @property
    def url(self) -> str:
        """The server's URL, without a trailing slash; so it is its origin, too."""
        return self._server.url

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, as `socket.create_connection` takes them."""
        bound = self._server.addresses[0]
        return bound.host, bound.port

    @property
    def requests(self) -> tuple[Recorded, ...]:
        """The requests that the server has finished with, in that order.

        A client may have its answer a moment before it is recorded here: `wait_for` waits for that.
        """
        with self._changed:
            return tuple(self._requests)

    def wait_for(self, count: int, timeout: float = PATIENCE) -> tuple[Recorded, ...]:
        """Block until *count* requests are recorded, in all, and return `requests`.

        Raises TimeoutError, which says what came instead, after *timeout* seconds, or once the server has ended.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._requests) >= count or self._ended.done(), timeout)
            found = tuple(self._requests)
        if len(found) < count:
            why = "the server has stopped" if self._ended.done() else f"{timeout:g} s have passed"
            came = "".join(f"\n  {request}" for request in found) or " none"
            raise TimeoutError(f"waited for {count} requests, and {why}; recorded were:{came}")
        return found

    def clear(self) -> None:
        """Forget the requests so far."""
        with self._changed:
            self._requests.clear()

    def replace_cors(self, cors: Policies) -> None:
        """Other policies from the next request on. Raises ValueError for those that cannot be; the old ones stay."""
        server, done = self._server, Future[None]()
        if self._ended.done():
            raise RuntimeError("the server has stopped")

        def replace() -> None:
            try:
                server.replace_cors(cors)
                done.set_result(None)
            except BaseException as error:
                done.set_exception(error)

        # trio's own `from_thread` refuses callers who are in a trio themselves.
        self._started.result()[1].run_sync_soon(replace)
        done.result()

    def start(self) -> Self:
        """Start, and return once requests are answered. Raises what keeps it from that, such as OSError."""
        if self._thread is not None:
            raise RuntimeError("it has been started already: make another with running(app)")
        # A daemon: whoever interrupts the wait for its end is not kept from leaving.
        self._thread = threading.Thread(target=self._run, name="corserver", daemon=True)
        self._thread.start()
        try:
            self._started.result()
        except BaseException:
            self._end()
            raise
        return self

    def stop(self) -> None:
        """Stop, and wait until every connection is closed; again is no mistake. Raises what the server died of."""
        if self._thread is not None:
            self._end()
            self._ended.result()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        # What the block raised is what matters: it comes out as it is.
        with contextlib.suppress(Exception) if error is not None else contextlib.nullcontext():
            self.stop()

    @property
    def _server(self) -> Server:
        if not self._started.done():
            raise RuntimeError("the server is not started: `with running(app) as server:`, or server.start()")
        return self._started.result()[0]

    def _run(self) -> None:
        try:
            trio.run(self._serve)
        except BaseException as error:
            error = alone(error)
            self._ended.set_exception(error)
            if not self._started.done():
                self._started.set_exception(error)
        else:
            self._ended.set_result(None)
        finally:
            with self._changed:
                self._changed.notify_all()

    def _end(self) -> None:
        self._started.add_done_callback(self._stop_serving)
        if self._thread is not None:
            self._thread.join()

    async def _serve(self) -> None:
        async with trio.open_nursery() as nursery:
            app, log = RecordedApp(self._app), recorder(self._record, self._also_log)
            server: Server = await nursery.start(functools.partial(serve, app, access_log=log, **self._options))
            self._started.set_result((server, trio.lowlevel.current_trio_token()))

    def _record(self, request: Recorded) -> None:
        with self._changed:
            self._requests.append(request)
            self._changed.notify_all()

    def _stop_serving(self, started: _Started) -> None:
        if started.exception() is None:
            server, token = started.result()
            with contextlib.suppress(trio.RunFinishedError):
                token.run_sync_soon(server.stop, self._grace)


def running(
    app: App,
    *,
    cors: Policies = None,
    host: str | None = "127.0.0.1",
    port: int = 0,
    limits: Limits | None = None,
    allow_hosts: tuple[str, ...] | None = None,
    explain_denials: bool = False,
    server_header: str | None = "corserver",
    ssl_context: ssl.SSLContext | None = None,
    access_log: Callable[[Entry], None] | None = None,
    grace: float = 0.0,
) -> Running:
    """*app* as a running server: `with running(app) as server:`. The options are those of `serve`.

    *port* 0 is any free one. What keeps the server from starting is raised by the with statement: OSError for a port
    that is taken, ValueError for policies that cannot be, whatever the app's lifespan raises. Leaving the block, also
    by an exception, stops the server and waits for its end; answers under way are given *grace* seconds.

    >>> import urllib.request
    >>> from corserver import App
    >>> from corserver.testing import running
    >>> app = App()
    >>> @app.get("/hello")
    ... async def hello(request):
    ...     return "hello"
    >>> with running(app) as server:
    ...     urllib.request.urlopen(f"{server.url}/hello").read()
    b'hello'
    """
    options = {
        "cors": cors if cors is not None else getattr(app, "cors", None),
        "host": host,
        "port": port,
        "limits": limits,
        "allow_hosts": allow_hosts,
        "explain_denials": explain_denials,
        "server_header": server_header,
        "ssl_context": ssl_context,
    }
    return Running(app, grace, access_log, options)
