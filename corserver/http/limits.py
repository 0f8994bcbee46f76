"""What a peer may make the server do, in bytes, counts and seconds."""

import types
from dataclasses import dataclass, fields
from typing import Final, get_args

#: Those of which nothing at all is a limit, too.
_MAY_BE_0: Final = frozenset(
    {"body", "chunk_extensions", "trailers", "drain", "concurrency"}
    | {"idle_seconds", "rate_grace_seconds", "linger_seconds", "linger_idle_seconds", "grace_seconds"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes in bytes, times in seconds, rates in bytes per second. Each bounds something that a peer controls.

    Raises ValueError, with every mistake at once, for what can be no such limit.

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

    def __post_init__(self) -> None:
        mistakes = [
            f"{limit.name}={value!r}: {words}"
            for limit in fields(self)
            if (words := misfit(limit.name, value := getattr(self, limit.name)))
        ]
        if mistakes:
            raise ValueError("\n".join(mistakes))


_TYPES: Final = {limit.name: limit.type for limit in fields(Limits)}


def can_be_lifted(name: str) -> bool:
    """Whether None is a value of the limit *name*."""
    return types.NoneType in get_args(_TYPES[name])


def misfit(name: str, value: object) -> str:
    """What the limit *name* must be, where *value* is no such thing; else nothing."""
    is_whole, or_none, may_be_0 = _TYPES[name] is not float, can_be_lifted(name), name in _MAY_BE_0
    if value is None:
        fits = or_none
    elif not isinstance(value, int | float) or isinstance(value, (bool, float) if is_whole else bool):
        fits = False
    else:
        fits = value >= 0 if may_be_0 else value > 0
    least = "0 or more" if may_be_0 else "1 or more" if is_whole else "more than 0"
    return "" if fits else f"this must be a {'whole ' * is_whole}number, {least}{', or None' * or_none}"
