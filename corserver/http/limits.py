"""What a peer may make the server do, in bytes, counts and seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds, rates in bytes per second. Each bounds something that a peer controls.

    >>> from corserver import App, Limits
    >>> from corserver.testing import running
    >>> with running(App(), limits=Limits(body=1024, idle_seconds=5)) as server:
    ...     server.url.startswith("http://127.0.0.1:")
    True
    """

    #: Method, target and version: RFC 9112 §3 asks for 8000 at least. Beyond: 414.
    request_line: int = 8192
    #: The whole head. Beyond: 431.
    head: int = 32768
    #: Header lines in a head. Beyond: 431.
    fields: int = 100
    #: A request's body; None is no limit. Beyond: 413.
    body: int | None = 16 * 1024 * 1024
    #: The line before a chunk: its size and extensions. Beyond: 400.
    chunk_line: int = 256
    #: All chunk extensions of a body. Beyond: 400.
    chunk_extensions: int = 16384
    #: The trailer section of a body. Beyond: 400.
    trailers: int = 8192
    #: A TLS handshake.
    handshake_seconds: float = 10.0
    #: From the first byte of a head to its last (from the connection's start for the first head).
    head_seconds: float = 10.0
    #: Between two requests of a connection.
    idle_seconds: float = 75.0
    #: Between two pieces of a request's body.
    body_seconds: float = 20.0
    #: How fast a request's body must arrive on the whole, once `rate_grace_seconds` have been spent waiting for it.
    body_rate: float = 240.0
    rate_grace_seconds: float = 10.0
    #: Between two pieces of a response (16 KiB) that the peer takes.
    write_seconds: float = 60.0
    #: Request body that a handler left unread and that is read and dropped to keep the connection.
    drain: int = 65536
    #: How long to read and drop, in all and without progress, what a peer still sends when the connection closes.
    linger_seconds: float = 10.0
    linger_idle_seconds: float = 2.0
    #: Requests on one connection; None is no limit.
    requests: int | None = 1000
    #: Connections at once; None is what the limit on open files leaves. Beyond, no more are accepted for the time.
    connections: int | None = None
    #: Connections at once, idle ones too, beyond which a request is answered with 503 and its connection closed; None
    #: is no limit. Preflights are answered nevertheless.
    concurrency: int | None = None
    #: How long answers under way may take to finish when the server stops.
    grace_seconds: float = 10.0
