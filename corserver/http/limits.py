"""What a peer may make the server do, in bytes and seconds."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds. Each bounds something that a peer controls."""

    #: Method, target and version: RFC 9112 §3 asks for 8000 at least. Beyond: 414.
    request_line: int = 8192
    #: The whole head. Beyond: 431.
    head: int = 32768
    #: Header lines in a head. Beyond: 431.
    fields: int = 100
    #: A request's body; None is no limit. Beyond: 413.
    body: int | None = 16 * 1024 * 1024
    #: From the first byte of a head to its last (from the connection's start for the first head).
    head_seconds: float = 10.0
    #: Between two requests of a connection.
    idle_seconds: float = 75.0
    #: Between two pieces of a request's body.
    body_seconds: float = 20.0
    #: Between two pieces of a response that the peer takes.
    write_seconds: float = 60.0
    #: Request body that a handler left unread and that is read and dropped to keep the connection.
    drain: int = 65536
    #: How long to read and drop what a peer still sends when the connection closes.
    linger_seconds: float = 2.0
    #: How long answers under way may take to finish when the server stops.
    grace_seconds: float = 10.0
