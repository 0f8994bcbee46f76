"""`serve_workers`: what `serve` is, by several processes."""

import functools
import ssl
from collections.abc import Callable, Sequence

from corserver.http.header_lines import HeadersLike
from corserver.http.limits import Limits
from corserver.http.listeners import open_queues
from corserver.http.log import Entry
from corserver.http.messages import App
from corserver.http.server import Policies
from corserver.http.serving import serve
from corserver.http.workers.moments import Moment
from corserver.http.workers.supervisor import Supervisor


def serve_workers(
    app: App,
    *,
    workers: int,
    host: str | None = "127.0.0.1",
    port: int = 8000,
    cors: Policies = None,
    access_log: Callable[[Entry], None] | None = None,
    limits: Limits | None = None,
    allow_hosts: Sequence[str] | None = None,
    explain_denials: bool = False,
    server_header: str | None = "corserver",
    headers: HeadersLike = (),
    ssl_context: ssl.SSLContext | None = None,
    trusted_proxies: Sequence[str] | None = None,
    health: str | None = None,
    drain_seconds: float = 0.0,
    tell: Callable[[Moment, int], None] | None = None,
) -> bool:
    """Serve *app* by so many processes on one port until SIGTERM or SIGINT; in the main thread, outside of trio.

    SIGHUP replaces the processes, without a request being lost. Each has its own copy of *app* as it is now, enters it
    for itself, and runs `serve` with the same options. On SIGTERM all go on
    for *drain_seconds* while *health* says no. *tell* is called in this process with a `Moment` and a number.

    Returns whether answers were cut off. Raises OSError where the address cannot be bound, ValueError for policies that
    cannot be or no workers, and `WorkersFailed`.

    >>> import subprocess, sys
    >>> program = (
    ...     "import os, signal; from corserver import App, serve_workers; "
    ...     "stop = lambda moment, number: os.kill(os.getpid(), signal.SIGTERM); "
    ...     "print(serve_workers(App(), workers=2, port=0, tell=stop))"
    ... )
    >>> print(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout.strip())
    False
    """
    if workers < 1:
        raise ValueError(f"workers={workers}: at least 1 has to serve")
    chosen = limits or Limits()
    serve_on = functools.partial(
        serve,
        app,
        cors=cors,
        access_log=access_log,
        limits=chosen,
        allow_hosts=allow_hosts,
        explain_denials=explain_denials,
        server_header=server_header,
        headers=headers,
        ssl_context=ssl_context,
        trusted_proxies=trusted_proxies,
        health=health,
    )
    queues = open_queues(host, port, workers)
    return Supervisor(serve_on, queues, grace=chosen.grace_seconds, drain=drain_seconds, tell=tell).run()
