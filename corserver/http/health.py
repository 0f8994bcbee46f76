"""The health endpoint: whether a load balancer should send requests here. It is no exchange of the app's: no host is
checked, no policy governs it, no log has it."""

from typing import Final

from corserver.http.messages import Response

#: For how long a server that is told to end goes on answering while it says no here, in seconds: two probes and a bit.
DRAIN_SECONDS: Final = 5.0

#: How long it then waits, its listeners closed, for the first request of those that had just connected, in seconds.
LEAVING_SECONDS: Final = 1.0

_HEADERS: Final = ((b"Content-Type", b"text/plain; charset=utf-8"), (b"Cache-Control", b"no-store"))


def health_path(path: str) -> bytes:
    """*path* as a target. Raises ValueError for one that is none."""
    if not (path.startswith("/") and path.isascii() and path.isprintable()) or any(mark in path for mark in " ?#"):
        raise ValueError(f"{path!r} is no path for health checks: write one such as /healthz")
    return path.encode("ascii")


def health(is_leaving: bool) -> Response:
    """The answer to GET and HEAD: 200, or 503 once the server is about to end."""
    text, status = (b"leaving\n", 503) if is_leaving else (b"ok\n", 200)
    return Response(text, status, _HEADERS)
